"""The overview: plots, and the tables that say the same."""

import re

from playwright.async_api import expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room


async def test_the_overview_draws_what_its_tables_say(room: Room) -> None:
    document = await room.document(text=make.TEXT)
    untouched = await room.document(title="Not begun")
    claim = await make.annotation(room.client("annotator"), document["id"])
    await make.annotation(room.client("annotator-b"), document["id"])
    await make.annotation(room.client("annotator"), document["id"], "denial", "totally unfounded")
    await make.decision(room.client("reviewer"), claim["id"])

    page = await room.open("reader", "/overview")
    totals = page.locator(".totals")
    await expect(totals).to_contain_text("1 50%")
    await expect(totals).to_contain_text("1 33%")
    labels = page.get_by_role("region", name="Annotations by label and status")
    row = labels.get_by_role("row", name="claim")
    await expect(row.get_by_role("cell")).to_have_text(["1", "1", "0", "0", "2", ""])
    # Half of the longest bar is pending, and the other half has another pattern.
    bars = row.locator("svg.bar rect")
    assert [await bar.get_attribute("width") for bar in await bars.all()] == ["100", "100"]
    fills = [await bar.get_attribute("fill") for bar in await bars.all()]
    assert fills == ["url(#fill-pending)", "url(#fill-approved)"]
    people = page.get_by_role("region", name="Work by person")
    person = people.get_by_role("row", name="reviewer")
    await expect(person.get_by_role("cell")).to_have_text(["0", "", "0", "1", "0", "0", ""])

    await page.get_by_text("These figures as a table").click()
    days = page.get_by_role("region", name="Figures by day").get_by_role("row")
    await expect(days.nth(1).get_by_role("cell")).to_have_text(["2", "1", "0", "0", "1", "0", "0"])
    await barriers.none_found_in_either_theme(page)

    await page.set_viewport_size({"width": 320, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name="Not begun").click()
    await expect(page).to_have_url(re.compile(untouched["id"]))
