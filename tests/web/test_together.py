"""Several people, and a network that comes and goes: nothing is lost, nothing overwritten."""

import asyncio
from typing import Any

from playwright.async_api import Page, Route, expect

from tests import make
from tests.web.conftest import Room, sign_in_instead


async def _note(page: Page, words: str) -> None:
    await page.get_by_label("note").fill(words)
    await page.get_by_label("note").blur()


async def _arrived(room: Room, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The document's annotations, of which there are some soon."""
    deadline = asyncio.get_running_loop().time() + 10
    while not (stored := await room.stored(document)):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    return stored


async def _role(room: Room, role: str) -> None:
    """Make the annotator something else in the project."""
    path = f"/v1/projects/{room.project}/members/annotator"
    admin = room.client("admin")
    seen = (await admin.get(path)).headers["ETag"]
    await make.said(await admin.put(path, json={"role": role}, headers={"If-Match": seen}), 200)


async def _unaware(page: Page) -> None:
    """Keep from a page what its user may do by now, as in the moment before it hears of that."""
    await page.context.route("**/v1/me", lambda route: route.abort())


async def test_what_others_do_appears_without_moving_the_page(room: Room) -> None:
    document = await room.document()
    page = await room.open("annotator", f"/documents/{document['id']}")
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await page.mouse.wheel(0, 400)
    # A wheel turns smoothly, and comes to rest.
    await page.wait_for_function("() => Math.round(scrollY) === 400")
    read = page.locator(".text p", has_text="ceasefire in the war")
    before = await read.bounding_box()

    await room.annotation(document, "Chinese denial", "denial", by="annotator-b")

    await expect(page.get_by_role("button", name="Chinese denial")).to_be_visible(timeout=2000)
    after = await read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2


async def test_what_was_put_back_from_a_copy_is_loaded_again(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await room.annotation(document, "Chinese nationals fight for Russia", by="annotator-b")
    await expect(page.locator(".side h2").last).to_contain_text("1 of 1")

    async def put_back(route: Route) -> None:
        # As a log answers that ends before what the page has heard of it.
        if route.request.method == "HEAD":
            await route.fulfill(headers={"Stet-Snapshot": "1"})
        else:
            await route.fulfill(status=422)

    await page.route("**/changes*", put_back)
    async with page.expect_event("load"):
        await _hidden(page, hidden=True)
        await _hidden(page, hidden=False)


async def _hidden(page: Page, *, hidden: bool) -> None:
    """What a page is told when another comes before it, or it comes back."""
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_two_edits_of_one_annotation_are_shown_side_by_side(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    place = f"/documents/{document['id']}?annotation={claim['id']}"
    mine = await room.open("annotator", place)
    theirs = await room.open("reviewer", place)

    # What the other one does is not heard in time.
    await mine.context.route("**/changes?*offset_unit=*", lambda route: route.abort())
    await mine.reload()
    await expect(mine.get_by_label("note")).to_be_visible()
    await _note(theirs, "The reviewer’s note.")
    await expect(theirs.locator(".outstanding")).to_have_text("")
    await _note(mine, "The author’s note.")

    refusal = mine.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("The reviewer’s note.")
    await expect(refusal).to_contain_text("The author’s note.")
    (stored,) = await room.stored(document)
    assert stored["note"] == "The reviewer’s note."
    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(refusal).to_have_count(0)
    await expect(mine.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert stored["note"] == "The author’s note."


async def test_what_is_marked_without_a_network_is_kept_and_sent(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("t")

    await page.context.set_offline(True)
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_contain_text("1 change on its way")
    await expect(page.get_by_text("saving").first).to_be_visible()
    assert await room.stored(document) == []

    await page.context.set_offline(False)
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert stored["quote"] == "Ukraine says that Chinese nationals fight for Russia."


async def test_a_lost_answer_doubles_nothing_and_a_reload_loses_nothing(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    page.on("dialog", lambda dialog: dialog.accept())

    sent = 0

    # The write arrives, but not its answer; what is sent again does not arrive.
    async def lose(route: Route) -> None:
        nonlocal sent
        if route.request.method != "POST":
            await route.continue_()
            return
        sent += 1
        if sent == 1:
            await route.fetch()
        await route.abort()

    await page.route("**/annotations?*", lose)
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("2")
    await expect(page.locator(".outstanding")).to_contain_text("cannot be reached")
    assert len(await room.stored(document)) == 1
    await page.unroute_all(behavior="ignoreErrors")
    await page.reload()
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert stored["label"] == "denial"


async def test_a_refused_write_says_why_and_keeps_what_was_wanted(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await _unaware(page)
    await _role(room, "reader")
    await page.keyboard.press("1")

    refusal = page.get_by_role("alert").filter(has_text="Not saved")
    await expect(refusal).to_contain_text("Ukraine says that Chinese nationals")
    await page.context.unroute("**/v1/me")
    await page.reload()
    await expect(refusal).to_contain_text("Ukraine says that Chinese nationals")
    await _role(room, "annotator")
    await refusal.get_by_role("button", name="Try again").click()
    await expect(refusal).to_have_count(0)
    await expect(page.locator(".outstanding")).to_have_text("")
    assert len(await room.stored(document)) == 1


async def test_a_refused_mark_is_told_of_once(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await _unaware(page)
    await _role(room, "reader")
    for key in ("t", "s", "1"):
        await page.keyboard.press(key)
    refusal = page.get_by_role("alert").filter(has_text="Not saved")
    await expect(refusal).to_be_visible()
    gone = page.get_by_text("is not in this document")
    await expect(gone).to_have_count(0)
    await page.context.unroute("**/v1/me")
    await page.reload()
    await expect(refusal).to_be_visible()
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await expect(gone).to_have_count(0)
    # Given up, it is named nowhere any more.
    await refusal.get_by_role("button", name="Give it up").click()
    await expect(refusal).to_have_count(0)
    await expect(gone).to_have_count(0)
    assert "annotation=" not in page.url


async def test_what_a_closed_page_left_is_sent_by_the_next(room: Room) -> None:
    document = await room.document(make.TEXT)
    left = await room.open("annotator", f"/documents/{document['id']}")
    await left.route("**/annotations?*", lambda route: route.abort())
    await left.keyboard.press("t")
    await left.keyboard.press("s")
    await left.keyboard.press("1")
    await expect(left.locator(".outstanding")).to_contain_text("cannot be reached")
    other = await left.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    await expect(other.get_by_role("heading", level=1)).to_be_visible()
    assert await room.stored(document) == []

    # Closed without a word, as a browser that crashes closes it.
    await left.close()
    await expect(other.locator(".outstanding")).to_have_text("")
    assert [one["quote"] for one in await _arrived(room, document)] == [
        "Ukraine says that Chinese nationals fight for Russia."
    ]


async def test_a_browser_that_keeps_nothing_is_told_so_and_saves_all_the_same(room: Room) -> None:
    document = await room.document(make.TEXT)
    context = await room.browser("annotator")
    await context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
    )
    page = await context.new_page()
    await page.goto(f"/#/projects/{room.project}/documents/{document['id']}")
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await page.route("**/annotations?*", lambda route: route.abort())
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_contain_text("keeps nothing")
    await page.unroute_all(behavior="ignoreErrors")
    await expect(page.locator(".outstanding")).to_have_text("")
    assert len(await room.stored(document)) == 1


async def test_what_one_user_left_is_never_sent_as_another(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.route("**/annotations?*", lambda route: route.abort())
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_contain_text("cannot be reached")

    for name in ("annotator-b", "annotator"):
        await sign_in_instead(page, name)
        await expect(page.locator(".outstanding")).to_have_text("")
        if name == "annotator-b":
            await page.wait_for_timeout(1500)
            assert await room.stored(document) == []

    # Nothing is said to be outstanding before the page has looked for it, too.
    (stored,) = await _arrived(room, document)
    assert stored["author"] == "annotator"


async def test_what_waited_behind_a_refused_edit_is_kept_with_it(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await expect(page.get_by_label("note")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_label("label").select_option("denial")
    await _note(page, "Why it is one.")
    await make.decision(room.client("reviewer"), claim["id"])
    await page.context.set_offline(False)

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Why it is one.")
    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(refusal).to_have_count(0)
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["note"]) == ("denial", "Why it is one.")


async def _typing(room: Room) -> tuple[Page, dict[str, Any], str]:
    """A page on which a note is being typed that somebody else has changed meanwhile.

    With it, the document and the path of the annotation.
    """
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await page.get_by_label("note").press_sequentially("Mine.")
    path = f"/v1/annotations/{claim['id']}"
    edit = {"note": "Theirs."}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(1)), 200)
    await expect(page.locator(".announcement")).to_contain_text("reviewer")
    return page, document, path


async def test_what_another_changes_while_one_types_is_not_overwritten(room: Room) -> None:
    page, document, _ = await _typing(room)
    note = page.get_by_label("note")
    assert await note.input_value() == "Mine."
    await note.blur()

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Theirs.")
    await expect(refusal).to_contain_text("Mine.")
    assert (await room.stored(document))[0]["note"] == "Theirs."


async def test_an_edit_that_waits_behind_a_lost_answer_overwrites_nothing(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")

    async def lose(route: Route) -> None:
        if not await room.stored(document):
            await route.fetch()
        await route.abort()

    await page.route("**/annotations?*", lose)
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_contain_text("cannot be reached")
    (claim,) = await room.stored(document)
    path = f"/v1/annotations/{claim['id']}"
    edit = {"note": "The reviewer’s note."}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(1)), 200)
    await _note(page, "The author’s note.")
    await expect(page.locator(".outstanding")).to_contain_text("2 changes on their way")
    await page.unroute_all(behavior="ignoreErrors")

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("The reviewer’s note.")
    await expect(refusal).to_contain_text("The author’s note.")
    assert (await room.stored(document))[0]["note"] == "The reviewer’s note."


async def test_an_edit_in_flight_makes_no_older_one_newer(room: Room) -> None:
    page, document, path = await _typing(room)
    note = page.get_by_label("note")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route(f"**{path}?*", late)
    # The cursor stays in the note.
    await page.get_by_label("label").select_option("denial")
    await expect(page.locator(".outstanding")).to_contain_text("1 change on its way")
    await note.blur()
    await expect(page.locator(".outstanding")).to_contain_text("2 changes on their way")
    answered.set()

    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Theirs.")
    await expect(refusal).to_contain_text("Mine.")
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["note"]) == ("denial", "Theirs.")


async def test_who_insists_overwrites_only_what_was_shown(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    reviewer = room.client("reviewer")
    path = f"/v1/annotations/{claim['id']}"
    note = page.get_by_label("note")
    await note.press_sequentially("Mine.")
    edit = {"note": "Theirs."}
    await make.said(await reviewer.patch(path, json=edit, headers=make.seen(1)), 200)
    await expect(page.locator(".announcement")).to_contain_text("reviewer")
    await note.blur()
    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Theirs.")

    edit = {"note": "Theirs, again."}
    await make.said(await reviewer.patch(path, json=edit, headers=make.seen(2)), 200)
    await expect(note).to_have_value("Theirs, again.")
    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(refusal).to_contain_text("Theirs, again.")
    assert (await room.stored(document))[0]["note"] == "Theirs, again."
    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(refusal).to_have_count(0)
    await expect(page.locator(".outstanding")).to_have_text("")
    assert (await room.stored(document))[0]["note"] == "Mine."


async def test_of_two_refused_edits_each_is_tried_again_once(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await expect(page.get_by_label("note")).to_be_visible()
    refusals = page.get_by_role("alert").filter(has_text="Not saved")
    await _unaware(page)
    await _role(room, "reader")
    await page.get_by_label("label").select_option("denial")
    await expect(refusals).to_have_count(1)
    await _note(page, "Why it is one.")
    await expect(refusals).to_have_count(2)

    await _role(room, "annotator")
    for left in (1, 0):
        await refusals.first.get_by_role("button", name="Try again").click()
        await expect(refusals).to_have_count(left)
        await expect(page.locator(".outstanding")).to_have_text("")
    await expect(refusals).to_have_count(0)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["note"]) == ("denial", "Why it is one.")


async def test_who_has_edited_it_since_insists_once(room: Room) -> None:
    page, document, _ = await _typing(room)
    await page.get_by_label("note").blur()
    refusal = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    await expect(refusal).to_contain_text("Theirs.")
    await page.get_by_label("label").select_option("denial")
    await expect(page.locator(".outstanding")).to_have_text("")
    assert (await room.stored(document))[0]["label"] == "denial"

    await refusal.get_by_role("button", name="Do it all the same").click()
    await expect(refusal).to_have_count(0)
    await expect(page.locator(".outstanding")).to_have_text("")
    await expect(refusal).to_have_count(0)
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["note"]) == ("denial", "Mine.")


async def test_what_another_has_changed_is_not_withdrawn_by_undoing(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    for key in ("t", "s", "1"):
        await page.keyboard.press(key)
    (claim,) = await _arrived(room, document)
    path = f"/v1/annotations/{claim['id']}"
    edit = {"note": "Theirs."}
    await make.said(await room.client("reviewer").patch(path, json=edit, headers=make.seen(1)), 200)
    await expect(page.get_by_label("note")).to_have_value("Theirs.")

    await page.keyboard.press("Control+z")
    await expect(page.locator(".announcement")).to_contain_text("Not undone")
    await expect(page.locator(".outstanding")).to_have_text("")
    assert [one["note"] for one in await room.stored(document)] == ["Theirs."]


async def test_what_no_stet_answers_is_sent_again(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    answers = iter(
        [
            (200, "text/html", "<p>Sign in to the network.</p>"),
            (201, "application/json", '{"id": "half'),
            (502, "text/html", "Bad gateway"),
        ]
    )

    async def between(route: Route) -> None:
        answer = next(answers, None)
        if answer is None:
            await route.continue_()
            return
        status, kind, body = answer
        await route.fulfill(status=status, content_type=kind, body=body)

    await page.route("**/annotations?*", between)
    await page.keyboard.press("t")
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_contain_text("not Stet")
    await expect(page.locator(".outstanding")).to_have_text("")
    assert len(await room.stored(document)) == 1
