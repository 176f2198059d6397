"""One's own tokens; and for admins, projects and users."""

import asyncio

import httpx
from playwright.async_api import Route, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import PASSWORD, Room, sign_in_instead, watch


async def test_a_token_is_shown_once_copied_used_and_revoked(room: Room) -> None:
    name = f"pull of {room.project}"
    page = await room.open("annotator")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto("/#/tokens")
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Role at most").select_option("reader")
    await page.get_by_label("Project").select_option(room.project)
    await page.get_by_label("Valid until").fill("2000-01-01")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Valid until").fill("2999-01-01")
    await page.get_by_role("button", name="Make it").click()

    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    token = await page.evaluate("navigator.clipboard.readText()")
    await expect(page.get_by_text(token)).to_be_visible()
    await barriers.none_found_in_either_theme(page)
    upper, lower = [await form.bounding_box() for form in await page.locator("main form").all()]
    assert upper is not None
    assert lower is not None
    assert lower["y"] > upper["y"] + upper["height"] + 8
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=room.site.url, headers=headers, timeout=30) as client:
        path = f"/v1/projects/{room.project}"
        assert (await client.get(path)).status_code == 200
        post = await client.post(f"{path}/documents", json={"title": "x", "text": "x"})
        assert post.status_code == 403

        await page.reload()
        await expect(page.get_by_role("row", name=name)).to_contain_text("2999")
        await expect(page.get_by_text(token)).to_have_count(0)
        await page.get_by_role("button", name=f"Revoke {name}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(page.get_by_role("row", name=name)).to_have_count(0)
        assert (await client.get(path)).status_code == 401


async def test_a_token_is_hidden_from_who_sits_here_next(room: Room) -> None:
    page = await room.open("annotator")
    await page.goto("/#/tokens")
    field, press = page.get_by_label("Name", exact=True), page.get_by_role("button", name="Make it")
    secret, there = page.locator(".secret"), page.locator("tbody tr")
    before = len((await room.client("annotator").get("/v1/tokens")).json()["items"])
    await field.fill(f"seen in {room.project}")
    await press.click()
    await expect(secret).to_be_visible()
    await expect(there).to_have_count(before + 1)

    # Until its owner is back, if nobody is known to be there.
    await page.context.clear_cookies()
    await field.fill(f"refused in {room.project}")
    await press.click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    await expect(dialog).to_be_visible()
    await expect(secret).to_be_hidden()
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(secret).to_be_visible()

    # For good, if another has come, and so is one that was on its way.
    is_made, is_other = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        answer = await route.fetch()
        is_made.set()
        await is_other.wait()
        await route.fulfill(response=answer)

    await page.route("**/v1/tokens", late)
    await field.fill(f"late in {room.project}")
    await press.click()
    await is_made.wait()
    other = await page.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    await sign_in_instead(other, "manager")
    await expect(secret).to_have_count(0)
    await expect(press).to_be_disabled()
    is_other.set()
    await expect(press).to_be_enabled()
    await expect(secret).to_have_count(0)
    await page.get_by_role("link", name="Stet").click()
    await page.go_back()
    await expect(press).to_be_visible()
    await expect(secret).to_have_count(0)
    made = (await room.client("annotator").get("/v1/tokens")).json()["items"]
    assert len(made) == before + 2


async def test_one_s_own_password_is_changed(room: Room) -> None:
    name = f"own-{room.project}"
    user = {"name": name, "password": PASSWORD}
    assert (await room.client("admin").post("/v1/users", json=user)).status_code == 201
    page = await room.site.browser.new_page(base_url=room.site.url)
    watch(page, room.stack)
    room.stack.push_async_callback(page.close)
    await page.goto("/#/tokens")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()

    current, new = page.get_by_label("Current password"), page.get_by_label("New password")
    for given, other in ((PASSWORD, "passwordpassword"), ("not this one", " another of mine ")):
        await current.fill(given)
        await new.fill(other)
        await page.get_by_role("button", name="Change it").click()
        field = "current_password" if given != PASSWORD else "password"
        await expect(page.get_by_role("alert")).to_contain_text(f"{field}: It ")
    await barriers.none_found_in_either_theme(page)
    await current.fill(PASSWORD)
    await page.get_by_role("button", name="Change it").click()
    await expect(page.locator(".announcement")).to_have_text("Your password is changed.")
    await expect(new).to_have_value("")

    user = {"username": name, "password": " another of mine "}
    assert (await room.client("reader").post("/v1/session", json=user)).status_code == 200


async def test_an_admin_makes_projects_and_users(room: Room) -> None:
    slug = f"new-{room.project}"
    page = await room.open("admin")
    await page.goto("/#/")
    await page.get_by_text("Make a project").click()
    await page.get_by_label("Name").fill("Новый 😀")
    await page.get_by_label("Slug").fill(room.project)
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert")).to_contain_text("already")
    await barriers.none_found_in_either_theme(page)
    await page.get_by_label("Slug").fill(slug)
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", name="Members")).to_be_visible()
    await expect(page.get_by_role("navigation", name=slug)).to_be_visible()

    await page.goto("/#/users")
    await expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    name, password = page.get_by_label("User name"), page.get_by_label("Password")
    await name.fill("Anna Bell")
    await password.fill("short")
    await page.get_by_role("button", name="Add").click()
    assert await name.evaluate("(field) => field.validity.patternMismatch && field.title")
    await name.fill("reader")
    assert await password.evaluate("(field) => field.validity.tooShort")
    await password.fill("long enough for anyone")
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("alert")).to_contain_text("reader")
    await name.fill(slug)
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("row", name=slug)).to_contain_text("active")
    await barriers.none_found_in_either_theme(page)


