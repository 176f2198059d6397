"""Reviewing: a queue that is worked off by keys, alone and beside others."""

import asyncio
import json
import re
from typing import Any

from playwright.async_api import Page, Route, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room

TEXT = (
    "Ukraine says that Chinese nationals fight. Beijing called it “unfounded”. 😀 Kyiv spoke of "
    "155 people.\nNothing was shown. قال المتحدث: كاذب."
)
QUOTES = ["Chinese nationals fight", "Beijing called it", "Kyiv spoke of 155 people", "كاذب"]


async def _queue(room: Room, *, by: str = "annotator") -> list[dict[str, Any]]:
    """Four annotations, the oldest first."""
    document = await room.document(TEXT, title="An article")
    return [await room.annotation(document, quote, by=by) for quote in QUOTES]


async def _history(room: Room, annotation: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/annotations/{annotation['id']}/history"
    return await make.said(await room.client("manager").get(path), 200)


async def _status(room: Room, annotation: dict[str, Any]) -> str:
    history = await _history(room, annotation)
    status: str = history["versions"][-1]["status"]
    return status


def _item(page: Page) -> Any:
    return page.get_by_role("article")


def _rows(page: Page) -> Any:
    return page.get_by_role("region", name="Queue").get_by_role("listitem")


async def test_a_queue_is_worked_off_by_keys(room: Room) -> None:
    first, second, third, fourth = await _queue(room)
    page = await room.open("reviewer", "/review")
    await expect(page.get_by_text("4 pending.")).to_be_visible()
    await expect(_item(page).get_by_role("region", name="In its sentence")).to_contain_text(
        "Ukraine says that Chinese nationals fight."
    )

    # A scheme's hotkey does nothing here; a does, and goes on to the next.
    await page.keyboard.press("1")
    await page.keyboard.press("a")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    await expect(_item(page)).to_contain_text("Beijing called it")

    # What was decided last is looked at again, and decided otherwise; then it leaves the queue.
    await expect(page.locator(".outstanding")).to_have_text("")
    await page.keyboard.press("Control+z")
    await expect(_item(page)).to_contain_text("approved")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    await expect(page.locator("#item")).to_be_focused()
    await page.keyboard.press("c")
    await page.keyboard.type("Name who said so.")
    await page.keyboard.press("Control+Enter")
    await expect(_item(page)).to_contain_text("Beijing called it")
    await expect(page.locator(".outstanding")).to_have_text("")
    await page.keyboard.press("Control+z")
    await page.keyboard.press("a")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    await expect(_item(page)).to_contain_text("Beijing called it")

    await page.keyboard.press("r")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_label("Comment")).to_be_focused()
    await page.keyboard.type("Not a claim: a denial.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("2 pending.")).to_be_visible()

    await page.keyboard.press("j")
    await expect(page.locator(".queue [aria-current]")).to_contain_text("كاذب")
    await page.keyboard.press("k")
    await page.keyboard.press("c")
    await page.keyboard.type("Leave the number out.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    # What was typed is still there when one comes back.
    await page.keyboard.press("k")
    await page.get_by_role("button", name="Request changes and go on").click()
    await expect(page.get_by_text("1 pending.")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()

    assert [await _status(room, one) for one in (first, second, third, fourth)] == [
        "approved",
        "rejected",
        "changes_requested",
        "approved",
    ]
    decisions = (await _history(room, third))["decisions"]
    assert [one["comment"] for one in decisions] == ["Leave the number out."]


async def test_a_comment_that_nobody_sees_is_asked_for_again(room: Room) -> None:
    first, *_ = await _queue(room)
    page = await room.open("reviewer", "/review")
    comment = page.get_by_label("Comment")
    await expect(_item(page)).to_contain_text(QUOTES[0])

    await page.keyboard.press("r")
    await comment.fill("\u200b\u2060")
    await page.keyboard.press("Control+Enter")

    await expect(page.get_by_text("Say why: it goes back to the author.")).to_be_attached()
    await expect(comment).to_be_focused()
    assert await _status(room, first) == "pending"
    await comment.fill("No claim.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    assert await _status(room, first) == "rejected"


async def test_an_item_is_shown_with_all_that_surrounds_it(room: Room) -> None:
    first, second, *_ = await _queue(room)
    document = {"id": first["document_id"]}
    await room.annotation(document, "nationals fight", "denial", by="annotator-b")
    evidence = await room.annotation(document, "Nothing was shown", "evidence-missing")
    await make.relation(
        room.client("annotator"), document["id"], "lacks-evidence-for", evidence["id"], first["id"]
    )
    edit = {"note": "Said on Tuesday.", "attributes": {"speaker": "Ukraine"}}
    await make.said(
        await room.client("annotator").patch(
            f"/v1/annotations/{first['id']}", json=edit, headers=make.seen(1)
        ),
        200,
    )
    page = await room.open("reviewer", "/review?label=claim&author=annotator")
    item = _item(page)
    await expect(_rows(page)).to_have_count(4)
    await expect(item).to_contain_text("Note: Said on Tuesday.")
    await expect(item.get_by_role("listitem").filter(has_text="annotator-b")).to_contain_text(
        "denial"
    )
    await expect(item).to_contain_text("← lacks-evidence-for this")
    await expect(item).to_contain_text("Nothing was shown")
    await expect(item.locator(".history li").first.locator("ins").last).to_have_text(
        "Said on Tuesday."
    )
    await barriers.none_found_in_either_theme(page)

    # What others mark here appears, and nothing that one looks at moves.
    await page.get_by_label("Comment").fill("Half a thought")
    await room.annotation(document, "Ukraine says", "quote", by="annotator-b")
    await room.annotation(document, "says that Chinese nationals", "quote", by="annotator-b")
    await expect(item.locator(".marks").first).to_contain_text("says that Chinese", timeout=2000)
    await make.decision(room.client("reviewer-b"), second["id"])
    await expect(_rows(page)).to_have_count(3, timeout=2000)
    await expect(page.get_by_label("Comment")).to_have_value("Half a thought")

    await page.get_by_label("Label").select_option("evidence-missing")
    await expect(_rows(page)).to_have_count(1)
    assert "label=evidence-missing" in page.url
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await barriers.none_found(page)
    await page.keyboard.press("o")
    await expect(page).to_have_url(
        f"{room.site.url}/#/projects/{room.project}/documents/{document['id']}"
        f"?annotation={evidence['id']}"
    )


async def test_what_changed_meanwhile_is_shown_old_and_new_and_never_decided_unseen(
    room: Room,
) -> None:
    first, *_ = await _queue(room)
    page = await room.open("reviewer", "/review")
    await expect(_rows(page)).to_have_count(4)
    await page.keyboard.press("r")
    await page.keyboard.type("Too long.")
    # The change log tells it, before anything is sent.
    author = room.client("annotator")
    path = f"/v1/annotations/{first['id']}"
    edit = {"quote": "Chinese nationals", "label": "quote"}
    await make.said(await author.patch(path, json=edit, headers=make.seen(1)), 200)
    old_and_new = page.get_by_role("region", name="Old and new")
    await expect(old_and_new.locator("del").last).to_have_text(
        "“Chinese nationals fight”", timeout=2000
    )
    await expect(old_and_new.locator("ins").last).to_have_text("“Chinese nationals”")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Look at the new version first.")).to_be_visible()
    await barriers.none_found_in_either_theme(page)
    await page.get_by_role("button", name="Go on with the new version").click()
    await expect(page.get_by_label("Comment")).to_have_value("Too long.")
    await expect(page.get_by_role("button", name="Reject and go on")).to_be_enabled()
    assert await _status(room, first) == "pending"
    await page.keyboard.press("Control+Enter")
    await expect(_rows(page)).to_have_count(3)
    assert await _status(room, first) == "rejected"


async def test_a_decision_outlasts_a_cut_network_and_a_stale_one_comes_back(room: Room) -> None:
    first, second, *_ = await _queue(room)
    page = await room.open("reviewer", "/review")
    await expect(_item(page)).to_contain_text("Ukraine says")
    await page.context.set_offline(True)
    await page.keyboard.press("a")
    await expect(_rows(page).first).to_contain_text("approve, on its way")
    await expect(_item(page)).to_contain_text("Beijing called it")
    await page.keyboard.press("c")
    await page.keyboard.type("Which Beijing?")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("2 pending, 2 on their way.")).to_be_visible()
    edit = {"note": "The ministry."}
    await make.said(
        await room.client("annotator").patch(
            f"/v1/annotations/{second['id']}", json=edit, headers=make.seen(1)
        ),
        200,
    )
    assert await _status(room, first) == "pending"

    await page.context.set_offline(False)
    await expect(page.get_by_text("A decision was not taken")).to_be_visible()
    assert await _status(room, first) == "approved"
    await page.get_by_role("button", name="Back to it").click()
    await expect(page.get_by_role("region", name="Old and new").locator("ins")).to_have_text(
        "The ministry."
    )
    await expect(page.get_by_label("Comment")).to_have_value("Which Beijing?")
    assert await _status(room, second) == "pending"
    await page.keyboard.press("n")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("2 pending.")).to_be_visible()
    assert await _status(room, second) == "changes_requested"


async def test_many_are_selected_and_approved_together(room: Room) -> None:
    annotations = await _queue(room)
    own = await room.annotation(
        {"id": annotations[0]["document_id"]}, "Ukraine says", by="reviewer"
    )
    page = await room.open("reviewer", "/review")
    await expect(_rows(page)).to_have_count(5)
    await expect(_rows(page).last).to_contain_text("⊘ yours")
    await expect(_rows(page).last.get_by_role("checkbox")).to_be_disabled()
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_role("button", name="Approve 2 selected")).to_be_enabled()
    await page.get_by_label("All", exact=False).first.check()
    await expect(page.get_by_role("button", name="Approve 4 selected")).to_be_enabled()
    # One is decided between the request and its answer.
    sent, decided = asyncio.Event(), asyncio.Event()

    async def late(route: Any) -> None:
        sent.set()
        await decided.wait()
        await route.continue_()

    await page.route("**/decisions?**", late)
    await page.keyboard.press("Shift+A")
    await asyncio.wait_for(sent.wait(), 20)
    try:
        await make.decision(
            room.client("reviewer-b"), annotations[1]["id"], "reject", comment="No claim."
        )
    finally:
        decided.set()
    results = page.get_by_role("region", name="What became of the selected")
    await expect(results).to_contain_text("3 approved")
    await expect(results).to_contain_text("1 not taken")
    await results.get_by_role("button", name="Look at it").click()
    await expect(_item(page)).to_contain_text("Decided meanwhile by reviewer-b: ✕ rejected")
    assert [await _status(room, one) for one in annotations] == [
        "approved",
        "rejected",
        "approved",
        "approved",
    ]
    await page.get_by_role("button", name="yours").click()
    await expect(_item(page)).to_contain_text("Yours: another reviewer decides on it.")
    await page.keyboard.press("a")
    assert await _status(room, own) == "pending"


async def test_what_changes_after_it_was_selected_is_not_approved_with_the_others(
    room: Room,
) -> None:
    first, second, *_ = await _queue(room)
    page = await room.open("reviewer", "/review")
    await expect(_rows(page)).to_have_count(4)
    for key in ("x", "j", "x", "j"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("button", name="Approve 2 selected")).to_be_enabled()

    edit = {"label": "denial"}
    path = f"/v1/annotations/{first['id']}"
    await make.said(
        await room.client("annotator").patch(path, json=edit, headers=make.seen(1)), 200
    )
    await expect(_rows(page).first).to_contain_text("denial")
    await expect(_rows(page).first).to_contain_text("changed meanwhile")
    await expect(page.get_by_role("button", name="Approve 1 selected")).to_be_enabled()
    await page.keyboard.press("Shift+A")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    assert [await _status(room, one) for one in (first, second)] == ["pending", "approved"]

    # The new version is selected once it has been looked at.
    await _rows(page).first.get_by_role("button").click()
    await expect(page.get_by_role("region", name="Old and new").locator("ins")).to_have_text(
        "denial"
    )
    for key in ("n", "x", "Shift+A"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("2 pending.")).to_be_visible()
    assert await _status(room, first) == "approved"


async def test_who_may_not_decide_may_look(room: Room) -> None:
    await _queue(room)
    page = await room.open("annotator-b", "/review")
    await expect(_item(page)).to_contain_text("It takes the role reviewer")
    await page.keyboard.press("a")
    await expect(_rows(page)).to_have_count(4)
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)


