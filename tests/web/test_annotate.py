"""Marking a text: by mouse, by keyboard, in every way that spans can lie."""

import asyncio
import base64
from typing import Any

from playwright.async_api import FloatRect, Page, expect

from tests import make
from tests.web.conftest import Room

MIXED = (
    "Kyiv said 😀 that 155 people fight. 👨‍👩‍👧 went on.\n"
    "مرحبا بالعالم: قال المتحدث إن هذا غير صحيح.\n"
    "Cafe\u0301 owners 🇺🇦 denied it."
)


async def _select(page: Page, quote: str, text: str) -> None:
    """Select words with the mouse, from where they begin to where they end."""
    start = make.measured(text[: text.index(quote)], "utf16")
    box = await page.evaluate(
        """([start, end]) => {
            const text = document.querySelector('.text');
            const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
            const at = (offset) => {
                walker.currentNode = walker.root;
                let passed = 0;
                while (walker.nextNode()) {
                    const length = walker.currentNode.data.length;
                    if (offset <= passed + length) return [walker.currentNode, offset - passed];
                    passed += length + 1;
                }
            };
            const range = document.createRange();
            range.setStart(...at(start));
            range.setEnd(...at(end));
            range.startContainer.parentElement.scrollIntoView({block: 'center'});
            const rects = [...range.getClientRects()];
            const [first, last] = [rects[0], rects.at(-1)];
            const rtl = getComputedStyle(range.startContainer.parentElement).direction === 'rtl';
            const middle = (rect) => rect.top + rect.height / 2;
            return rtl
                ? [first.right - 0.5, middle(first), last.left + 0.5, middle(last)]
                : [first.left + 0.5, middle(first), last.right - 0.5, middle(last)];
        }""",
        [start, start + make.measured(quote, "utf16")],
    )
    await page.mouse.move(box[0], box[1])
    await page.mouse.down()
    await page.mouse.move((box[0] + box[2]) / 2, box[3])
    await page.mouse.move(box[2], box[3])
    await page.mouse.up()
    # A hand takes longer to the keys than a program.
    selected = page.locator("body").evaluate
    deadline = asyncio.get_running_loop().time() + 5
    while await selected("() => getSelection().toString()") != quote:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def _saved(page: Page) -> None:
    """Wait until nothing is on its way; what was just done is shown to be before that."""
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    await expect(page.locator(".outstanding")).to_have_text("")


def _spans(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["label"], one["quote"]) for one in found}


async def test_words_are_marked_by_mouse_and_key_in_texts_of_all_kinds(room: Room) -> None:
    document = await room.document(MIXED)
    page = await room.open("annotator", f"/documents/{document['id']}")

    for quote, key in (
        ("😀 that 155 people", "1"),
        ("قال المتحدث", "2"),
        ("Cafe\u0301 owners 🇺🇦 denied it", "4"),
    ):
        await _select(page, quote, MIXED)
        await page.keyboard.press(key)
    await _saved(page)

    assert _spans(await room.stored(document)) == {
        ("claim", "😀 that 155 people"),
        ("denial", "قال المتحدث"),
        ("quote", "Cafe\u0301 owners 🇺🇦 denied it"),
    }


async def test_all_is_done_by_keyboard_alone(room: Room) -> None:
    document = await room.document()
    page = await room.open("annotator", f"/documents/{document['id']}")

    await page.keyboard.press("t")
    await page.keyboard.press("Control+ArrowRight")
    for _ in range(3):
        await page.keyboard.press("w")
    await page.keyboard.press("1")
    await _saved(page)
    (made,) = await room.stored(document)
    assert (made["label"], made["quote"]) == ("claim", "2025-04-09")

    # The bounds, then a field of its form, then the label.
    await page.keyboard.press("b")
    await page.keyboard.press("Control+Shift+ArrowRight")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Kyiv")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await _saved(page)
    (made,) = await room.stored(document)
    assert made["attributes"] == {"speaker": "Kyiv"}
    assert made["quote"] == "2025-04-09 Ukraine"

    await page.keyboard.press("Delete")
    await _saved(page)
    assert await room.stored(document) == []
    await page.keyboard.press("Control+z")
    await _saved(page)
    (back,) = await room.stored(document)
    assert (back["quote"], back["attributes"]) == (made["quote"], made["attributes"])
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


