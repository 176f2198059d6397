"""Keys and pointers: what they do, where they do it, and where they leave it to the browser."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room

RIGHT_TO_LEFT = (
    "قال المتحدث إن هذا غير صحيح. وأضاف أن التحقيق مستمر.\nThen he left.\nولم يقدم أي دليل على ذلك."
)

# What was just selected is shown to be.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"

# Of the key that ends a composition, Safari says no more.
COMPOSED = {"keyCode": 229, "bubbles": True, "cancelable": True}


async def _selected(page: Page) -> list[int]:
    """The offsets between which something is selected: where that began, and where the caret is."""
    found: list[int] = await page.evaluate(
        """() => {
            const offset = (node, within) => {
                const all = [...document.querySelectorAll('.text p')];
                const index = all.findIndex((one) => one.contains(node));
                const before = all.slice(0, index).map((one) => one.textContent.length + 1);
                return before.reduce((sum, one) => sum + one, within);
            };
            const { anchorNode, anchorOffset, focusNode, focusOffset } = getSelection();
            return [offset(anchorNode, anchorOffset), offset(focusNode, focusOffset)];
        }"""
    )
    return found


async def _press(page: Page, *keys: str) -> list[int]:
    for key in keys:
        await page.keyboard.press(key)
    return await _selected(page)


async def _hold(page: Page, key: str, times: int = 5) -> None:
    """Hold a key until it has repeated itself so often."""
    for _ in range(1 + times):
        await page.keyboard.down(key)
    await page.keyboard.up(key)


async def _saved(page: Page) -> None:
    await expect(page.locator(".outstanding")).to_have_text("")


async def _scheme(room: Room, *labels: dict[str, Any]) -> None:
    """Give the project other labels."""
    path = f"/v1/projects/{room.project}/scheme"
    manager = room.client("manager")
    seen = {"If-Match": (await manager.get(path)).headers["ETag"]}
    scheme = {"name": "keys", "labels": labels}
    await make.said(await manager.put(path, json=scheme, headers=seen), 200)


async def test_a_key_that_is_held_acts_once_unless_it_moves(room: Room) -> None:
    document = await room.document(make.TEXT)
    for quote in ("Chinese nationals fight", "totally unfounded", "155 people", "more will follow"):
        await room.annotation(document, quote)
    page = await room.open("reviewer", "/review")
    await expect(page.get_by_text("4 pending.")).to_be_visible()

    await _hold(page, "a")
    await expect(page.get_by_text("3 pending.")).to_be_visible()
    await _hold(page, "j")
    await expect(page.locator(".queue [aria-current]")).to_contain_text("more will follow")
    # Nor is it typed into the field that it has led to.
    await _hold(page, "r")
    await expect(page.get_by_label("Comment")).to_be_focused()
    await expect(page.get_by_label("Comment")).to_have_value("")
    await page.keyboard.type("Not so.")
    # What ends a composition, as Safari says it, leaves no field.
    await page.get_by_label("Comment").dispatch_event("keydown", {"key": "Escape", **COMPOSED})
    await expect(page.get_by_label("Comment")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("2 pending.")).to_be_visible()

    statuses = sorted(one["status"] for one in await room.stored(document))
    assert statuses == ["approved", "pending", "pending", "rejected"]


async def test_a_field_and_the_page_have_the_keys_that_are_theirs(room: Room) -> None:
    document = await room.document("Kyiv said so. " * 400)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("t")
    await _press(page, "ArrowRight", "w", "1")
    await _saved(page)

    # Typing, one's own words are undone and walked through, not the page's.
    note = page.get_by_label("note", exact=True)
    await note.fill("one two")
    await page.keyboard.press("Control+ArrowLeft")
    await page.keyboard.type("and ")
    assert await note.input_value() == "one and two"
    await page.keyboard.press("Control+z")
    assert await note.input_value() != "one and two"
    await page.keyboard.press("Escape")
    await _saved(page)
    assert len(await room.stored(document)) == 1

    # In the text, all of it is selected; beside it, End goes to the end of the page.
    await page.evaluate("scrollTo(0, 0)")
    assert await _press(page, "Control+a") == [0, len("Kyiv said so. " * 400)]
    await page.get_by_role("link", name="Compare annotators").focus()
    await page.keyboard.press("End")
    await expect(page.locator("h1")).not_to_be_in_viewport()


async def test_the_caret_stays_in_the_text_and_goes_as_it_is_read(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("reader", f"/documents/{document['id']}")
    length = len(make.TEXT)

    await page.keyboard.press("t")
    await _press(page, *["ArrowRight"] * 5)
    assert await _press(page, "Shift+ArrowUp") == [5, 0]
    assert await _press(page, "ArrowRight", "ArrowUp") == [0, 0]
    await _press(page, "Control+a", "ArrowRight", "ArrowLeft", "ArrowLeft")
    for key in ("Shift+ArrowDown", "Shift+ArrowRight", "Shift+Alt+ArrowRight"):
        assert await _press(page, key) == [length - 2, length]

    # By windows, and to either end of a text that is longer than one.
    lines = "".join(f"Line {number:03}\n" for number in range(200))
    document = await room.document(lines)
    page = await room.open("reader", f"/documents/{document['id']}")
    await page.keyboard.press("t")
    await _press(page, *["ArrowRight"] * 3)
    (down, _) = await _press(page, "PageDown")
    assert down % 9 == 3
    assert 9 * 5 < down < 9 * 25
    (further, _) = await _press(page, "PageDown")
    assert down + 9 * 5 < further < down + 9 * 25
    height: int = await page.evaluate("scrollY")
    assert height > 100
    (anchor, focus) = await _press(page, "Shift+PageUp")
    assert (anchor, focus % 9) == (further, 3)
    assert 0 < focus < further - 9 * 5
    assert await _press(page, "Control+End") == [len(lines), len(lines)]
    assert await page.evaluate("scrollY") > height
    assert await _press(page, "Control+Shift+Home") == [len(lines), 0]
    assert await page.evaluate("scrollY") < height

    document = await room.document(RIGHT_TO_LEFT, language="ar")
    page = await room.open("reader", f"/documents/{document['id']}")
    first = RIGHT_TO_LEFT.index("وأضاف")
    await page.keyboard.press("t")
    assert await _press(page, "ArrowLeft", "ArrowLeft") == [2, 2]
    assert await _press(page, "Alt+ArrowLeft") == [first, first]
    assert await _press(page, "Alt+Shift+ArrowRight") == [first, 0]
    end = len(RIGHT_TO_LEFT)
    await _press(page, "Control+a", "End", "ArrowLeft")
    assert await _press(page, "ArrowLeft", "ArrowLeft") == [end, end]
    assert await _press(page, "Control+Shift+ArrowLeft") == [end, end]


async def test_handles_stand_at_their_bounds_and_go_back(room: Room) -> None:
    document = await room.document(RIGHT_TO_LEFT, language="ar")
    made = await room.annotation(document, "المتحدث إن هذا")
    page = await room.open(
        "annotator", f"/documents/{document['id']}?annotation={made['id']}", has_touch=True
    )
    start, end = page.locator(".handle.start"), page.locator(".handle.end")
    await expect(start).to_be_visible()
    places = [await start.bounding_box(), await end.bounding_box()]
    right, left = places
    assert right is not None
    assert left is not None
    # It is read from the right to the left.
    assert right["x"] > left["x"] + 40
    chosen = """() => [...CSS.highlights.get('stet-chosen')].map((range) =>
        range.startContainer.data.slice(range.startOffset, range.endOffset))"""

    # Onto the space behind it, which is no part of it; and a drag that the system takes away.
    knob = (left["x"] + 1, left["y"] + left["height"] + 6)
    await page.mouse.move(*knob)
    await page.mouse.down()
    await page.mouse.move(knob[0] - 60, knob[1])
    assert await page.evaluate(chosen) != [made["quote"]]
    await page.mouse.move(*knob)
    await page.mouse.up()
    assert [await start.bounding_box(), await end.bounding_box()] == places
    session = await page.context.new_cdp_session(page)
    for kind, aways in (("Start", [0]), ("Move", [30]), ("Move", [60]), ("Cancel", [])):
        if kind == "Cancel":
            assert await page.evaluate(chosen) != [made["quote"]]
        points = [{"x": knob[0] - away, "y": knob[1]} for away in aways]
        said = {"type": f"touch{kind}", "touchPoints": points}
        await session.send("Input.dispatchTouchEvent", said)
        await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(drawn))")
    assert [await start.bounding_box(), await end.bounding_box()] == places
    assert await page.evaluate(chosen) == [made["quote"]]
    (stored,) = await room.stored(document)
    assert (stored["quote"], stored["version"]) == (made["quote"], 1)


async def test_handles_stand_at_words_that_were_not_on_the_screen(room: Room) -> None:
    sentence = "Kyiv said that nobody knows how many of them there are in the country. "
    paragraph = sentence * 20
    document = await room.document("\n".join([paragraph] * 20))
    for number in (10, 15):
        start = number * (len(paragraph) + 1) + len(sentence) * 15
        await room.annotation(document, "Kyiv", start=start, end=start + 4)
    page = await room.open("annotator", f"/documents/{document['id']}")
    # Safari lays nothing out to measure it, unless it is told to.
    await page.evaluate(
        """() => {
            const paragraphs = [...document.querySelectorAll(".text p")];
            const laid = new Set(paragraphs.slice(0, 2));
            const changed = ({ target, skipped }) => laid[skipped ? "delete" : "add"](target);
            addEventListener("contentvisibilityautostatechange", changed, { capture: true });
            const all = Range.prototype.getClientRects;
            Range.prototype.getClientRects = function () {
                const { parentElement: at } = this.startContainer;
                return laid.has(at) || at.style.contentVisibility ? all.call(this) : [];
            };
        }"""
    )

    for _ in range(2):
        await page.keyboard.press("n")
        await page.wait_for_function(
            """() => {
                const [chosen] = CSS.highlights.get("stet-chosen");
                const range = new Range();
                range.setStart(chosen.startContainer, chosen.startOffset);
                range.setEnd(chosen.endContainer, chosen.endOffset);
                const { left, top } = range.getBoundingClientRect();
                const handle = document.querySelector(".handle.start").getBoundingClientRect();
                const line = innerHeight / 3;
                return Math.abs(handle.left + 1 - left) < 2 && Math.abs(handle.top - top) < 2
                    && Math.abs(top - line) < 40;
            }"""
        )


async def test_a_place_between_two_lines_is_known_to_every_browser(room: Room) -> None:
    letters = "字" * 200
    document = await room.document(f"{letters}\nقال المتحدث", language="zh")
    page = await room.open("annotator", f"/documents/{document['id']}")
    # Firefox measures it at the end of the first; Safari at the start of the second, and nothing
    # behind a line that runs from right to left.
    await page.evaluate(
        """() => {
            globalThis.kept = (found) => found.slice(0, 1);
            const all = Range.prototype.getClientRects;
            Range.prototype.getClientRects = function () {
                const found = [...all.call(this)];
                return this.collapsed ? globalThis.kept(found, this) : found;
            };
        }"""
    )
    caret, start, end = (page.locator(css) for css in (".caret", ".handle.start", ".handle.end"))
    line = await page.locator(".text p").first.bounding_box()
    assert line is not None

    await page.keyboard.press("t")
    (_, between) = await _press(page, "Control+Home", "ArrowDown", "Home")
    assert 20 < between < 100
    await page.evaluate(DRAWN)
    at = await caret.bounding_box()
    assert at is not None
    assert at["x"] == pytest.approx(line["x"], abs=2)
    assert at["y"] > line["y"] + 30
    await page.evaluate(
        """() => { kept = (found, { endContainer, endOffset }) =>
            endOffset === endContainer.length ? [] : found.slice(-1) }"""
    )
    await _press(page, "Control+Home", "Shift+End", "1")
    await _saved(page)
    ends = [await start.bounding_box(), await end.bounding_box()]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[1]["y"] == pytest.approx(ends[0]["y"], abs=2)
    assert ends[1]["x"] > ends[0]["x"] + 200
    await page.keyboard.press("Escape")
    await _press(page, "Control+End")
    await page.evaluate(DRAWN)
    at = await caret.bounding_box()
    assert at is not None
    assert at["x"] > line["x"] + line["width"] / 2


async def test_the_keys_of_a_scheme_win_and_the_sheet_says_so(room: Room) -> None:
    names = {"s": "stance", "w": "warning", "b": "belief", "n": "number"}
    labels = [{"name": name, "hotkey": key} for key, name in names.items()]
    await _scheme(room, *labels, {"name": "plain"}, {"name": "fifth", "hotkey": "5"})
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("t")
    for key in names:
        await _press(page, "Control+Shift+ArrowRight", key)
    await _saved(page)
    assert {one["label"] for one in await room.stored(document)} == set(names.values())

    # With Alt they are the page's.
    await page.keyboard.press("Control+Home")
    assert await _press(page, "Alt+w") == [0, len("Ukraine")]
    assert await _press(page, "Alt+s") == [0, make.TEXT.index(". ") + 2]
    await page.keyboard.press("Alt+n")
    card = page.get_by_role("region", name="The chosen annotation")
    await expect(card.get_by_role("button", name="Move the bounds")).to_have_text(
        "Move the bounds Altb"
    )

    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    await expect(sheet).to_be_visible()
    keys = await sheet.locator("dt").all_text_contents()
    said = [key.strip() for key in keys]
    assert [said.count(key) for key in (*names, "5")] == [1, 1, 1, 1, 1]
    assert "f or Altf" in said
    assert [said.count(f"Alt{key}") for key in names] == [1, 1, 1, 1]
    await expect(sheet).to_contain_text("Mark the selection as stance")
    await barriers.none_found_in_either_theme(page)


async def test_keys_are_known_by_their_place_on_layouts_that_are_not_latin(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    session = await page.context.new_cdp_session(page)

    async def press(key: str, code: str, modifiers: int = 0) -> None:
        for kind in ("keyDown", "keyUp"):
            said = {"type": kind, "key": key, "code": code, "modifiers": modifiers}
            await session.send("Input.dispatchKeyEvent", said)

    # In Russian to the first word; the label's digit in Arabic; undone in Greek, by Ctrl.
    await page.keyboard.press("t")
    await press("ц", "KeyW")
    assert await _selected(page) == [0, len("Ukraine")]
    await press("١", "Digit1")
    await _saved(page)
    assert [one["quote"] for one in await room.stored(document)] == ["Ukraine"]
    await press("ζ", "KeyZ", modifiers=2)
    await _saved(page)
    assert await room.stored(document) == []
    # By Option on a Mac, which makes other signs of them, and one that waits for the next.
    await page.keyboard.press("Control+Home")
    await press("∑", "KeyW", modifiers=1)
    assert await _selected(page) == [0, len("Ukraine")]
    await press("Dead", "KeyN", modifiers=1)
    await page.keyboard.press("Control+Home")
    # A sign of the upper row is no digit.
    await page.keyboard.press("w")
    await press("№", "Digit3", modifiers=8)
    await _saved(page)
    assert await room.stored(document) == []


async def test_whole_lines_are_in_sight_and_a_press_that_ends_elsewhere_is_none(room: Room) -> None:
    words = [f"w{number:04}" for number in range(1200)]
    document = await room.document(" ".join(words))
    for word in words[::8]:
        await room.annotation(document, word)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await expect(page.get_by_role("heading", name="of 150")).to_be_visible()
    await page.evaluate("scrollTo(0, 700)")
    stand: dict[str, list[float]] = await page.evaluate(
        """() => {
            const found = {};
            for (const [name, ranges] of CSS.highlights) for (const each of ranges) {
                const range = document.createRange();
                range.setStart(each.startContainer, each.startOffset);
                range.setEnd(each.endContainer, each.endOffset);
                const { top, bottom } = range.getBoundingClientRect();
                found[range.toString()] = [top, bottom];
            }
            return found;
        }"""
    )
    tools = await page.locator(".tools").bounding_box()
    assert tools is not None
    covered, low = tools["y"] + tools["height"] + 8, await page.evaluate("innerHeight")
    seen = [word for word, (top, bottom) in stand.items() if top > covered and bottom < low]
    near = [
        word for word, (top, bottom) in stand.items() if top > covered - 80 and bottom < low + 80
    ]
    await expect(page.locator(".spans .words").first).not_to_have_text(words[0])
    listed = await page.locator(".spans .words").all_text_contents()
    assert len(seen) > 10
    assert set(seen) <= set(listed) <= set(near)

    # The caret begins there; the selection of a press that was taken back is not marked later.
    await page.keyboard.press("t")
    start, end = await _press(page, "w")
    assert document["text"][start:end] in words
    assert await page.evaluate("scrollY") == 700
    await page.get_by_role("button", name="claim").first.hover()
    await page.mouse.down()
    await page.locator(".brand").evaluate("(brand) => scrollTo(0, 0)")
    await page.locator(".brand").hover()
    await page.mouse.up()
    await _press(page, "ArrowRight", "1")
    await expect(page.get_by_text("Select the words first.")).to_be_visible()
    assert len(await room.stored(document)) == 150


async def test_of_many_labels_some_are_at_hand_and_each_is_found_by_its_name(room: Room) -> None:
    topics, acts = (
        ("war", "health", "sport", "law"),
        ("claim", "denial", "quote", "promise", "threat"),
    )
    names = [f"{topic} {act}" for topic in topics for act in acts]
    await _scheme(room, *({"name": name} for name in names), {"name": "rumour", "hotkey": "r"})
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    tools = page.get_by_role("toolbar", name="Mark the selection")
    for width, height in ((640, 400), (1280, 800)):
        await page.set_viewport_size({"width": width, "height": height})
        box = await page.locator(".tools").bounding_box()
        assert box is not None
        assert box["height"] <= height / 4

    # The tools are one stop, through which arrows lead.
    await page.get_by_role("button", name="Next document").focus()
    await page.keyboard.press("Tab")
    await expect(tools.get_by_role("button", name="Label …")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(tools.get_by_role("button", name="war claim")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(tools.get_by_role("button", name="Add as fragment")).to_be_disabled()
    await expect(tools.get_by_role("button", name="law threat")).to_have_count(0)
    await page.keyboard.press("Tab")
    await expect(page.locator(".text")).to_be_focused()

    # What is typed at once is typed there, and what was selected is marked.
    selected = await _press(page, "Control+Home", "w", "w")
    await page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Label")
    await page.keyboard.type("r")
    await expect(field).to_have_value("r")
    await barriers.none_found_in_either_theme(page)
    await page.keyboard.press("Escape")
    await expect(page.locator(".text")).to_be_focused()
    assert await _selected(page) == selected
    await page.keyboard.press("/")
    await page.keyboard.type("LAW th")
    await expect(page.locator("[role=option]")).to_have_text(["law threat"])
    await field.dispatch_event("keydown", {"key": "Enter", **COMPOSED})
    await expect(page.locator("[role=option]")).to_have_text(["law threat"])
    await page.keyboard.press("Enter")
    await _saved(page)
    (made,) = await room.stored(document)
    assert [made["label"], made["start"], made["end"]] == ["law threat", *selected]

    # The one that was used last is at hand now, and is offered first.
    await expect(tools.get_by_role("button", name="law threat")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.locator("[role=option]")).to_have_count(21)
    await expect(page.locator("[role=option][aria-selected=true]")).to_have_text("law threat")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("rumour")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[role=option][aria-selected=true]")).to_have_text("law threat")
    await page.keyboard.type("nothing")
    await expect(page.get_by_text("No label fits.")).to_be_visible()


async def test_who_listens_is_told_what_is_marked_where_the_caret_is(room: Room) -> None:
    document = await room.document(make.TEXT)
    await room.annotation(document, "Chinese nationals fight for Russia")
    await room.annotation(document, "nationals fight", "denial", by="annotator-b")
    page = await room.open("reader", f"/documents/{document['id']}")
    heard = page.locator("[aria-live=polite]")
    said = page.locator(".announcement")

    await page.keyboard.press("t")
    await _press(page, "h")
    await expect(said).to_have_text("Nothing is marked here.")
    await _press(page, *["Control+ArrowRight"] * 4)
    await expect(heard).to_have_text("In claim.")
    await _press(page, "Control+ArrowRight")
    await expect(heard).to_have_text("In denial. 2 nested.")
    await _press(page, "Alt+h")
    await expect(said).to_have_text(
        "2 spans. denial, pending, by annotator-b: “nationals fight”. "
        "claim, pending, by annotator: “Chinese nationals fight for Russia”."
    )
    await _press(page, "Control+End")
    await expect(heard).to_have_text("Out of denial, claim.")
