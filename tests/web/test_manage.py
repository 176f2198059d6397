"""Managing a project: its members, its scheme, files in and out, releases and settings."""

import json

from playwright.async_api import FilePayload, expect

from app.formats.codecs import READABLE
from tests import make
from tests.web import barriers
from tests.web.conftest import Room


async def test_members_are_added_changed_and_removed(room: Room) -> None:
    page = await room.open("manager", "/manage/members")
    await barriers.none_found_in_either_theme(page)
    await page.get_by_label("User name").fill("nobody")
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("alert")).to_contain_text("no active user called “nobody”")
    await expect(page.get_by_label("User name")).to_have_value("nobody")
    await page.get_by_label("User name").fill("stranger")
    await page.get_by_role("button", name="Add").click()

    role = page.get_by_label("Role of stranger")
    await expect(role).to_have_value("annotator")
    path = f"/v1/projects/{room.project}/members/stranger"
    await room.client("admin").put(path, json={"role": "reader"}, headers=make.seen(1))
    await role.select_option("reviewer")
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_role("alert")).to_contain_text("changed meanwhile, and is reader now")
    await expect(role).to_have_value("reader")
    # What was changed can be changed again at once, however long the list takes to come anew.
    await page.route("**/members?*", lambda _: None)
    await role.select_option("reviewer")
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_text("stranger is reviewer now")).to_be_visible()
    assert (await room.client("admin").get(path)).json()["role"] == "reviewer"

    await page.get_by_role("button", name="Remove stranger").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(role).to_have_count(0)
    assert (await room.client("admin").get(path)).status_code == 404


async def test_a_scheme_is_previewed_refused_with_what_it_would_break_and_saved(
    room: Room,
) -> None:
    document = await room.document(text=make.TEXT)
    claim = await make.annotation(room.client("annotator"), document["id"])
    path = f"/v1/projects/{room.project}/scheme"
    page = await room.open("manager", "/manage/scheme")
    preview = page.locator(".preview")

    await page.locator("summary", has_text="claim").first.click()
    label = page.locator("details[open]")
    await label.get_by_label("Name", exact=True).first.fill("assertion")
    await page.get_by_role("button", name="Preview").click()
    await expect(preview.get_by_role("listitem")).to_have_text(
        ["~changed: label “claim” is called “assertion”"]
    )
    await page.get_by_role("button", name="Save").click()
    await expect(preview.get_by_role("alert")).to_contain_text("The scheme was not changed")
    broken = preview.get_by_role("link", name="claim: “Chinese nationals fight for Russia”")
    await expect(broken).to_have_attribute(
        "href", f"#/projects/{room.project}/documents/{document['id']}?annotation={claim['id']}"
    )
    await barriers.none_found_in_either_theme(page)

    await label.get_by_label("Name", exact=True).first.fill("claim")
    await label.get_by_role("button", name="Add an attribute").click()
    added = label.locator(".attribute-form").last
    await added.get_by_label("Name").fill("urgency")
    await added.get_by_label("Type").select_option("one of some values")
    await added.get_by_label("Values, one a line").fill("low\nhigh")
    # Meanwhile somebody else saves: nothing of theirs is overwritten unseen.
    stored = (await room.client("admin").get(path)).json()
    theirs = {**stored, "name": "theirs"}
    await make.said(await room.client("admin").put(path, json=theirs, headers=make.seen(1)), 200)
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Save").click()
    await expect(preview).to_contain_text("The scheme was changed meanwhile")
    await expect(preview.get_by_role("listitem")).to_contain_text(
        ["called “news-claims” instead of “theirs”", "attribute of “claim”: “urgency”"]
    )
    await page.get_by_label("Name of the scheme").fill("theirs")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The scheme is saved.")).to_be_visible()
    stored = (await room.client("admin").get(path)).json()
    assert (stored["version"], stored["name"]) == (3, "theirs")
    assert stored["labels"][0]["attributes"][-1] == {
        "name": "urgency",
        "type": "enum",
        "values": ["low", "high"],
    }

    await page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("The scheme as JSON")
    scheme = json.loads(await text.input_value())
    await text.fill("{")
    await page.get_by_role("button", name="Preview").click()
    await expect(preview.get_by_role("alert")).to_be_visible()
    await expect(text).to_have_value("{")
    scheme["relations"][0]["symmetric"] = True
    scheme["labels"].append({"name": "rumour"})
    await text.fill(json.dumps(scheme))
    await page.get_by_role("button", name="Preview").click()
    await expect(preview.get_by_role("listitem")).to_contain_text(
        ["label “rumour”", "symmetric of “denies”: yes instead of nothing"]
    )
    await page.get_by_role("button", name="Form").click()
    await expect(page.locator("summary", has_text="rumour")).to_be_visible()


async def test_the_format_of_an_export_is_known_by_its_name(room: Room) -> None:
    """Also where the project is called as a part of a format's name is."""
    admin = room.client("admin")
    slug = f"case-{room.project}"
    await make.project(admin, slug)
    page = await room.open("manager", "/manage/import")
    for format in sorted(READABLE):
        exported = await admin.get(f"/v1/projects/{slug}/export", params={"format": format})
        told = exported.headers["Content-Disposition"]
        name = told.removeprefix('attachment; filename="').removesuffix('"')
        assert name.startswith(f"{slug}.")

        given: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": b""}
        await page.get_by_label("A file").set_input_files(given)

        await expect(page.get_by_label("Format")).to_have_value(format)