async def test_fragments_relations_and_spans_of_attributes(room: Room) -> None:
    document = await room.document(make.TEXT)
    denial = await room.annotation(document, "“totally unfounded”", "denial")
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={denial['id']}")
    card = page.get_by_role("region", name="The chosen annotation")

    await _select(page, "called the allegations “totally", make.TEXT)
    await page.keyboard.press("f")
    await expect(page.get_by_text("Some of these words are in it already")).to_be_visible()
    await _select(page, "Without providing evidence", make.TEXT)
    await page.keyboard.press("f")
    await card.get_by_role("group", name="speaker_span").get_by_role("button").click()
    await _select(page, "Officials in Beijing", make.TEXT)
    await page.keyboard.press("Enter")
    # A denial denies a claim: nothing else is offered.
    relation = card.get_by_label("this one")
    assert await relation.locator("option").all_text_contents() == ["…", "denies …"]
    await relation.select_option("denies")
    await card.get_by_role("button", name="Chinese nationals").click()
    await _saved(page)

    stored = {one["id"]: one for one in await room.stored(document)}[denial["id"]]
    assert [part["quote"] for part in stored["fragments"]] == [
        "“totally unfounded”",
        "Without providing evidence",
    ]
    assert stored["attributes"]["speaker_span"]["quote"] == "Officials in Beijing"
    path = f"/v1/documents/{document['id']}/relations"
    (joined,) = (await make.said(await room.client("reader").get(path), 200))["items"]
    assert (joined["type"], joined["source"], joined["target"]) == (
        "denies",
        denial["id"],
        claim["id"],
    )