async def test_an_admin_changes_a_user(room: Room) -> None:
    name, client = f"changed-{room.project}", room.client("admin")
    user = {"name": name, "password": PASSWORD}
    assert (await client.post("/v1/users", json=user)).status_code == 201
    page = await room.open("admin")
    await page.goto("/#/users")
    row = page.get_by_role("row", name=name)
    change, dialog = page.get_by_role("button", name=f"Change {name}"), page.get_by_role("dialog")
    address = f"/v1/users/{name}"
    await change.click()
    await barriers.none_found_in_either_theme(page)
    await dialog.get_by_label("Name as it is shown").fill("Анна")
    await dialog.get_by_label("An admin").check()
    await dialog.get_by_label("New password").fill("long enough for all")
    await dialog.get_by_label("Revoke all their tokens").check()
    # Of what somebody else does meanwhile nothing is taken back unseen, nor is one's own lost.
    theirs = {"is_active": False}
    await make.said(await client.patch(address, json=theirs, headers=make.seen(1)), 200)
    save = dialog.get_by_role("button", name="Save")
    await save.click()
    await expect(dialog).to_contain_text("It was changed meanwhile.")
    await expect(dialog).to_contain_text("no admin and not active")
    await expect(dialog.get_by_label("Active")).not_to_be_checked()
    await save.click()
    await expect(dialog).to_have_count(0)
    announced = page.locator(".announcement")
    await expect(announced).to_have_text(f"{name} is changed.")
    await expect(row).to_contain_text("deactivated, admin")
    (entry, *_) = (await client.get("/v1/audit", params={"user": name})).json()["items"]
    assert entry["changes"] == {
        "display_name": [None, "Анна"],
        "is_admin": [False, True],
        "password": ["set", "set"],
        "revoke_tokens": [None, True],
    }

    # The list takes what they are now, too.
    await change.click()
    await dialog.get_by_label("Active").check()
    theirs = {"is_active": True}
    await make.said(await client.patch(address, json=theirs, headers=make.seen(3)), 200)
    await save.click()
    await expect(dialog).to_contain_text("It was changed meanwhile.")
    await save.click()
    await expect(dialog).to_contain_text("Nothing to change.")
    await page.keyboard.press("Escape")
    await expect(row).to_contain_text("active, admin")
    await change.click()
    await dialog.get_by_label("An admin").uncheck()
    await save.click()
    await expect(dialog).to_have_count(0)
    await expect(row).not_to_contain_text("admin")


async def test_a_button_that_is_pressed_twice_does_it_once(room: Room) -> None:
    page = await room.open("admin")
    sent: list[str] = []
    released = asyncio.Event()

    async def late(route: Route) -> None:
        if route.request.method != "GET":
            sent.append(route.request.url)
            await released.wait()
        await route.continue_()

    await page.route("**/v1/tokens", late)
    await page.route("**/v1/users", late)
    name = f"twice-{room.project}"
    for place, field, button in (("tokens", "Name", "Make it"), ("users", "User name", "Add")):
        released.clear()
        await page.goto(f"/#/{place}")
        await page.get_by_label(field, exact=True).fill(name)
        press = page.get_by_role("button", name=button, exact=True)
        await press.dblclick()
        # By the key that sends a form, too.
        await page.get_by_label(field, exact=True).press("Enter")
        await expect(press).to_be_disabled()
        released.set()
        await expect(page.get_by_role("row", name=name)).to_have_count(1)
        await expect(press).to_be_enabled()
        await expect(page.get_by_role("alert")).to_have_count(0)
    assert [one.rsplit("/", 1)[1] for one in sent] == ["tokens", "users"]

    # What changes something, too.
    sent.clear()
    project = f"**/v1/projects/{room.project}"
    await page.route(f"{project}/members/*", late)
    await page.route(project, late)
    for place, button in (("members", "Add"), ("members", "Change"), ("settings", "Save")):
        released.clear()
        await page.goto(f"/#/projects/{room.project}/manage/{place}")
        await expect(page.get_by_role("heading", name=place.title(), exact=True)).to_be_visible()
        if button == "Add":
            await page.get_by_label("User name").fill("stranger")
        elif button == "Change":
            await page.get_by_label("Role of stranger").select_option("reviewer")
        press = page.get_by_role("button", name=button, exact=True)
        await press.dblclick()
        await expect(press).to_be_disabled()
        released.set()
        await expect(page.locator(".announcement")).to_have_text(
            {
                "Add": "stranger is annotator now.",
                "Change": "stranger is reviewer now.",
                "Save": "Saved.",
            }[button]
        )
        await expect(page.get_by_role("alert")).to_have_count(0)
    assert [one.rsplit("/", 1)[1] for one in sent] == ["stranger", "stranger", room.project]
