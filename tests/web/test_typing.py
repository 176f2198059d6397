"""What one types while others write: nothing of it is lost, and none of it is taken for a key."""

from typing import Any

from playwright.async_api import Page, expect

from tests import make
from tests.web.conftest import Room

CARD = "The chosen annotation"


async def _saved(page: Page) -> None:
    await expect(page.locator(".outstanding")).to_have_text("")


async def _withdraw(room: Room, annotation: dict[str, Any], by: str) -> None:
    path = f"/v1/annotations/{annotation['id']}"
    seen = (await room.client(by).get(path)).headers["ETag"]
    gone = await room.client(by).delete(path, headers={"If-Match": seen})
    assert gone.status_code == 204


async def _label(room: Room, annotation: dict[str, Any], label: str) -> None:
    """Have a reviewer make it something else."""
    path = f"/v1/annotations/{annotation['id']}"
    edit = {"label": label, "attributes": {}}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(1)), 200)


async def test_a_comment_on_what_is_withdrawn_meanwhile_is_typed_to_its_end(room: Room) -> None:
    document = await room.document(make.TEXT)
    first = await room.annotation(document, "Chinese nationals fight")
    await room.annotation(document, "155 people")
    page = await room.open("reviewer", "/review")
    await expect(page.get_by_text("2 pending.")).to_be_visible()
    comment = page.get_by_label("Comment")

    await page.keyboard.press("r")
    await page.keyboard.type("Not in ")
    await _withdraw(room, first, "annotator")
    await expect(page.get_by_role("article").get_by_role("alert")).to_contain_text("Withdrawn")
    await page.keyboard.type("the source, joking aside.")
    await page.keyboard.press("Control+Enter")

    await expect(page.locator(".announcement")).to_have_text("It was withdrawn meanwhile.")
    await expect(comment).to_have_value("Not in the source, joking aside.")
    await expect(comment).to_be_focused()
    assert [one["status"] for one in await room.stored(document)] == ["pending"]
    # Left by Escape, the page has its keys again.
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(page.get_by_role("article")).to_contain_text("155 people")


async def test_a_note_on_what_is_withdrawn_meanwhile_is_typed_to_its_end_and_kept(
    room: Room,
) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await room.annotation(document, "155 people")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    card = page.get_by_role("region", name=CARD)

    await card.get_by_label("note").click()
    await page.keyboard.type("Said on ")
    await _withdraw(room, claim, "reviewer")
    await expect(card.get_by_role("alert")).to_contain_text("Withdrawn meanwhile")
    await page.keyboard.type("page 12, twice.")
    await expect(card.get_by_label("note")).to_have_value("Said on page 12, twice.")
    await page.keyboard.press("Escape")

    refusal = page.get_by_role("alert").filter(has_text="Not saved")
    await expect(refusal).to_contain_text("Said on page 12, twice.")
    await expect(card).to_have_count(0)
    assert [one["label"] for one in await room.stored(document)] == ["claim"]


async def test_a_field_stays_while_one_types_in_it_though_its_label_goes(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    other = await room.annotation(document, "155 people")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    card = page.get_by_role("region", name=CARD)

    await card.get_by_label("hedge").click()
    await page.keyboard.type("allegedly 2")
    await _label(room, claim, "evidence-missing")
    await expect(card.get_by_role("alert")).to_contain_text("evidence-missing")
    await page.keyboard.type("41n")
    await expect(card.get_by_label("hedge")).to_have_value("allegedly 241n")
    await page.keyboard.press("Escape")

    refusal = page.get_by_role("alert").filter(has_text="Not saved")
    await expect(refusal).to_contain_text("allegedly 241n")
    stored = {one["id"]: one for one in await room.stored(document)}
    assert stored[claim["id"]]["label"] == "evidence-missing"
    assert stored[other["id"]] == {**stored[other["id"]], "label": "claim", "version": 1}


async def test_what_is_typed_on_where_a_field_was_is_no_key(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await room.annotation(document, "155 people")
    page = await room.open("reviewer", "/review")
    await expect(page.get_by_text("2 pending.")).to_be_visible()

    # Nothing is typed yet, so nothing is kept.
    await page.get_by_label("Comment").click()
    await _withdraw(room, claim, "annotator")
    await expect(page.get_by_label("Comment")).to_have_count(0)
    await page.keyboard.type("ja")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("article")).to_contain_text("Withdrawn meanwhile.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()
    assert [one["status"] for one in await room.stored(document)] == ["approved"]
