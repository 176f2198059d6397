"""What is answered when one has typed on, or is in another view: it is told there, and kept."""

import json
import re

from playwright.async_api import FilePayload, Page, expect

from tests import make
from tests.web.conftest import Room
from tests.web.held import Held


async def _go(page: Page, place: str, heading: str) -> None:
    await page.evaluate("(place) => { location.hash = place }", f"#/{place}")
    await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


async def test_what_is_edited_of_a_user_while_they_are_saved_is_the_next_change(
    room: Room,
) -> None:
    name, client = f"edited-{room.project}", room.client("admin")
    await make.said(await client.post("/v1/users", json={"name": name}), 201)
    page = await room.open("admin")
    await _go(page, "users", "Users")
    dialog = page.get_by_role("dialog")
    shown, password = (
        dialog.get_by_label("Name as it is shown"),
        dialog.get_by_label("New password"),
    )
    save = dialog.get_by_role("button", name="Save")
    asked = Held()
    await page.context.route(f"**/v1/users/{name}", asked)
    await page.get_by_role("button", name=f"Change {name}").click()
    await shown.fill("Анна")
    await password.fill("long enough for all")
    await dialog.get_by_label("An admin").check()
    await dialog.get_by_label("Revoke all their tokens").check()
    await save.click()
    await shown.fill("Анна Б.")
    await dialog.get_by_label("An admin").uncheck()
    await asked.let_go()

    await expect(dialog).to_contain_text("It is saved as it was sent.")
    await expect(shown).to_have_value("Анна Б.")
    # What was asked for is done, and not asked for again.
    await expect(password).to_have_value("")
    await expect(dialog.get_by_label("Revoke all their tokens")).not_to_be_checked()
    await expect(page.get_by_role("row", name=name)).to_contain_text("Анна")
    await save.click()
    await password.fill("another for all of us")
    await asked.let_go()
    await expect(password).to_have_value("another for all of us")
    await save.click()
    await asked.let_go()
    await expect(dialog).to_have_count(0)
    audit = (await client.get("/v1/audit", params={"user": name})).json()["items"]
    assert [entry["changes"] for entry in audit[:3]] == [
        {"password": ["set", "set"]},
        {"display_name": ["Анна", "Анна Б."], "is_admin": [True, False]},
        {
            "display_name": [None, "Анна"],
            "is_admin": [False, True],
            "password": [None, "set"],
            "revoke_tokens": [None, True],
        },
    ]


async def test_what_is_refused_of_a_view_that_was_left_is_told_in_the_next(room: Room) -> None:
    document = await room.document(make.TEXT)
    await make.annotation(room.client("annotator"), document["id"])
    page = await room.open("manager", "/manage/members")
    manage = f"projects/{room.project}/manage"
    announced = page.locator(".announcement")
    asked = Held("PUT")
    await page.context.route("**/members/reader", asked)
    await page.context.route("**/scheme", asked)
    await page.get_by_label("Role of reader").select_option("reviewer")
    await page.get_by_role("button", name="Change", exact=True).click()
    theirs = {"role": "annotator"}
    path = f"/v1/projects/{room.project}/members/reader"
    await make.said(await room.client("admin").put(path, json=theirs, headers=make.seen(1)), 200)
    # The next view is on its way: the one before it stands until it comes.
    module = Held()
    await page.context.route("**/views/overview.js", module)
    await page.get_by_role("link", name="Overview").click()
    await asked.let_go()
    await expect(announced).to_have_text(
        f"The role of reader in {room.project} is not changed: "
        "reader was changed meanwhile, and is annotator now. Nothing was written."
    )
    await module.let_go()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    await _go(page, f"{manage}/scheme", "Scheme")
    await page.locator("summary", has_text="claim").first.click()
    await page.locator("details[open]").get_by_label("Name", exact=True).first.fill("assertion")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Save").click()
    await _go(page, f"{manage}/settings", "Settings")
    await asked.let_go()
    await expect(announced).to_contain_text(f"The scheme of {room.project} is not saved: ")
    await expect(announced).to_contain_text("The scheme was not changed")


async def test_edits_of_a_scheme_that_one_came_back_to_stand_when_it_is_saved(room: Room) -> None:
    page = await room.open("manager", "/manage/scheme")
    manage = f"projects/{room.project}/manage"
    name = page.get_by_label("Name of the scheme")
    await name.fill("Mine")
    await page.get_by_role("button", name="Preview").click()
    saved = Held("PUT")
    await page.context.route("**/scheme", saved)
    await page.get_by_role("button", name="Save").click()
    await _go(page, f"{manage}/settings", "Settings")
    await _go(page, f"{manage}/scheme", "Scheme")
    await name.fill("Mine too")
    await _go(page, f"{manage}/settings", "Settings")
    await saved.let_go()
    await expect(page.get_by_text("The scheme is saved.")).to_be_visible()
    await _go(page, f"{manage}/scheme", "Scheme")
    await expect(name).to_have_value("Mine too")