async def test_who_edited_a_version_may_find_fault_with_it_and_not_approve_it(room: Room) -> None:
    first, *_ = await _queue(room)
    path = f"/v1/annotations/{first['id']}"
    await make.said(
        await room.client("reviewer").patch(path, json={"note": "Yes"}, headers=make.seen(1)), 200
    )
    page = await room.open("reviewer", "/review")
    await expect(_item(page)).to_contain_text("You made this version: another reviewer")
    # The one that is left approves those that are selected.
    await expect(page.get_by_role("button", name="Approve", exact=False)).to_have_count(1)
    await page.keyboard.press("a")
    assert await _status(room, first) == "pending"
    await page.keyboard.press("r")
    await page.keyboard.type("I was wrong.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    assert await _status(room, first) == "rejected"


async def test_a_long_queue_is_loaded_as_it_is_needed(room: Room) -> None:
    words = [f"word-{number:02}" for number in range(55)]
    document = await room.document(" ".join(words), title="Many words")
    for word in words:
        await room.annotation(document, word)
    page = await room.open("reviewer", "/review")
    await expect(page.get_by_text("50 of 55 pending.")).to_be_visible()
    await _rows(page).nth(45).get_by_role("button").click()
    await expect(page.get_by_text("55 pending.", exact=True)).to_be_visible()
    for _ in range(9):
        await page.keyboard.press("j")
    await expect(page.locator(".queue [aria-current]")).to_contain_text("word-54")
    await expect(page.locator(".queue [aria-current]")).to_be_in_viewport(ratio=0.9)
    await page.keyboard.press("j")
    await expect(page.get_by_text("This is the last one.")).to_be_visible()


async def test_a_queue_is_narrowed_to_a_document_to_words_and_to_an_origin(room: Room) -> None:
    documents = [
        await room.document(f"Said by Kyiv on day {number}.", title=f"Report {number}")
        for number in range(1, 4)
    ]
    for number, one in enumerate(documents, 1):
        await room.annotation(one, "Said by Kyiv")
        await room.annotation(one, f"day {number}", origin="model")
    document = documents[-1]
    page = await room.open("reviewer", "/review?author=annotator")
    await expect(_rows(page)).to_have_count(6)

    field = page.get_by_role("combobox", name="Document")
    await field.click()
    await expect(page.locator("[role=option]")).to_have_text(
        ["any", "Report 1", "Report 2", "Report 3"]
    )
    # What is offered still is not what is typed by then: Enter takes nothing of it.
    await page.keyboard.type("report 3")
    await page.keyboard.press("Enter")
    await expect(page.locator("[role=option]")).to_have_text(["Report 3"])
    assert "document=" not in page.url
    await barriers.none_found_in_either_theme(page)
    await page.keyboard.press("Enter")
    await expect(_rows(page)).to_have_count(2)
    await expect(field).to_have_value("Report 3")
    assert f"document={document['id']}" in page.url
    await page.reload()
    await expect(field).to_have_value("Report 3")
    await field.click()
    await page.locator("[role=option]", has_text="any").click()
    await expect(_rows(page)).to_have_count(6)

    await page.get_by_role("searchbox", name="Quote").fill("DAY")
    await page.keyboard.press("Enter")
    await expect(_rows(page)).to_have_count(3)
    # So is what comes while one looks.
    await room.annotation(document, "on day 3", origin="model")
    await room.annotation(document, "by Kyiv", origin="model")
    await expect(_rows(page)).to_have_count(4, timeout=2000)
    await page.get_by_label("Made by").select_option("people")
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()


async def test_decisions_that_were_imported_without_their_versions_are_in_the_history(
    room: Room,
) -> None:
    by = [("request_changes", "reviewer", "Shorter."), ("approve", "reviewer-b", None)]
    decisions = [
        {
            "version": version,
            "verdict": verdict,
            "reviewer": reviewer,
            "comment": comment,
            "decided_at": f"2026-01-0{version}T00:00:00Z",
        }
        for version, (verdict, reviewer, comment) in zip((1, 3), by, strict=True)
    ]
    # The last decision made version 4, of which the file says that it is pending.
    annotation = {
        "label": "claim",
        "quote": QUOTES[0],
        "author": "annotator",
        "version": 4,
        "decisions": decisions,
    }
    line = {"title": "An article", "text": TEXT, "annotations": [annotation]}
    manager = room.client("manager")
    imported = await manager.post(
        f"/v1/projects/{room.project}/import?format=jsonl", content=json.dumps(line)
    )
    assert (await make.said(imported, 200))["created"]["annotations"] == 1
    listed = await manager.get(f"/v1/projects/{room.project}/annotations")
    [stored] = (await make.said(listed, 200))["items"]
    edited = await room.client("annotator").patch(
        f"/v1/annotations/{stored['id']}", json={"note": "Later."}, headers=make.seen(4)
    )
    await make.said(edited, 200)

    page = await room.open("reviewer", "/review")

    entries = _item(page).locator(".history li")
    await expect(entries).to_have_text(
        [
            re.compile("Version 5, annotator edited it, .*Later\\."),
            re.compile("Version 4, annotator edited it, "),
            re.compile("On version 3, reviewer-b decided: ✓ approved, "),
            re.compile("On version 1, reviewer decided: . changes requested, .*Shorter\\."),
        ]
    )

    asked = []

    async def one_a_page(route: Route) -> None:
        asked.append(route.request.url)
        await route.continue_(url=route.request.url.replace("limit=1000", "limit=1"))

    said = await entries.all_inner_texts()
    await page.route("**/history?*", one_a_page)
    await page.reload()
    await expect(entries).to_have_text(said, use_inner_text=True)
    assert len(asked) == 3
    await barriers.none_found_in_either_theme(page)