async def test_bounds_are_dragged(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    handle = page.locator(".handle.end")
    await expect(handle).to_be_visible()

    at = await handle.bounding_box()
    assert at is not None
    # Its knob hangs below the line.
    await page.mouse.move(at["x"] + 1, at["y"] + at["height"] + 6)
    await page.mouse.down()
    await page.mouse.move(at["x"] + 50, at["y"] + at["height"] / 2)
    await page.mouse.up()
    await _saved(page)

    (moved,) = await room.stored(document)
    assert moved["start"] == claim["start"]
    assert claim["end"] < moved["end"] < claim["end"] + 30
    assert moved["quote"] == moved["quote"].strip()

    # Where the browser has the older name alone of what tells the place under a pointer.
    await page.evaluate("() => { delete Document.prototype.caretPositionFromPoint }")
    at = await handle.bounding_box()
    assert at is not None
    await page.mouse.move(at["x"] + 1, at["y"] + at["height"] + 6)
    await page.mouse.down()
    await page.mouse.move(at["x"] - 50, at["y"] + at["height"] / 2)
    await page.mouse.up()
    await _saved(page)
    (back,) = await room.stored(document)
    assert back["start"] == claim["start"] < back["end"] < moved["end"]


async def test_spans_that_nest_cross_and_coincide_are_all_painted(room: Room) -> None:
    document = await room.document(make.TEXT)
    for label, quote in (
        ("claim", "Chinese nationals fight for Russia"),
        ("claim", "nationals fight"),
        ("denial", "fight for Russia. Officials"),
        ("quote", "Chinese nationals fight for Russia"),
    ):
        await room.annotation(document, quote, label)
    page = await room.open("reader", f"/documents/{document['id']}")

    painted = await page.evaluate(
        """() => [...CSS.highlights].flatMap(([name, ranges]) => [...ranges].map((range) =>
            [name, range.startContainer.data.slice(range.startOffset, range.endOffset)])).sort()"""
    )

    # The number behind the label's is how far below the text the line is: none is on another.
    assert painted == [
        ["stet-label-0-0", "Chinese nationals fight for Russia"],
        ["stet-label-0-2", "nationals fight"],
        ["stet-label-1-3", "fight for Russia. Officials"],
        ["stet-label-3-1", "Chinese nationals fight for Russia"],
    ]
    assert await page.locator(".text p").evaluate_all(
        "(all) => all.every((one) => one.childNodes.length === 1)"
    )


# The colour that most of a picture has.
GROUND = """async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    const times = {};
    for (let at = 0; at < data.length; at += 4) {
        const color = data.slice(at, at + 3).join();
        times[color] = (times[color] ?? 0) + 1;
    }
    return Object.entries(times).sort(([, one], [, other]) => other - one)[0][0]
        .split(',').map(Number);
}"""


def _luminance(color: list[int]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [one / 255 for one in color]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_words_are_read_however_many_spans_of_whatever_colour_lie_on_them(room: Room) -> None:
    colors = {"dark": "#ffffff", "light": "#000000"}
    path = f"/v1/projects/{room.project}/scheme"
    labels = [{"name": theme, "color": color} for theme, color in colors.items()]
    scheme = {"name": "worst", "labels": labels}
    manager = room.client("manager")
    await make.said(await manager.put(path, json=scheme, headers=make.seen(1)), 200)
    for theme in ("dark", "light"):
        document = await room.document("mmmmmmmm mm", title=theme)
        for _ in range(9):
            await room.annotation(document, "mmmmmmmm mm", theme)
        page = await room.open("reader", f"/documents/{document['id']}", color_scheme=theme)
        for keys in ([], ["t", "Control+a"]):
            for key in keys:
                await page.keyboard.press(key)
            place: FloatRect = await page.evaluate(
                """() => { const range = new Range();
                    range.setStart(document.querySelector('.text p').firstChild, 8);
                    range.setEnd(document.querySelector('.text p').firstChild, 9);
                    const { x, y, width, height } = range.getBoundingClientRect();
                    return { x: x + 1, y: y + 4, width: width - 2, height: height - 12 }; }"""
            )
            picture = await page.screenshot(clip=place)
            ground = await page.evaluate(GROUND, base64.b64encode(picture).decode())
            ink = await page.locator(".text").evaluate(
                "(text) => getComputedStyle(text).color.match(/\\d+/g).map(Number)"
            )
            light, dark = sorted((_luminance(ground), _luminance(ink)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (theme, keys, ground)


async def test_what_is_undone_and_done_again_is_what_it_was(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}")
    await _select(page, "“totally unfounded”", make.TEXT)
    await page.keyboard.press("4")
    await page.keyboard.press("2")
    card = page.get_by_role("region", name="The chosen annotation")
    await card.get_by_label("this one").select_option("denies")
    await card.get_by_role("button", name="Chinese nationals").click()

    for _ in range(3):
        await page.keyboard.press("Control+z")
    await _saved(page)
    assert [one["id"] for one in await room.stored(document)] == [claim["id"]]
    for _ in range(3):
        await page.keyboard.press("Control+y")
    await _saved(page)

    (again,) = [one for one in await room.stored(document) if one["id"] != claim["id"]]
    assert again["label"] == "denial"
    path = f"/v1/documents/{document['id']}/relations"
    (joined,) = (await make.said(await room.client("reader").get(path), 200))["items"]
    assert (joined["source"], joined["target"]) == (again["id"], claim["id"])

    # Withdrawn and brought back with its relation, the relation can be undone too.
    await page.keyboard.press("p")
    await page.keyboard.press("n")
    await page.keyboard.press("Delete")
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    await _saved(page)
    assert (await make.said(await room.client("reader").get(path), 200))["items"] == []


async def _strict(room: Room) -> None:
    """Give the scheme a label that requires an attribute, and has one that claims have too."""
    admin = room.client("admin")
    path = f"/v1/projects/{room.project}/scheme"
    asked = await admin.get(path)
    scheme = asked.json()
    attributes = [
        {"name": "why", "type": "string", "required": True},
        {"name": "speaker", "type": "string"},
    ]
    scheme["labels"].append({"name": "strict", "hotkey": "5", "attributes": attributes})
    seen = {"If-Match": asked.headers["ETag"]}
    await make.said(await admin.put(path, json=scheme, headers=seen), 200)


async def _drafted(room: Room, note: str = "") -> tuple[dict[str, Any], Page]:
    """A claim, and a page on which it is about to become what requires more.

    A note is written there before, if there is to be one.
    """
    await _strict(room)
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Officials in Beijing")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await page.get_by_label("note").fill(note)
    await page.get_by_label("note").blur()
    await _saved(page)
    await page.get_by_label("label").select_option("strict")
    await page.get_by_label("why").fill("Because.")
    await page.get_by_label("why").blur()
    return claim, page


async def test_a_label_asks_for_what_it_requires(room: Room) -> None:
    await _strict(room)
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")

    await _select(page, "Officials in Beijing", make.TEXT)
    await page.keyboard.press("5")
    asks = page.get_by_role("region", name="Not saved yet")
    await expect(asks.get_by_role("button", name="Save")).to_be_disabled()
    await asks.get_by_label("why").fill("Because.")
    await asks.get_by_label("why").blur()
    await asks.get_by_role("button", name="Save").click()
    await _saved(page)

    (stored,) = await room.stored(document)
    assert (stored["label"], stored["attributes"]) == ("strict", {"why": "Because."})


async def test_what_another_changes_before_a_draft_is_saved_is_not_overwritten(room: Room) -> None:
    claim, page = await _drafted(room)
    path = f"/v1/annotations/{claim['id']}"
    edit = {"attributes": {"speaker": "Beijing"}}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(1)), 200)
    await expect(page.locator(".announcement")).to_contain_text("reviewer")
    await page.get_by_role("button", name="Save").click()

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Beijing")
    await expect(refusal).to_contain_text("Because.")
    (stored,) = await room.stored({"id": claim["document_id"]})
    assert (stored["label"], stored["attributes"]) == ("claim", {"speaker": "Beijing"})


async def test_one_s_own_undoing_before_a_draft_is_saved_is_no_change_by_another(
    room: Room,
) -> None:
    claim, page = await _drafted(room, note="First thought.")
    await page.get_by_role("button", name="Undo").click()
    await _saved(page)
    (stored,) = await room.stored({"id": claim["document_id"]})
    assert (stored["note"], stored["version"]) == (None, 3)
    await page.get_by_role("button", name="Save").click()
    await _saved(page)

    await expect(page.get_by_role("alert")).to_have_count(0)
    (stored,) = await room.stored({"id": claim["document_id"]})
    assert (stored["label"], stored["attributes"]) == ("strict", {"why": "Because."})


async def test_what_another_changes_after_one_s_own_undoing_is_not_overwritten(room: Room) -> None:
    claim, page = await _drafted(room, note="First thought.")
    await page.get_by_role("button", name="Undo").click()
    await _saved(page)
    path = f"/v1/annotations/{claim['id']}"
    edit = {"attributes": {"speaker": "Beijing"}}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(3)), 200)
    await expect(page.locator(".announcement")).to_contain_text("reviewer")
    await page.get_by_role("button", name="Save").click()

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Beijing")
    (stored,) = await room.stored({"id": claim["document_id"]})
    assert (stored["label"], stored["attributes"]) == ("claim", {"speaker": "Beijing"})


