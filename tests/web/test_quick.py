"""Who is quicker than the page: what one does before it has drawn, or before it has its answer."""

import asyncio
import re
from typing import Any

from playwright.async_api import Page, Route, expect

from tests import make
from tests.web.conftest import Room
from tests.web.held import Held

# What runs in one task of the page: nothing is drawn, and nothing else is heard, until it is over.
_HELPERS = """
    const rendered = async () => { for (let turn = 0; turn < 20; turn += 1) await null; };
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const press = (key) => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const type = (field, value) => {
        field.value = value;
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    const say = (field, value) => {
        field.value = value;
        field.dispatchEvent(new Event("change", { bubbles: true }));
    };
"""


async def _at_once(page: Page, script: str, given: Any = None) -> Any:
    """Run it before the page draws again, and go on when it has drawn."""
    body = f"async (given) => {{ {_HELPERS} {script}; await drawn(); }}"
    return await page.evaluate(body, given)


async def test_keys_and_clicks_that_follow_at_once_are_those_that_are_meant(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    denial = await room.annotation(document, "Beijing", "denial")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    rows = page.locator(".in-sight li button")
    chosen = page.locator(".in-sight [aria-pressed=true]")
    await expect(chosen).to_contain_text(claim["quote"])

    # Escape shuts what was opened, and a key is for the dialog, and not for what lies below.
    await _at_once(
        page,
        """document.querySelector(".text").focus();
        document.querySelector(".menu-button").click();
        await rendered();
        press("Escape")""",
    )
    await expect(page.locator(".menu.open")).to_have_count(0)
    await _at_once(
        page,
        """document.querySelector(".text").focus();
        press("?");
        await rendered();
        press("n")""",
    )
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(chosen).to_contain_text(claim["quote"])

    # An address leads to an annotation, and one chooses another.
    await expect(rows).to_have_count(2)
    await _at_once(
        page,
        """history.replaceState(null, "", location.hash.replace(/[^=]+$/, given));
        dispatchEvent(new HashChangeEvent("hashchange"));
        await rendered();
        document.querySelector(".in-sight [aria-pressed=true]").click()""",
        denial["id"],
    )
    await expect(chosen).to_have_count(0)


async def test_a_letter_that_follows_on_what_is_searched_for_stays(room: Room) -> None:
    await room.document(make.TEXT)
    follows = """const field = document.querySelector("[type=search]");
        const asked = new Promise((heard) => addEventListener("hashchange", heard, { once: true }));
        SEARCH(field, "Kyi");
        await asked;
        await rendered();
        type(field, "Kyiv")"""
    page = await room.open("reviewer")
    await _at_once(page, follows.replace("SEARCH", "type"))
    await expect(page).to_have_url(re.compile(r"\?q=Kyiv$"))
    await expect(page.get_by_label("Search")).to_have_value("Kyiv")

    await page.get_by_role("link", name="Review", exact=True).click()
    quote = page.get_by_role("searchbox", name="Quote")
    await expect(quote).to_be_visible()
    await _at_once(page, follows.replace("SEARCH", "say"))
    await expect(page).to_have_url(re.compile(r"\?quote=Kyi$"))
    await expect(quote).to_have_value("Kyiv")


async def test_who_types_elsewhere_by_the_time_of_an_answer_goes_on_typing(room: Room) -> None:
    document = await room.document(make.TEXT)
    await room.annotation(document, "Chinese nationals fight for Russia")
    page = await room.open("reviewer", "/review")
    rows = page.locator(".queue li")
    await expect(rows).to_have_count(1)
    decisions = Held()
    await page.context.route("**/decisions?*", decisions)
    await page.keyboard.press("a")
    await expect(rows).to_contain_text("on its way")
    quote = page.get_by_role("searchbox", name="Quote")
    await quote.focus()
    await room.annotation(document, "Beijing", "denial")
    await expect(rows).to_have_count(2)
    await decisions.let_go()
    await expect(rows).to_have_count(1)
    await expect(quote).to_be_focused()


async def test_what_came_back_is_there_with_the_first_that_is_drawn(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight for Russia")
    await make.decision(room.client("reviewer"), claim["id"], "request_changes", comment="Why?")
    page = await room.open("annotator")
    said = await page.evaluate(
        """async (place) => {
            location.hash = place;
            for (;;) {
                await new Promise((drawing) => requestAnimationFrame(drawing));
                const said = document.querySelector("main").textContent;
                if (said.includes("not approved") || said.includes("Nothing")) return said;
            }
        }""",
        f"#/projects/{room.project}/returned",
    )
    assert "1 of your annotations was not approved" in said


async def test_what_is_chosen_as_soon_as_it_can_be_is_changed_whatever_else_is_on_its_way(
    room: Room,
) -> None:
    page = await room.open("manager")
    await page.evaluate(
        """(place) => new Promise((chosen) => {
            const seen = new MutationObserver(() => {
                const role = document.querySelector("[aria-label='Role of reader']");
                if (!role) return;
                seen.disconnect();
                role.value = "reviewer";
                role.dispatchEvent(new Event("change", { bubbles: true }));
                requestAnimationFrame(() => setTimeout(chosen));
            });
            seen.observe(document.body, { childList: true, subtree: true });
            location.hash = place;
        })""",
        f"#/projects/{room.project}/manage/members",
    )
    reader = page.get_by_label("Role of reader", exact=True)
    await expect(reader).to_have_value("reviewer")

    # Two are changed, and answered one after the other; the one has another role chosen by then.
    reviewer = page.get_by_label("Role of reviewer", exact=True)
    change = page.get_by_role("button", name="Change", exact=True)
    await reviewer.select_option("annotator")
    changes = Held()
    await page.context.route("**/members/r*", changes)
    await change.first.click()
    await change.last.click()
    await reviewer.select_option("manager")
    await changes.let_go()
    await expect(change).to_have_count(1)
    await changes.let_go()
    await expect(page.get_by_text("reviewer is annotator now")).to_be_visible()
    await expect(reader).to_have_value("reviewer")
    await expect(reviewer).to_have_value("manager")
    await change.click()
    await changes.let_go()
    await expect(change).to_have_count(0)
    await expect(reviewer).to_have_value("manager")
    await page.context.unroute("**/members/r*")

    # Another name is typed while one is being added, and the list that is loaded then was read
    # before somebody is changed.
    name, role = page.get_by_label("User name"), page.locator("[name=role]")
    added, lists = Held(), asyncio.Event()

    async def read_before(route: Route) -> None:
        answer = await route.fetch()
        await lists.wait()
        await route.fulfill(response=answer)

    await page.context.route("**/members/stranger", added)
    await page.context.route("**/members?*", read_before)
    await name.fill("stranger")
    await role.select_option("reader")
    await page.get_by_role("button", name="Add").click()
    await name.fill("somebody")
    async with page.expect_request("**/members?*"):
        await added.let_go()
    await expect(page.get_by_text("stranger is reader now")).to_be_visible()
    await expect(name).to_have_value("somebody")
    await expect(role).to_have_value("reader")
    await reader.select_option("annotator")
    await change.click()
    await expect(page.get_by_text("reader is annotator now")).to_be_visible()
    lists.set()
    await expect(page.get_by_label("Role of stranger")).to_be_visible()
    await expect(reader).to_have_value("annotator")


async def test_what_is_typed_while_a_document_is_being_added_is_another(room: Room) -> None:
    page = await room.open("annotator")
    add = page.get_by_text("Add a document")
    send = page.get_by_role("button", name="Add", exact=True)
    title, text = page.get_by_label("Title"), page.get_by_label("Text", exact=True)
    announced = page.locator(".announcement")
    asked = Held()
    await page.context.route("**/documents", asked)
    await add.click()
    await title.fill("First")
    await text.fill("As it was sent.")
    await send.click()
    await text.fill("Typed since.")
    await asked.let_go()
    await expect(page.get_by_text("First is added as it was sent.")).to_be_visible()
    await page.keyboard.press("Escape")
    await add.click()
    await expect(text).to_have_value("Typed since.")

    # Also where the form was shut, and opened anew, before the answer.
    await title.fill("Second")
    await send.click()
    await page.keyboard.press("Escape")
    await add.click()
    await title.fill("\u200b")
    await asked.let_go()
    await expect(announced).to_have_text("Second is added.")
    await page.keyboard.press("Escape")
    await add.click()
    await expect(title).to_have_value("\u200b")
    await send.click()
    await page.keyboard.press("Escape")
    await asked.let_go()
    await expect(announced).to_contain_text("Not saved: title")


async def test_what_follows_on_what_was_sent_is_told_apart_from_it(room: Room) -> None:
    page = await room.open("admin", "/manage/scheme")
    name = page.get_by_label("Name of the scheme")
    before = await name.input_value()
    # What is discarded by then is saved all the same, and no edit goes back on it.
    await name.fill("Mine")
    await page.get_by_role("button", name="Preview").click()
    asked = Held()
    await page.context.route("**/scheme", asked)
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Discard the edits").click()
    await expect(name).to_have_value(before)
    await asked.let_go()
    await expect(name).to_have_value("Mine")
    assert await page.evaluate("Object.keys(sessionStorage).join()") == ""

    # What is typed is the next to be added, with its password.
    await page.evaluate("location.hash = '#/users'")
    send = page.get_by_role("button", name="Add", exact=True)
    announced = page.locator(".announcement")
    name, password = page.get_by_label("User name"), page.get_by_label("Password")
    await page.context.route("**/users", asked)
    await name.fill(f"first-{room.project}")
    await password.fill("what the first has")
    await send.click()
    await name.fill(f"next-{room.project}")
    await password.fill("what the next has")
    await asked.let_go()
    await expect(announced).to_have_text(f"first-{room.project} is added.")
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await send.click()
        await asked.let_go()
    said = (await sent.value).post_data_json
    assert said is not None
    assert (said["name"], said["password"]) == (f"next-{room.project}", "what the next has")
    kept = await page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "the next has" not in kept

    # What is refused is told, whoever has shut the dialog by then.
    await page.get_by_role("button", name=f"Change next-{room.project}").click()
    await page.get_by_label("New password").fill("a" * 12)
    await page.context.route("**/users/next-*", asked)
    await page.get_by_role("button", name="Save").click()
    await page.keyboard.press("Escape")
    await asked.let_go()
    await expect(announced).to_contain_text("Not saved: password")


async def test_an_answer_shuts_and_leads_away_from_nothing_but_what_asked(room: Room) -> None:
    documents = [await room.document(make.TEXT, title=t) for t in ("First", "Second", "Third")]
    page = await room.open("manager")
    dialog = page.get_by_role("dialog")
    deletions = Held()
    await page.context.route("**/v1/documents/*", deletions)
    await page.get_by_role("button", name="Delete First").click()
    await dialog.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Delete Second").click()
    await deletions.let_go()
    await expect(page.locator(".documents li")).to_have_count(2)
    await expect(dialog).to_contain_text("Second")

    # A refusal is told, and asks nothing in the place of another question.
    await dialog.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Cancel").click()
    second = f"/v1/documents/{documents[1]['id']}"
    theirs = {"language": "uk"}
    await make.said(
        await room.client("manager").patch(second, json=theirs, headers=make.seen(1)), 200
    )
    await page.get_by_role("button", name="Delete Third").click()
    await deletions.let_go()
    await expect(page.locator(".announcement")).to_have_text("Delete: It was changed meanwhile.")
    await expect(dialog).to_contain_text("Third")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.context.unroute("**/v1/documents/*")

    await page.get_by_role("link", name="Second").click()
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    waiting = Held()
    await page.context.route("**/documents?*annotated_by=*", waiting)
    async with page.expect_request("**/documents?*annotated_by=*"):
        await page.keyboard.press("Alt+Enter")
    await page.get_by_role("link", name="Overview").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    async with page.expect_request_finished():
        await waiting.let_go()
    await page.evaluate("() => new Promise((done) => setTimeout(done))")
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(page).to_have_url(re.compile("/overview$"))


async def test_what_comes_while_a_dialog_is_open_is_painted_and_listed_when_it_is_shut(
    room: Room,
) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    # Safari takes a range that it is given meanwhile for one in the dialog.
    await page.evaluate(
        """() => {
            globalThis.lost = new Set();
            const { add } = Highlight.prototype;
            Highlight.prototype.add = function (range) {
                lost[document.querySelector("dialog[open]") ? "add" : "delete"](range);
                return add.call(this, range);
            };
        }"""
    )
    await page.clock.install()
    await page.keyboard.press("?")
    await room.annotation(document, "Chinese nationals fight", by="annotator-b")
    await expect(page.locator(".in-sight h2")).to_have_text("On the screen: 1 of 1")
    assert await page.evaluate("lost.size") == 1
    # As when the window's size changes: below the dialog, the text cannot be looked at.
    await page.evaluate("() => { dispatchEvent(new Event('resize')) }")
    await page.clock.run_for(1000)

    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await _at_once(page, "")
    assert await page.evaluate("lost.size") == 0
    assert await page.evaluate("CSS.highlights.get('stet-label-0-0').size") == 1
    await expect(page.locator(".in-sight h2")).to_have_text("On the screen: 1 of 1")
