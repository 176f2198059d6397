"""What came back to its author, and the answer to it."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room

TEXT = "Kyiv says that 😀 troops came. Beijing denied it. Nobody showed proof."


async def _back(room: Room) -> list[dict[str, Any]]:
    """Two annotations that came back, the first one last, and one that waits."""
    document = await room.document(TEXT, title="An article")
    found = [
        await room.annotation(document, quote, note="First try")
        for quote in ("😀 troops came", "Beijing denied it", "showed proof")
    ]
    reviewer = room.client("reviewer")
    await make.decision(reviewer, found[1]["id"], "reject", comment="This is a denial.")
    await make.decision(reviewer, found[0]["id"], "request_changes", comment="Who says so?")
    return found


async def _now(room: Room, annotation: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/annotations/{annotation['id']}"
    return await make.said(await room.client("manager").get(path), 200)


async def _held(page: Page, path: str) -> asyncio.Event:
    """What sends on the writes of an annotation, which are held until then."""
    released = asyncio.Event()

    async def late(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route(f"**{path}?*", late)
    return released


async def _go(page: Page, room: Room, place: str) -> None:
    """Go elsewhere in the project without loading the page again."""
    await page.evaluate("(place) => { location.hash = place }", f"#/projects/{room.project}{place}")


async def test_what_came_back_is_answered_or_withdrawn(room: Room) -> None:
    asked, rejected, waiting = await _back(room)
    page = await room.open("annotator", "/returned")
    await expect(page.get_by_text("2 of your annotations were not approved.")).to_be_visible()
    first = page.locator("main section").first
    await expect(first).to_contain_text("Who says so?")
    await expect(first.get_by_role("region", name="In its sentence")).to_contain_text("Kyiv says")
    await barriers.none_found_in_either_theme(page)
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320

    # The note as it was is no answer; a new one is, and is kept while the network is cut.
    await first.get_by_role("button", name="Answer and send back").click()
    assert (await _now(room, asked))["status"] == "changes_requested"
    await first.get_by_label("Your answer").fill("Kyiv does, in the clause before.")
    await page.context.set_offline(True)
    await first.get_by_role("button", name="Answer and send back").click()
    await expect(first).to_contain_text("Your answer is on its way.")
    await page.context.set_offline(False)
    await expect(page.get_by_text("1 of your annotations was not approved.")).to_be_visible()
    now = await _now(room, asked)
    assert (now["status"], now["note"]) == ("pending", "Kyiv does, in the clause before.")

    await page.get_by_role("button", name="Withdraw").click()
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_text("Nothing has come back to you.")).to_be_visible()
    assert (
        await room.client("manager").get(f"/v1/annotations/{rejected['id']}")
    ).status_code == 410

    # What comes back meanwhile appears by itself.
    await make.decision(room.client("reviewer"), waiting["id"], "reject", comment="Too short.")
    await expect(page.get_by_text("Too short.")).to_be_visible(timeout=2000)


async def test_an_answer_to_what_changed_meanwhile_is_kept_and_overwrites_nothing(
    room: Room,
) -> None:
    asked, *_ = await _back(room)
    page = await room.open("annotator", "/returned")
    first = page.locator("main section").first
    await first.get_by_label("Your answer").fill("Kyiv does.")
    edit = {"label": "quote"}
    path = f"/v1/annotations/{asked['id']}"
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(2)), 200)
    await expect(first.get_by_role("alert")).to_contain_text(
        "it waits for review again", timeout=2000
    )
    await expect(first.get_by_role("region", name="Old and new").locator("ins").last).to_have_text(
        "quote"
    )
    await expect(first.get_by_role("button", name="Answer and send back")).to_be_disabled()
    await first.get_by_role("button", name="Go on with the new version").click()
    await expect(first.get_by_label("Your answer")).to_have_value("Kyiv does.")
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await first.get_by_role("button", name="Answer and send back").click()
    await expect(page.get_by_text("1 of your annotations was not approved.")).to_be_visible()
    now = await _now(room, asked)
    assert (now["label"], now["note"]) == ("quote", "Kyiv does.")


async def test_a_refused_edit_that_was_made_elsewhere_is_kept_as_such(room: Room) -> None:
    asked, *_ = await _back(room)
    path = f"/v1/annotations/{asked['id']}"
    page = await room.open(
        "annotator", f"/documents/{asked['document_id']}?annotation={asked['id']}"
    )
    released = await _held(page, path)
    await page.get_by_label("label").select_option("denial")
    await expect(page.locator(".outstanding")).to_contain_text("1 change on its way")
    await _go(page, room, "/returned")
    await expect(page.locator("main section").first).to_contain_text("is on its way")
    edit = {"label": "quote"}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(2)), 200)
    released.set()

    await page.get_by_role("button", name="1 change refused").click()
    refused = page.get_by_role("dialog", name="Refused")
    await refused.get_by_text("What was wanted").click()
    await expect(refused).to_contain_text("denial")


async def test_an_edit_that_waits_behind_a_refused_answer_is_kept(room: Room) -> None:
    asked, *_ = await _back(room)
    path = f"/v1/annotations/{asked['id']}"
    page = await room.open("annotator", "/returned")
    released = await _held(page, path)
    first = page.locator("main section").first
    await first.get_by_label("Your answer").fill("Kyiv does.")
    await first.get_by_role("button", name="Answer and send back").click()
    await _go(page, room, f"/documents/{asked['document_id']}?annotation={asked['id']}")
    await page.get_by_label("label").select_option("denial")
    await expect(page.locator(".outstanding")).to_contain_text("2 changes on their way")
    await _go(page, room, "/returned")
    await expect(first).to_contain_text("Your answer is on its way.")
    edit = {"label": "quote"}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(2)), 200)
    released.set()

    # The answer is typed in its form again; the edit is none of the form's.
    await expect(first.get_by_label("Your answer")).to_have_value("Kyiv does.")
    await page.get_by_role("button", name="1 change refused").click()
    refused = page.get_by_role("dialog", name="Refused")
    await refused.get_by_text("What was wanted").click()
    await expect(refused).to_contain_text("denial")

    # Nor does it go with the answer that is sent in the place of the refused one.
    await page.keyboard.press("Escape")
    await first.get_by_role("button", name="Go on with the new version").click()
    await first.get_by_role("button", name="Answer and send back").click()
    await expect(page.get_by_text("1 of your annotations was not approved.")).to_be_visible()
    await _go(page, room, f"/documents/{asked['document_id']}?annotation={asked['id']}")
    refusal = page.get_by_role("alert").filter(has_text="Not saved: Change")
    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(page.get_by_label("label")).to_have_value("denial")
    await expect(page.locator(".outstanding")).to_have_text("")
    await expect(refusal).to_have_count(0)
    now = await _now(room, asked)
    assert (now["label"], now["note"]) == ("denial", "Kyiv does.")


@pytest.mark.parametrize("place", ["/returned", "/overview"])
async def test_an_answer_refused_after_a_reload_is_in_its_form(room: Room, place: str) -> None:
    asked, *_ = await _back(room)
    page = await room.open("annotator", "/returned")
    first = page.locator("main section").first
    await page.context.route("**/annotations/*?*", lambda route: route.abort())
    await first.get_by_label("Your answer").fill("Kyiv does.")
    await first.get_by_role("button", name="Answer and send back").click()
    await expect(page.locator(".outstanding")).to_contain_text("cannot be reached")
    reviewer = room.client("reviewer")
    await make.decision(reviewer, asked["id"], "reject", comment="Too late.", version=2)

    page.on("dialog", lambda dialog: dialog.accept())
    await _go(page, room, place)
    await page.reload()
    await page.context.unroute("**/annotations/*?*")
    await expect(page.get_by_role("button", name="1 change refused")).to_be_visible()
    await _go(page, room, "/returned")
    await expect(first).to_contain_text("Too late.")
    await expect(first.get_by_role("alert")).to_be_visible()
    await expect(first.get_by_label("Your answer")).to_have_value("Kyiv does.")

    # Until it is answered, nothing takes it away.
    await page.reload()
    await expect(first.get_by_label("Your answer")).to_have_value("Kyiv does.")
    await first.get_by_role("button", name="Answer and send back").click()
    await expect(page.get_by_text("1 of your annotations was not approved.")).to_be_visible()
    await expect(page.get_by_role("button", name="1 change refused")).to_have_count(0)
    now = await _now(room, asked)
    assert (now["status"], now["note"]) == ("pending", "Kyiv does.")