async def test_a_draft_of_what_was_withdrawn_is_kept_and_not_said_to_be_marked(room: Room) -> None:
    claim, page = await _drafted(room)
    path = f"/v1/annotations/{claim['id']}"
    gone = await room.client("reviewer").delete(path, headers=make.seen(1))
    assert gone.status_code == 204
    await expect(page.locator(".announcement")).to_contain_text("reviewer")
    await page.get_by_role("button", name="Save").click()

    await expect(page.locator(".announcement")).to_have_text(
        "Not marked: it was withdrawn meanwhile."
    )
    await expect(page.get_by_label("why")).to_have_value("Because.")


async def test_another_label_keeps_what_it_takes_and_says_what_it_does_not(room: Room) -> None:
    document = await room.document(make.TEXT)
    said = {"speaker": "Ukraine", "directness": "indirect", "hedge": "allegedly"}
    claim = await room.annotation(document, "Chinese nationals fight", attributes=said)
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()

    # A quote is direct or mixed, and has no hedge.
    await page.keyboard.press("4")
    await expect(page.locator(".announcement")).to_have_text(
        "Marked as quote. Left out, for quote does not take it: directness, hedge."
    )
    await _saved(page)
    await expect(page.get_by_role("alert")).to_have_count(0)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["attributes"]) == ("quote", {"speaker": "Ukraine"})

    await page.keyboard.press("Control+z")
    await _saved(page)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["attributes"]) == ("claim", said)
