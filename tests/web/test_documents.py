"""The list of a project's documents: searching, going through it, adding and deleting."""

import json
import re

from playwright.async_api import expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room


async def many(room: Room, number: int) -> None:
    """So many documents, in one import."""
    lines = [json.dumps({"title": f"Number {n}", "text": "Words."}) for n in range(1, number + 1)]
    path = f"/v1/projects/{room.project}/import?format=jsonl"
    await make.said(await room.client("manager").post(path, content="\n".join(lines)), 200)


async def test_documents_are_searched_and_narrowed_and_going_back_finds_them_again(
    room: Room,
) -> None:
    begun = await room.document(title="Kyiv 😀 claims", text=make.TEXT)
    claim = await make.annotation(room.client("annotator"), begun["id"])
    await make.decision(room.client("reviewer"), claim["id"])
    await make.annotation(room.client("annotator"), begun["id"], "denial", "totally unfounded")
    await room.document(title="مرحبا بالعالم", text="مرحبا. Kyiv is named here.")
    await room.document(title="Elsewhere", text="Nothing of the kind.")

    page = await room.open("reviewer")
    titles = page.locator(".documents a.title")
    await expect(titles).to_have_text(["Kyiv 😀 claims", "مرحبا بالعالم", "Elsewhere"])
    row = page.locator(".documents li").first
    await expect(row).to_contain_text("1 pending")
    await expect(row).to_contain_text("1 approved")
    # What another has annotated waits for oneself all the same.
    await expect(page.get_by_role("link", name="to annotate")).to_contain_text("Kyiv")
    await expect(page.get_by_role("link", name="to review")).to_contain_text("Kyiv")
    await barriers.none_found_in_either_theme(page)

    await page.keyboard.press("/")
    await page.keyboard.type("kyiv -unfounded")
    await expect(page.get_by_text("1 document found")).to_be_visible()
    await expect(titles).to_have_text(["مرحبا بالعالم"])
    await page.get_by_label("Search").fill("-unfounded")
    await expect(page.get_by_role("alert")).to_contain_text("no word that a document must have")
    await page.get_by_label("Search").fill("kyiv")
    await page.get_by_label("Order").select_option("Newest first")
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(titles.first).to_have_text("مرحبا بالعالم")
    await page.get_by_label("Progress").select_option("✓ With some approved")
    await expect(page.get_by_text("1 document found")).to_be_visible()

    await page.get_by_role("link", name="Kyiv 😀 claims").last.click()
    await expect(page).to_have_url(re.compile(begun["id"]))
    await page.go_back()
    await expect(page.get_by_label("Search")).to_have_value("kyiv")
    await expect(page.get_by_label("Progress")).to_have_value("approved")
    await expect(titles).to_have_text(["Kyiv 😀 claims"])

    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_label("Search")).to_have_value("")
    await expect(titles).to_have_count(3)


async def test_a_long_list_goes_on_by_a_button_and_is_walked_by_keys(room: Room) -> None:
    await many(room, 53)
    page = await room.open("annotator")

    await expect(page.get_by_text("The first 50 documents")).to_be_visible()
    await page.get_by_role("button", name="More").press("Enter")
    await expect(page.get_by_text("53 documents", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Number 51")).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("k")
    await expect(page.get_by_role("link", name="Number 52")).to_be_focused()
    href = await page.get_by_role("link", name="Number 52").get_attribute("href")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/{href}$"))


async def test_a_document_is_added_from_a_dropped_file_and_what_is_refused_is_kept(
    room: Room,
) -> None:
    page = await room.open("annotator")
    await page.get_by_role("button", name="Add a document").click()
    form = page.get_by_role("dialog", name="Add a document")
    dropped = await page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            const text = "Kyiv 😀\\r\\nمرحبا";
            data.items.add(new File([text], "report.txt", {type: "text/plain"}));
            return data;
        }"""
    )
    await form.locator("form").dispatch_event("drop", {"dataTransfer": dropped})
    await expect(form.get_by_label("Title")).to_have_value("report")
    await form.get_by_label("Language").fill("not a language")
    await form.get_by_label("Published on").fill("2026-11-23")
    await barriers.none_found_in_either_theme(page)

    # The browser says what a language is; what only the API knows, it says.
    await form.get_by_role("button", name="Add").click()
    language = form.get_by_label("Language")
    assert await language.evaluate("(field) => field.validity.patternMismatch && field.title")
    await language.fill("uk ")
    await form.get_by_label("Source").fill("ftp://example.org")
    await form.get_by_role("button", name="Add").click()
    await expect(form.get_by_role("alert")).to_contain_text("source_url")
    await expect(form.get_by_label("Text", exact=True)).to_have_value("Kyiv 😀\nمرحبا")
    await form.get_by_label("Source").fill("")
    await form.get_by_role("button", name="Add").click()
    await expect(page).to_have_url(re.compile("/documents/"))

    path = f"/v1/projects/{room.project}/documents"
    [item] = (await make.said(await room.client("reader").get(path), 200))["items"]
    assert (item["title"], item["language"]) == ("report", "uk")
    assert (item["published_on"], item["length"]["utf16"]) == ("2026-11-23", 13)


async def test_only_a_manager_deletes_and_sees_first_what_the_document_is_now(room: Room) -> None:
    document = await room.document(title="As it was")
    path = f"/v1/documents/{document['id']}"
    reader = await room.open("reader")
    await expect(reader.get_by_role("link", name="As it was")).to_be_visible()
    await expect(reader.get_by_role("button", name="Delete As it was")).to_have_count(0)
    await expect(reader.get_by_role("button", name="Add a document")).to_have_count(0)

    page = await room.open("manager")
    await page.get_by_role("button", name="Delete As it was").click()
    retitled = await room.client("manager").patch(
        path, json={"title": "As it is"}, headers=make.seen(1)
    )
    await make.said(retitled, 200)
    asked = page.get_by_role("dialog", name="Delete a document")
    await asked.get_by_role("button", name="Delete").click()
    await expect(asked).to_contain_text("changed meanwhile")
    await expect(asked).to_contain_text("As it is")
    assert (await room.client("manager").get(path)).status_code == 200

    # So is what was marked in it since, as the list does then.
    await expect(asked).to_contain_text("no annotations")
    await room.annotation(document, "expanded on its claim")
    await asked.get_by_role("button", name="Delete").click()
    await expect(asked).to_contain_text("1 pending")
    await asked.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".documents li")).to_contain_text("1 pending")
    await page.get_by_role("button", name="Delete As it is").click()
    await asked.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No documents")).to_be_visible()
    assert (await room.client("manager").get(path)).status_code == 410
