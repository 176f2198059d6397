"""What one types while others write: nothing of it is lost, and none of it is taken for a key."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests import make
from tests.web.conftest import PASSWORD, Room, sign_in_instead

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


async def _scheme(room: Room, labels: list[dict[str, Any]]) -> None:
    path = f"/v1/projects/{room.project}/scheme"
    manager = room.client("manager")
    seen = {"If-Match": (await manager.get(path)).headers["ETag"]}
    scheme = {"name": "typed", "labels": labels}
    await make.said(await manager.put(path, json=scheme, headers=seen), 200)


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


async def test_a_note_is_saved_though_the_page_is_loaded_again_or_left_before(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    place = f"/documents/{document['id']}?annotation={claim['id']}"
    page = await room.open("annotator", place)
    note = page.get_by_role("region", name=CARD).get_by_label("note")

    await note.click()
    await page.keyboard.type("Before the reload.")
    await page.reload()
    await expect(note).to_have_value("Before the reload.")
    await _saved(page)
    # By an address, no field is left first.
    await page.evaluate("history.pushState(null, '', location.hash)")
    await note.fill("Before going back.")
    await page.evaluate("(place) => { location.hash = place }", f"#/projects/{room.project}")
    await expect(page.get_by_role("button", name="Add a document")).to_be_visible()
    await _saved(page)

    (stored,) = await room.stored(document)
    assert (stored["note"], stored["version"]) == ("Before going back.", 3)


async def test_a_comment_is_there_after_a_reload_and_for_no_other_user(room: Room) -> None:
    document = await room.document(make.TEXT)
    await room.annotation(document, "Chinese nationals fight")
    page = await room.open("reviewer", "/review")
    comment = page.get_by_label("Comment")
    await expect(page.get_by_text("1 pending.")).to_be_visible()
    await page.keyboard.press("r")
    await page.keyboard.type("Not in the source.")
    await page.reload()
    await expect(comment).to_have_value("Not in the source.")

    for name, typed in (("manager", ""), ("reviewer", "Not in the source.")):
        await sign_in_instead(page, name)
        await expect(comment).to_have_value(typed)
    await page.get_by_role("button", name="Reject and go on").click()
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()
    (stored,) = await room.stored(document)
    assert stored["status"] == "rejected"


async def test_edits_of_a_scheme_stand_while_one_looks_elsewhere(room: Room) -> None:
    page = await room.open("manager", "/manage/scheme")
    name = page.get_by_label("Name of the scheme")
    kept = page.get_by_text("What you edited before is here still")
    await name.fill("Mine")
    await page.get_by_role("link", name="Members").click()
    await expect(page.get_by_role("heading", name="Members")).to_be_visible()
    await page.get_by_role("link", name="Scheme").click()
    await expect(name).to_have_value("Mine")
    await expect(kept).to_be_visible()
    # A key that the document view has itself may be given to a label, and is told of.
    taken = page.locator(".key-taken").first
    await page.locator("summary").first.click()
    await expect(taken).to_have_text("")
    await page.get_by_label("Key", exact=True).first.fill("w")
    await expect(taken).to_contain_text("“Select the word; again: one more”")
    await expect(taken).to_contain_text("Altw")
    await page.get_by_label("Key", exact=True).first.fill("1")

    # What another saves meanwhile is told, and not overwritten unseen.
    path = f"/v1/projects/{room.project}/scheme"
    manager = room.client("manager")
    stored = await manager.get(path)
    theirs = {**stored.json(), "labels": [*stored.json()["labels"], {"name": "theirs"}]}
    seen = {"If-Match": stored.headers["ETag"]}
    await make.said(await manager.put(path, json=theirs, headers=seen), 200)
    await page.reload()
    await expect(name).to_have_value("Mine")
    await expect(page.get_by_text("The scheme was changed meanwhile")).to_be_visible()
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator(".differences")).to_contain_text("label “theirs”")

    await page.get_by_role("button", name="Discard the edits").click()
    await page.reload()
    await expect(name).not_to_have_value("Mine")
    await expect(kept).to_have_count(0)

    # What is edited after it was sent is not in what is saved, and was not there before.
    await name.fill("Mine")
    await page.reload()
    await expect(kept).to_be_visible()
    await page.get_by_role("button", name="Preview").click()
    saving, edited = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        if route.request.method == "PUT":
            saving.set()
            await edited.wait()
        await route.continue_()

    await page.route("**/scheme", late)
    await page.get_by_role("button", name="Save").click()
    await saving.wait()
    await name.fill("Mine too")
    edited.set()
    await expect(page.get_by_text("The scheme is saved.")).to_be_visible()
    await expect(name).to_have_value("Mine too")
    await expect(kept).to_have_count(0)


async def test_a_document_that_is_not_added_yet_is_there_when_one_comes_back(room: Room) -> None:
    page = await room.open("annotator")
    add = page.get_by_role("button", name="Add a document")
    text = page.get_by_label("Text", exact=True)
    await add.click()
    await page.get_by_label("Title").fill("Pasted")
    await text.fill(make.TEXT)
    await page.keyboard.press("Escape")
    await expect(text).to_have_count(0)
    await add.click()
    await expect(text).to_have_value(make.TEXT)
    await page.reload()
    await add.click()
    await expect(text).to_have_value(make.TEXT)
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="Pasted")).to_be_visible()

    # What was added, or is not wanted any more, does not come back.
    await page.get_by_role("link", name="Documents").click()
    await add.click()
    await expect(text).to_have_value("")
    await text.fill("Unwanted")
    await page.keyboard.press("Escape")
    await add.click()
    await page.get_by_role("button", name="Clear the form").click()
    await page.keyboard.press("Escape")
    await add.click()
    await expect(text).to_have_value("")


async def test_a_document_whose_answer_was_lost_is_added_once_and_another_beside_it(
    room: Room,
) -> None:
    page = await room.open("annotator")
    title = page.get_by_label("Title")
    text = page.get_by_label("Text", exact=True)
    path = f"/v1/projects/{room.project}/documents"

    async def titles() -> list[str]:
        found = (await room.client("reader").get(path)).json()["items"]
        return [one["title"] for one in found]

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    async def lost(name: str) -> None:
        """Add a document of which no answer comes, and come back to it."""
        await page.route(f"**{path}", lose)
        await page.get_by_role("button", name="Add a document").click()
        await title.fill(name)
        await text.fill(make.TEXT)
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await page.unroute(f"**{path}")
        await page.reload()
        await page.get_by_role("button", name="Add a document").click()
        await expect(text).to_have_value(make.TEXT)
        await expect(page.get_by_text("it may be added already")).to_be_visible()
        await expect(page.get_by_text("not added yet")).to_have_count(0)

    await lost("Once")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="Once")).to_be_visible()
    assert await titles() == ["Once"]

    await page.get_by_role("link", name="Documents").click()
    await lost("Second")
    await title.fill("Another")
    await text.fill("Something else.")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="Another")).to_be_visible()
    assert await titles() == ["Once", "Second", "Another"]


async def test_what_is_typed_for_what_a_label_requires_is_there_when_one_comes_back(
    room: Room,
) -> None:
    labels = [
        {"name": "strict", "attributes": [{"name": "why", "type": "string", "required": True}]}
    ]
    await _scheme(room, labels)
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    form = page.get_by_role("region", name="Not saved yet")
    why = form.get_by_label("why")
    for key in ("t", "s", "1"):
        await page.keyboard.press(key)
    await why.click()
    await page.keyboard.type("Said on")
    # It is typed no further, nor is the field left: the page goes as it is.
    await page.reload()
    await expect(why).to_have_value("Said on")
    await why.press("End")
    await page.keyboard.type(" page 12.")
    here = await page.evaluate("location.hash")
    for place in (f"#/projects/{room.project}", here):
        await page.evaluate("(place) => { location.hash = place }", place)
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "Documents" if place != here else document["title"]
        )
    await expect(why).to_have_value("Said on page 12.")

    # Who may only read by now is offered nothing to save; it is there for them when they may again.
    member = f"/v1/projects/{room.project}/members/annotator"
    for version, role in enumerate(("reader", "annotator"), 1):
        answer = await room.client("admin").put(
            member, json={"role": role}, headers=make.seen(version)
        )
        await make.said(answer, 200)
        await expect(page.locator(".announcement")).to_contain_text(f"You are {role}")
        await expect(form).to_have_count(0 if role == "reader" else 1)
    await form.get_by_role("button", name="Save").click()
    await _saved(page)
    (stored,) = await room.stored(document)
    assert stored["attributes"] == {"why": "Said on page 12."}


# Where in the page, and what is typed there.
_FORMS: dict[str, dict[str, str | bool]] = {
    "projects/{}/manage/members": {"User name": "some.body"},
    "projects/{}/manage/releases": {"Description": "All.", "↺ changes requested": True},
    "projects/{}/manage/settings": {"Description": "News.", "Reviewers may decide": True},
    "": {"Description": "Another."},
    "tokens": {"Name": "nightly", "Role at most": "reader"},
    "users": {"User name": "some.body", "An admin": True},
}


async def _give(field: Locator, value: str | bool) -> None:
    if value is True:
        await field.check()
    elif await field.evaluate("(field) => field.matches('select')"):
        await field.select_option(str(value))
    else:
        await field.fill(str(value))


async def test_what_is_typed_in_any_form_is_there_after_a_reload_but_no_password(
    room: Room,
) -> None:
    page = await room.open("admin")

    async def go(place: str) -> None:
        to = "(place) => { location.hash = `#/${place}` }"
        await page.evaluate(to, place.format(room.project))
        await page.reload()

    for place, fields in _FORMS.items():
        await go(place)
        if place == "":
            await page.get_by_text("Make a project").click()
        for name, value in fields.items():
            await _give(page.get_by_label(name), value)
    await page.get_by_label("Password").fill(PASSWORD)
    kept = await page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "some.body" in kept
    assert PASSWORD not in kept

    for place, fields in _FORMS.items():
        await go(place)
        for name, value in fields.items():
            await expect(page.get_by_label(name)).to_be_visible()
            if value is True:
                await expect(page.get_by_label(name)).to_be_checked()
            else:
                await expect(page.get_by_label(name)).to_have_value(str(value))
    await expect(page.get_by_label("Password")).to_have_value("")


async def test_settings_typed_before_another_wrote_theirs_are_told_of_them(room: Room) -> None:
    path = f"/v1/projects/{room.project}"
    page = await room.open("manager", "/manage/settings")
    description = page.get_by_label("Description")
    await description.fill("Mine.")
    await page.get_by_label("Reviewers may decide").check()
    theirs = {"description": "Theirs.", "settings": {"allow_self_review": True}}
    await make.said(await room.client("admin").patch(path, json=theirs, headers=make.seen(1)), 200)
    await page.reload()
    await expect(description).to_have_value("Mine.")
    await expect(page.get_by_label("Reviewers may decide")).to_be_checked()
    await expect(page.get_by_role("alert")).to_contain_text("description “Theirs.”")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)

    # What is saved is kept no more: the next sees what stands.
    theirs = {"description": "Theirs again."}
    await make.said(await room.client("admin").patch(path, json=theirs, headers=make.seen(3)), 200)
    await page.reload()
    await expect(description).to_have_value("Theirs again.")
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_what_is_typed_is_kept_with_each_key(room: Room) -> None:
    """However the page goes: some browsers tell it nothing of that."""
    page = await room.open("annotator")
    await page.get_by_role("button", name="Add a document").click()
    await page.get_by_label("Text", exact=True).press_sequentially("Typed")
    assert "Typed" in await page.evaluate("JSON.stringify({...sessionStorage})")


async def test_what_the_browser_does_not_keep_is_asked_about(room: Room) -> None:
    document = await room.document(make.TEXT)
    await room.annotation(document, "Chinese nationals fight")
    page = await room.open("reviewer", "/review")
    await page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'Quota'); }; }"
    )
    await expect(page.get_by_text("1 pending.")).to_be_visible()
    await page.keyboard.press("r")
    await page.keyboard.type("Not in the source.")
    async with page.expect_event("dialog") as asked:
        await page.close(run_before_unload=True)
    dialog = await asked.value
    assert dialog.type == "beforeunload"
    await dialog.dismiss()
    await expect(page.get_by_label("Comment")).to_have_value("Not in the source.")


async def test_an_answer_to_what_is_withdrawn_meanwhile_can_still_be_read(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    await make.decision(room.client("reviewer"), claim["id"], "reject", comment="Who says so?")
    page = await room.open("annotator", "/returned")
    answer = page.get_by_label("Your answer")
    await answer.click()
    await page.keyboard.type("Kyiv ")
    await page.reload()
    await expect(answer).to_have_value("Kyiv ")
    await answer.press("Control+End")
    await _withdraw(room, claim, "reviewer")
    await expect(page.get_by_role("alert")).to_contain_text("Withdrawn meanwhile.")
    await page.keyboard.type("does.")

    await expect(answer).to_have_value("Kyiv does.")
    await expect(page.get_by_role("button", name="Answer and send back")).to_be_disabled()
    await page.get_by_role("button", name="Let it go").click()
    await expect(answer).to_have_count(0)