async def test_what_is_ticked_meanwhile_is_not_put_back(room: Room) -> None:
    page = await room.open("manager", "/manage/releases")
    name = page.get_by_label("Name", exact=True)
    denial = page.get_by_role("checkbox", name="denial")
    press = page.get_by_role("button", name="Make it")
    announced = page.locator(".announcement")
    asked = Held("POST")
    await page.context.route("**/releases", asked)
    await name.fill("first")
    await press.click()
    await denial.check()
    await asked.let_go()
    await expect(announced).to_have_text("first is made.")
    await expect(name).to_have_value("")
    await expect(denial).to_be_checked()
    await name.fill("second")
    await press.click()
    await name.fill("third")
    await asked.let_go()
    await expect(announced).to_have_text("second is made.")
    await expect(denial).to_be_checked()
    await press.click()
    await asked.let_go()
    await expect(announced).to_have_text("third is made.")
    await expect(denial).not_to_be_checked()

    # What another choice would lose is said late, and takes nothing of this one's place.
    await page.get_by_role("link", name="Export").click()
    ask = page.get_by_role("button", name="See what the format would lose")
    holds = page.get_by_role("heading", name="What the file would hold")
    lost = Held()
    await page.context.route(re.compile("format=csv.*dry_run"), lost)
    await page.get_by_label("Format").select_option("csv")
    await ask.click()
    await page.get_by_label("Format").select_option("brat")
    await ask.click()
    await expect(holds).to_be_visible()
    async with page.expect_request_finished():
        await lost.let_go()
    await page.evaluate("() => new Promise((done) => setTimeout(done))")
    await expect(holds).to_be_visible()


async def test_a_project_that_is_made_leads_nobody_away_from_what_they_turned_to(
    room: Room,
) -> None:
    page = await room.open("admin")
    await _go(page, "", "Projects")
    announced = page.locator(".announcement")
    name, press = page.get_by_label("Name"), page.get_by_role("button", name="Make it")
    asked, module = Held("POST"), Held()
    await page.context.route("**/v1/projects", asked)
    await page.get_by_text("Make a project").click()

    async def make_one(slug: str) -> None:
        await name.fill(slug)
        await page.get_by_label("Slug").fill(slug)
        await press.click()

    first, second, third = (f"{number}-{room.project}" for number in ("first", "second", "third"))
    await make_one(first)
    await page.get_by_label("Description").fill("Of the next.")
    await asked.let_go()
    await expect(announced).to_have_text(f"The project {first} is made.")
    await expect(page.get_by_role("link", name=first)).to_have_count(1)
    await expect(page.get_by_label("Description")).to_have_value("Of the next.")

    # Of a view that is still on its way, too.
    await page.context.route("**/views/users.js", module)
    await make_one(second)
    await page.get_by_role("link", name="Users").click()
    await asked.let_go()
    await expect(announced).to_have_text(f"The project {second} is made.")
    await module.let_go()
    await expect(page.get_by_role("heading", name="Users")).to_be_visible()

    await _go(page, "", "Projects")
    await page.get_by_text("Make a project").click()
    await make_one(third)
    await asked.let_go()
    await expect(page.get_by_role("heading", name="Members")).to_be_visible()


async def test_a_token_that_is_made_after_one_has_left_is_shown_when_one_comes_back(
    room: Room,
) -> None:
    name = f"late-{room.project}"
    page = await room.open("annotator")
    await _go(page, "tokens", "Tokens")
    field, press = page.get_by_label("Name", exact=True), page.get_by_role("button", name="Make it")
    announced, secret = page.locator(".announcement"), page.locator(".secret")
    asked = Held("POST")
    await page.context.route("**/v1/tokens", asked)
    await field.fill(name)
    await press.click()
    await _go(page, f"projects/{room.project}", "Documents")
    await asked.let_go()
    await expect(announced).to_contain_text(f"The token {name} is made. It waits under Tokens")
    # Nobody has seen it: the page is not thrown away unasked.
    async with page.expect_event("dialog") as warned:
        await page.close(run_before_unload=True)
    dialog = await warned.value
    assert dialog.type == "beforeunload"
    await dialog.dismiss()
    await page.get_by_role("link", name="annotator", exact=True).click()
    await expect(secret).to_have_text(re.compile("^stet_"))
    await expect(page.get_by_role("row", name=name)).to_have_count(1)

    # It is there until it is put away, or the page is loaded anew.
    await _go(page, f"projects/{room.project}", "Documents")
    await _go(page, "tokens", "Tokens")
    await expect(secret).to_have_count(1)
    await page.get_by_role("button", name="Put it away").click()
    await expect(secret).to_have_count(0)

    # Who is back before the answer does not send the same again.
    await field.fill(f"once-{room.project}")
    await press.click()
    await _go(page, f"projects/{room.project}", "Documents")
    await _go(page, "tokens", "Tokens")
    await expect(field).to_have_value(f"once-{room.project}")
    await expect(press).to_be_disabled()
    await asked.let_go()
    await expect(secret).to_have_count(1)
    await expect(field).to_have_value("")
    await expect(press).to_be_enabled()
    await expect(page.get_by_role("row", name=f"once-{room.project}")).to_have_count(1)

    # What no answer told may be there, for nobody to use, and can be revoked.
    await field.fill(f"lost-{room.project}")
    await press.click()
    await asked.lose()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text(f"lost-{room.project} may be made all the same")
    await expect(alert).to_contain_text("revoke it")
    await page.get_by_role("button", name=f"Revoke lost-{room.project}").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(announced).to_have_text(f"lost-{room.project} is revoked.")


async def test_what_became_of_a_file_is_told_whoever_has_left(room: Room) -> None:
    page = await room.open("manager", "/manage/import")
    announced = page.locator(".announcement")
    asked = Held()
    await page.context.route("**/import?*", asked)
    lines = [{"title": "A", "text": "Words."}, {"title": "", "text": "Words."}]
    for line, said in (
        (lines[0], "news.jsonl is imported. Created: 1 document, 0 annotations, 0 relations."),
        (lines[1], "news.jsonl is not imported: "),
    ):
        await page.get_by_role("link", name="Import").click()
        file = FilePayload(
            name="news.jsonl", mimeType="application/jsonl", buffer=json.dumps(line).encode()
        )
        await page.locator("input[type=file]").set_input_files(file)
        await page.get_by_role("button", name="Import", exact=True).click()
        await page.get_by_role("link", name="Settings").click()
        await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
        await asked.let_go()
        await expect(announced).to_contain_text(said)