async def test_a_file_is_tried_and_imported_and_exported_and_released(room: Room) -> None:
    claim = {"label": "claim", "quote": "Kyiv", "note": "A note."}
    good = {"title": "Good", "text": "Kyiv spoke.", "annotations": [claim]}
    bad = {"title": "Bad", "text": "x", "annotations": [{"label": "nope", "quote": "x"}]}
    file = "\n".join(json.dumps(line) for line in (good, bad)).encode()
    page = await room.open("manager", "/manage/import")
    given: FilePayload = {"name": "a.jsonl", "mimeType": "text/plain", "buffer": file}

    await page.get_by_label("A file").set_input_files(given)
    await expect(page.get_by_label("Format")).to_have_value("jsonl")
    await page.get_by_role("button", name="Try first").click()
    await expect(page.get_by_text("nothing was written")).to_be_visible()
    refused = page.get_by_role("region", name="What was refused").get_by_role("row").nth(1)
    await expect(refused).to_contain_text("2/annotations/0/labelunknown-label")
    await barriers.none_found_in_either_theme(page)
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("nothing was written")
    await page.get_by_label("When a record").select_option("write the rest")
    await page.get_by_role("button", name="Import", exact=True).click()
    counts = page.get_by_role("region", name="Counts").get_by_role("row", name="created")
    await expect(counts.get_by_role("cell")).to_have_text(["2", "1", "0"])

    await page.get_by_role("link", name="Export").click()
    await page.get_by_label("Format").select_option("csv")
    await page.get_by_role("button", name="See what").click()
    lost = page.get_by_role("region", name="What would be lost")
    await expect(lost.get_by_role("row", name="documents")).to_contain_text("Bad")
    await barriers.none_found_in_either_theme(page)
    await page.get_by_label("Format").select_option("jsonl")
    await expect(lost).to_have_count(0)
    await page.get_by_label("claim", exact=True).check()
    await page.get_by_label("Leave out documents").check()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download").click()
    download = await downloading.value
    assert download.suggested_filename == f"{room.project}.jsonl"
    [line] = (await download.path()).read_text().splitlines()
    assert json.loads(line)["title"] == "Good"

    await page.get_by_role("link", name="Releases").click()
    name = page.get_by_label("Name", exact=True)
    await name.fill("No such name")
    await page.get_by_role("button", name="Make it").click()
    assert await name.evaluate("(field) => field.validity.patternMismatch && field.title")
    await name.fill("2026-11")
    await page.get_by_role("button", name="Make it").click()
    made = page.get_by_role("region", name="Releases").get_by_role("row", name="2026-11")
    await expect(made).to_contain_text("2 documents, 0 annotations")
    await barriers.none_found_in_either_theme(page)

    # A file that the API would refuse is not asked for in silence.
    await page.context.clear_cookies()
    await page.get_by_role("link", name="Download 2026-11").click()
    await expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()


async def test_settings_are_saved_over_nothing_unseen_and_others_only_read(room: Room) -> None:
    path = f"/v1/projects/{room.project}"
    page = await room.open("manager", "/manage/settings")
    await page.get_by_label("Description").fill("Mine.")
    theirs = {"name": "Theirs", "settings": {"allow_self_review": True}}
    await make.said(await room.client("admin").patch(path, json=theirs, headers=make.seen(1)), 200)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("It is now: name “Theirs”")
    await expect(page.get_by_label("Name")).to_have_value("Theirs")
    await expect(page.get_by_label("Description")).to_have_value("Mine.")
    await barriers.none_found_in_either_theme(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    stored = (await room.client("reader").get(path)).json()
    assert (stored["name"], stored["description"]) == ("Theirs", "Mine.")
    assert stored["settings"] == {"allow_self_review": True}

    reader = await room.open("reader", "/manage")
    await expect(reader.get_by_role("heading", name="Export")).to_be_visible()
    await expect(reader.get_by_role("link", name="Import")).to_have_count(0)
    await expect(reader.get_by_role("link", name="Settings")).to_have_count(0)
    await reader.get_by_role("link", name="Members").click()
    await expect(reader.get_by_role("row", name="annotator-b")).to_be_visible()
    await expect(reader.get_by_role("button", name="Remove annotator-b")).to_have_count(0)
    await reader.get_by_role("link", name="Scheme").click()
    await expect(reader.get_by_text("speaker_type").first).to_be_visible()
    await barriers.none_found_in_either_theme(reader)


async def test_of_many_annotations_that_a_scheme_would_break_a_few_are_shown(room: Room) -> None:
    document = await room.document(text=make.TEXT)
    for _ in range(7):
        await make.annotation(room.client("annotator"), document["id"])
    page = await room.open("manager", "/manage/scheme")
    preview = page.locator(".preview")

    await page.locator("summary", has_text="claim").first.click()
    await page.locator("details[open]").get_by_label("Name", exact=True).first.fill("assertion")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Save").click()

    broken = preview.locator(".orphans")
    await expect(broken).to_contain_text("7 annotations")
    await expect(broken).to_contain_text("Some of them:")
    await expect(broken.get_by_role("link", name="claim: “")).to_have_count(5)
