"""Signing in and out, and what a page shows to nobody."""

from playwright.async_api import expect

from tests.web.conftest import PASSWORD, Room, watch


async def test_a_person_signs_in_with_a_password_and_out_again(room: Room) -> None:
    page = await room.site.browser.new_page(base_url=room.site.url)
    watch(page, room.stack)
    room.stack.push_async_callback(page.close)

    await page.goto(f"/#/projects/{room.project}")
    await page.get_by_label("Name").fill("annotator")
    await page.get_by_label("Password").fill("not this one")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()

    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="annotator", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_projects_are_listed(room: Room) -> None:
    page = await room.open("annotator")
    await page.get_by_role("link", name="Stet").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    await page.locator(f'a[href="#/projects/{room.project}"]').click()
    await expect(page.get_by_role("navigation", name=room.project)).to_be_visible()
