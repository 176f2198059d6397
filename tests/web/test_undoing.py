"""What the page says of what was done and undone, when the API does not let it be."""

from typing import Any

from playwright.async_api import Page, expect

from tests import make
from tests.web.conftest import Room


async def _saved(page: Page) -> None:
    await expect(page.locator(".outstanding")).to_have_text("")


def _said(page: Page) -> Any:
    return page.locator(".announcement")


async def _unheard(page: Page) -> None:
    """Have the page not hear what others do, and one annotation chosen."""
    await page.context.route("**/changes?*offset_unit=*", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()


async def test_an_annotator_is_not_offered_to_withdraw_what_is_approved(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await make.decision(room.client("reviewer"), claim["id"], "approve")
    place = f"/documents/{document['id']}?annotation={claim['id']}"
    page = await room.open("annotator", place)
    withdraw = page.get_by_role("button", name="Withdraw")
    await expect(withdraw).to_be_disabled()
    await page.keyboard.press("Delete")
    await expect(_said(page)).to_have_text("It is approved: only a reviewer can withdraw it.")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    page = await room.open("reviewer", place)
    await page.get_by_role("button", name="Withdraw").click()
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await _saved(page)
    assert await room.stored(document) == []


async def test_what_was_approved_meanwhile_is_not_said_to_be_undone(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await _saved(page)
    (made,) = await room.stored(document)
    await make.decision(room.client("reviewer"), made["id"], "approve")
    await expect(page.get_by_role("button", name="approved").first).to_be_visible()

    await page.keyboard.press("Control+z")
    await expect(_said(page)).to_contain_text("Not undone, for it was changed meanwhile: Mark")
    await expect(page.locator(".refusal")).to_have_count(0)
    assert len(await room.stored(document)) == 1


async def test_a_refused_step_is_said_not_to_be_saved_and_is_none_to_undo(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await _unheard(page)
    undo = page.get_by_role("button", name="Undo")
    await page.keyboard.press("2")
    await _saved(page)
    await expect(undo).to_be_enabled()
    # Somebody else writes; what one does next is on what is there no more.
    edit = {"note": "Mine."}
    path = f"/v1/annotations/{claim['id']}"
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(2)), 200)
    await page.keyboard.press("4")

    await expect(page.get_by_role("alert")).to_contain_text("Somebody changed it meanwhile.")
    await expect(_said(page)).to_have_text("Not saved: Change “Chinese nationals fight”.")
    await page.keyboard.press("Control+z")
    await expect(_said(page)).to_have_text("Undone: Change “Chinese nationals fight”")
    await _saved(page)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["note"]) == ("claim", "Mine.")
    await expect(undo).to_be_disabled()


async def test_an_approval_is_not_taken_away_by_one_key_or_drag(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await make.decision(room.client("reviewer"), claim["id"], "approve")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    asks = page.get_by_role("dialog", name="Change what is approved?")
    handle = page.locator(".handle.end")
    await expect(handle).to_be_visible()
    # The label that it has is no change.
    await page.keyboard.press("1")
    await page.keyboard.press("2")
    await asks.get_by_role("button", name="Cancel").click()
    at = await handle.bounding_box()
    assert at is not None
    await page.mouse.move(at["x"] + 1, at["y"] + at["height"] + 6)
    await page.mouse.down()
    await page.mouse.move(at["x"] + 60, at["y"] + at["height"] / 2)
    await page.mouse.up()
    await asks.get_by_role("button", name="Cancel").click()
    await expect(asks).to_have_count(0)
    assert await handle.bounding_box() == at
    (stored,) = await room.stored(document)
    assert (stored["status"], stored["version"]) == ("approved", 2)

    await page.keyboard.press("2")
    await asks.get_by_role("button", name="Change it").click()
    await _saved(page)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["status"]) == ("denial", "pending")


async def test_who_writes_a_note_on_what_is_approved_is_told_that_it_is_no_more(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await make.decision(room.client("reviewer"), claim["id"], "approve")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await page.get_by_label("note").fill("Twice.")
    await page.get_by_label("note").blur()
    await expect(_said(page)).to_contain_text("It is no longer approved")
    await _saved(page)
    (stored,) = await room.stored(document)
    assert stored["status"] == "pending"
