"""Two annotators side by side."""

from playwright.async_api import expect

from tests.web import barriers
from tests.web.conftest import Room

TEXT = "Kyiv says that 😀 troops came. Beijing denied it. Nobody showed proof. שלום אמר הדובר."


async def _two(room: Room) -> dict[str, object]:
    document = await room.document(TEXT, title="An article")
    for by, label, quote in (
        ("annotator", "claim", "😀 troops came"),
        ("annotator-b", "claim", "😀 troops came"),
        ("annotator", "denial", "denied it"),
        ("annotator-b", "denial", "Beijing denied it"),
        ("annotator", "claim", "שלום"),
        ("annotator-b", "quote", "שלום"),
        ("annotator", "evidence-missing", "Nobody showed proof"),
    ):
        await room.annotation(document, quote, label, by=by)
    return document


async def test_two_annotators_are_compared_and_their_differences_led_through(room: Room) -> None:
    document = await _two(room)
    page = await room.open("reader", f"/compare/{document['id']}")

    listed = page.get_by_role("region", name="Where they agree and differ").get_by_role("listitem")
    await expect(listed).to_have_count(4)
    assert [text.split("\n")[0] for text in await listed.all_inner_texts()] == [
        "= agree",
        "≈ agree partly: other bounds",
        "≠ differ: only annotator",
        "≈ agree partly: another label",
    ]
    # Of 7 spans, two match exactly, and two more overlap under the same label.
    measures = page.locator(".measures")
    await expect(measures).to_contain_text("same label and bounds 28.6 %", use_inner_text=True)
    await expect(measures).to_contain_text("overlapping 57.1 %", use_inner_text=True)

    await page.keyboard.press("n")
    held = page.locator(".pairs [aria-current]")
    await expect(held).to_contain_text("Beijing denied it")
    await page.keyboard.press("n")
    await expect(held).to_contain_text("only annotator")

    # What an annotator adds is compared at once, and what is looked at stays.
    await room.annotation(document, "Nobody showed proof", "evidence-missing", by="annotator-b")
    await expect(held).to_contain_text("= agree", timeout=2000)
    await expect(held).to_contain_text("Nobody showed proof")
    await page.keyboard.press("p")
    await expect(held).to_contain_text("other bounds")
    await barriers.none_found_in_either_theme(page)

    await page.set_viewport_size({"width": 320, "height": 700})
    await expect(page.get_by_role("heading", name="Both")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await barriers.none_found(page)

    await page.get_by_label("Second").select_option("annotator")
    await expect(page.get_by_text("Choose two different people.")).to_be_visible()
    assert "b=annotator" in page.url
    alone = await room.document(TEXT, title="Another article")
    await room.annotation(alone, "denied it")
    await page.goto(f"/#/projects/{room.project}/compare/{alone['id']}")
    await expect(page.get_by_text("nothing to compare yet")).to_be_visible()


async def test_what_overlaps_is_measured_alike_in_whatever_order_it_was_saved(room: Room) -> None:
    document = await room.document("a b c d e f g h", title="Letters")
    for by, quote in (("annotator", "c d e f"), ("annotator-b", "b c d"), ("annotator-b", "e f g")):
        await room.annotation(document, quote, by=by)
    page = await room.open("reader", f"/compare/{document['id']}")
    measures = page.locator(".measures")
    await expect(measures).to_contain_text("overlapping 66.7 %", use_inner_text=True)

    # All that overlap share three characters, and each could be paired.
    await room.annotation(document, "c d", by="annotator")

    await expect(measures).to_contain_text("overlapping 100.0 %", use_inner_text=True)
    await page.reload()
    await expect(measures).to_contain_text("overlapping 100.0 %", use_inner_text=True)
    swapped = f"/#/projects/{room.project}/compare/{document['id']}?a=annotator-b&b=annotator"
    await page.goto(swapped)
    await expect(page.get_by_label("First")).to_have_value("annotator-b")
    await expect(measures).to_contain_text("overlapping 100.0 %", use_inner_text=True)
