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


async def _select(page: Page, words: str) -> None:
    """Have words of the text's first paragraph selected, as by the mouse."""
    await page.locator(".text").evaluate(
        """(text, words) => {
            text.focus();
            const node = text.firstChild.firstChild;
            const at = node.data.indexOf(words);
            getSelection().setBaseAndExtent(node, at, node, at + words.length);
        }""",
        words,
    )


async def _approved(room: Room, name: str) -> tuple[Page, dict[str, Any], str]:
    """A page on which an approved claim is chosen, its document, and the claim's path."""
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await make.decision(room.client("reviewer"), claim["id"], "approve")
    page = await room.open(name, f"/documents/{document['id']}?annotation={claim['id']}")
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()
    return page, document, f"/v1/annotations/{claim['id']}"


async def test_each_way_to_take_an_approval_away_by_keys_asks_first(room: Room) -> None:
    page, document, _ = await _approved(room, "annotator")
    asks = page.get_by_role("dialog", name="Change what is approved?")
    cancel = asks.get_by_role("button", name="Cancel")

    await _select(page, "for Russia")
    await page.keyboard.press("f")
    await cancel.click()
    await page.keyboard.press("b")
    await _select(page, "nationals")
    await page.keyboard.press("Enter")
    await cancel.click()
    # The words of an attribute, picked for the claim.
    await page.get_by_role("group", name="speaker_span").get_by_role("button").click()
    await _select(page, "Russia")
    await page.keyboard.press("Enter")
    await cancel.click()
    kind = page.get_by_label("speaker type")
    stands = await kind.input_value()
    await kind.press("ArrowDown")
    await cancel.click()
    await expect(kind).to_have_value(stands)
    (stored,) = await room.stored(document)
    assert (stored["status"], stored["version"]) == ("approved", 2)

    await page.locator(".text").focus()
    await page.keyboard.press("2")
    await asks.get_by_role("button", name="Change it").click()
    await _saved(page)
    await make.decision(room.client("reviewer"), stored["id"], "approve", version=3)
    await expect(page.get_by_role("button", name="approved").first).to_be_visible()
    await page.keyboard.press("Control+z")
    await cancel.click()
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["status"]) == ("denial", "approved")
    await page.keyboard.press("Control+z")
    await asks.get_by_role("button", name="Change it").click()
    await expect(_said(page)).to_have_text("Undone: Change “Chinese nationals fight”")
    await _saved(page)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["status"]) == ("claim", "pending")
    # Nor is it lost by doing again what was undone.
    await make.decision(room.client("reviewer"), stored["id"], "approve", version=stored["version"])
    await expect(page.get_by_role("button", name="approved").first).to_be_visible()
    await page.keyboard.press("Control+y")
    await cancel.click()
    assert [one["status"] for one in await room.stored(document)] == ["approved"]


async def test_a_reviewer_s_own_mark_that_is_approved_is_not_undone_unasked(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("reviewer", f"/documents/{document['id']}")
    for key in ("t", "s", "1"):
        await page.keyboard.press(key)
    await _saved(page)
    (made,) = await room.stored(document)
    await make.decision(room.client("reviewer-b"), made["id"], "approve")
    await expect(page.get_by_role("button", name="approved").first).to_be_visible()

    await page.keyboard.press("Control+z")
    asks = page.get_by_role("dialog", name="Withdraw this annotation?")
    await asks.get_by_role("button", name="Cancel").click()
    assert [one["status"] for one in await room.stored(document)] == ["approved"]
    await page.keyboard.press("Control+z")
    await asks.get_by_role("button", name="Withdraw").click()
    await expect(_said(page)).to_contain_text("Undone: Mark")
    await _saved(page)
    assert await room.stored(document) == []


async def test_what_another_writes_while_one_is_asked_is_not_overwritten(room: Room) -> None:
    page, document, path = await _approved(room, "annotator")
    await _select(page, "for Russia")
    await page.keyboard.press("f")
    asks = page.get_by_role("dialog", name="Change what is approved?")
    await expect(asks).to_be_visible()
    edit = {"start": 18, "end": 35, "quote": "Chinese nationals"}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(2)), 200)
    await expect(_said(page)).to_contain_text("reviewer: annotation updated.")
    await asks.get_by_role("button", name="Change it").click()

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Chinese nationals fight for Russia")
    (stored,) = await room.stored(document)
    assert (stored["quote"], stored["version"]) == ("Chinese nationals", 3)


async def test_what_another_writes_while_one_is_asked_is_not_withdrawn(room: Room) -> None:
    page, document, path = await _approved(room, "reviewer")
    await page.get_by_role("button", name="Withdraw").click()
    asks = page.get_by_role("dialog", name="Withdraw this annotation?")
    await expect(asks).to_be_visible()
    edit = {"note": "Twice."}
    answer = await room.client("annotator").patch(path, json=edit, headers=make.seen(2))
    await make.said(answer, 200)
    await expect(_said(page)).to_contain_text("annotator: annotation updated.")
    await asks.get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody changed it meanwhile")
    assert [one["note"] for one in await room.stored(document)] == ["Twice."]


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
