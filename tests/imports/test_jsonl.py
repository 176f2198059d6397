"""Bringing JSON Lines in: what an export wrote comes back equal, and nothing is taken unchecked."""

import io
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.database import Database
from app.core.errors import ImportRefused
from app.formats.codecs import Format, reader
from app.imports.commands import import_items
from app.imports.files import items_of
from app.imports.schemas import ImportReport
from app.main import create_app
from app.models import Change, ChangeHead
from app.projects import queries as projects
from tests import make
from tests.conftest import Databases, Newsroom, settings

PATH = "/v1/projects/{}/export?format=jsonl"


async def export(newsroom: Newsroom, project: str = "demo", who: str = "admin") -> str:
    return (await newsroom[who].get(PATH.format(project))).text


async def bring_in(
    newsroom: Newsroom, content: str, *, who: str = "manager", project: str = "demo"
) -> ImportReport:
    """Import as the shell does."""
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        standing = await projects.standing_as(db, who, project)
        read = reader(Format.JSONL, await projects.head(db, standing))
    items = items_of(io.BytesIO(content.encode()), read)
    return await import_items(database, standing, items, max_chars=5_000_000)


async def furnish(newsroom: Newsroom) -> None:
    """Two documents with everything that a line can hold."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(
        annotator,
        external_id="a-1",
        language="en",
        source_url="https://news.example/a?b=1",
        published_on="2025-04-09",
        metadata={"desk": "world", "n": 1.5, "list": [1, None, {"deep": "é"}]},
    )
    claim = await make.annotation(
        annotator,
        document["id"],
        attributes={
            "speaker": "Ukraine",
            "speaker_span": {"start": 0, "end": 7, "quote": "Ukraine"},
        },
        note="The headline.",
        external_id="c1",
    )
    denial = await make.annotation(
        newsroom["annotator-b"],
        document["id"],
        "denial",
        quote=None,
        fragments=[{"quote": "have called"}, {"quote": "“totally unfounded”"}],
    )
    await make.annotation(annotator, document["id"], origin="model", confidence=0.25)
    await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(reviewer, claim["id"])
    await make.decision(
        newsroom["reviewer-b"], claim["id"], "reject", version=2, comment="Too long."
    )
    await annotator.patch(
        f"/v1/annotations/{claim['id']}", json={"note": "Shorter."}, headers={"If-Match": '"3"'}
    )
    await make.document(annotator, "\ufeff" + make.ASTRAL + "\r\n", title="Ärger")


def without_ids(content: str) -> list[dict[str, Any]]:
    """The lines with each id replaced by the order in which ids first occur."""
    seen: dict[str, str] = {}
    lines = [json.loads(line) for line in content.splitlines()]
    for line in lines:
        for item in (line, *line["annotations"], *line["relations"]):
            for name in ("id", "source", "target"):
                if name in item:
                    item[name] = seen.setdefault(item[name], f"#{len(seen)}")
    return lines


async def test_what_was_exported_comes_back_equal_in_an_empty_project(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    await make.project(newsroom["admin"], "copy")
    exported = await export(newsroom)

    report = await bring_in(newsroom, exported, who="admin", project="copy")

    assert report.created.model_dump() == {"documents": 2, "annotations": 3, "relations": 1}
    again = await export(newsroom, "copy")
    assert without_ids(again) == without_ids(exported)
    assert len(again) == len(exported)


async def test_the_ids_are_kept_where_they_are_free(
    newsroom: Newsroom, databases: Databases, dialect: str
) -> None:
    """Deleting frees nothing, so the second Stet is another database."""
    await furnish(newsroom)
    exported = await export(newsroom)
    url = databases.furnished(dialect)
    app = create_app(settings(url))
    other = Newsroom(app, newsroom.stack)
    await bring_in(other, exported)

    assert await export(other) == exported
    await app.state.database.dispose()
    databases.drop(url)


async def test_the_same_file_again_changes_nothing(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    await make.project(newsroom["admin"], "copy")
    exported = await export(newsroom)
    await bring_in(newsroom, exported, who="admin", project="copy")
    before = await export(newsroom, "copy"), await head(newsroom)

    for project in ("copy", "demo"):
        report = await bring_in(newsroom, exported, who="admin", project=project)
        assert report.created.model_dump() == {"documents": 0, "annotations": 0, "relations": 0}
        assert report.unchanged.model_dump() == {"documents": 2, "annotations": 3, "relations": 1}

    assert (await export(newsroom, "copy"), await head(newsroom)) == before


async def head(newsroom: Newsroom) -> list[tuple[int, int]]:
    """Each project's sequence, and how many entries its log has."""
    async with newsroom.app.state.database.session(writes=False) as db:
        query = (
            select(ChangeHead.sequence, func.count())
            .join(Change, Change.project_id == ChangeHead.project_id)
            .group_by(ChangeHead.project_id, ChangeHead.sequence)
            .order_by(ChangeHead.project_id)
        )
        return [tuple(row) for row in await db.execute(query)]


async def test_the_log_tells_of_each_row(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "copy")
    await furnish(newsroom)
    exported = await export(newsroom)
    await bring_in(newsroom, exported, who="admin", project="copy")

    async with newsroom.app.state.database.session(writes=False) as db:
        query = select(Change.kind).order_by(Change.project_id, Change.sequence)
        kinds = [row.kind.value for row in await db.execute(query)]

    assert kinds[-6:] == [
        "document.created",
        "annotation.created",
        "annotation.created",
        "annotation.created",
        "relation.created",
        "document.created",
    ]
    assert all(sequence == entries for sequence, entries in await head(newsroom))


async def test_who_is_no_manager_imports_under_their_own_name(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    exported = await export(newsroom)
    fresh = [json.loads(line) for line in exported.splitlines()]
    for line in fresh:
        line |= {"id": None, "external_id": None}
        line["relations"] = []
        for annotation in line["annotations"]:
            annotation |= {"id": None, "external_id": None, "confidence": None}

    await bring_in(newsroom, "\n".join(json.dumps(line) for line in fresh), who="annotator-b")

    lines = [json.loads(line) for line in (await export(newsroom)).splitlines()]
    imported = lines[2]["annotations"]
    assert {item["author"] for item in imported} == {"annotator-b"}
    assert {item["status"] for item in imported} == {"pending"}
    assert {item["origin"] for item in imported} == {"import"}
    assert {item["version"] for item in imported} == {1}
    assert all(item["decisions"] == [] for item in imported)
    assert lines[2]["created_by"] == "annotator-b"


LINE: dict[str, Any] = {
    "title": "One",
    "text": "Beijing denies it.",
    "annotations": [{"label": "denial", "start": 8, "end": 14, "quote": "denies"}],
}

DECISION = {
    "version": 1,
    "verdict": "approve",
    "reviewer": "reviewer",
    "decided_at": "2026-01-01T00:00:00Z",
}


def changed(**fields: Any) -> dict[str, Any]:
    return {**LINE, "annotations": [{**LINE["annotations"][0], **fields}]}


@pytest.mark.parametrize(
    ("line", "pointer", "code"),
    [
        ("{", "", "invalid-json"),
        ('{"title": NaN}', "", "invalid-json"),
        ("[]", "", "invalid-value"),
        ({**LINE, "colour": 1}, "/colour", "unknown-field"),
        ({**LINE, "text": "a\x00b"}, "/text", "control-character"),
        ({**LINE, "metadata": {"a": ["b", "c\x00"]}}, "/metadata/a/1", "control-character"),
        ({**LINE, "sha256": "0" * 64}, "/sha256", "invalid-value"),
        ({**LINE, "created_by": "nobody"}, "/created_by", "unknown-user"),
        ({**LINE, "created_by": "no\x00body"}, "/created_by", "control-character"),
        ({**LINE, "version": 2**31 - 1}, "/version", "invalid-value"),
        (changed(version=2**31 - 1), "/annotations/0/version", "invalid-value"),
        (changed(origin="human", confidence=0.5), "/annotations/0/confidence", "invalid-value"),
        (changed(end=99), "/annotations/0/end", "offset-out-of-range"),
        (changed(start=True), "/annotations/0/start", "offset-not-integer"),
        (changed(quote="denied"), "/annotations/0/quote", "quote-mismatch"),
        (changed(label="denail"), "/annotations/0/label", "unknown-label"),
        (changed(author="ghost"), "/annotations/0/author", "unknown-user"),
        (changed(author="gh\x1bost"), "/annotations/0/author", "control-character"),
        (
            changed(attributes={"cue_span": {"start": 0, "end": 1, "quote": "X"}}),
            "/annotations/0/attributes/cue_span/quote",
            "quote-mismatch",
        ),
        (
            changed(decisions=[DECISION]),
            "/annotations/0/decisions/0/version",
            "invalid-value",
        ),
        (
            changed(version=2, decisions=[{**DECISION, "verdict": "reject"}]),
            "/annotations/0/decisions/0/comment",
            "comment-required",
        ),
        (
            changed(
                version=3,
                decisions=[
                    DECISION,
                    {**DECISION, "version": 2, "verdict": "request_changes", "comment": " \n"},
                ],
            ),
            "/annotations/0/decisions/1/comment",
            "comment-required",
        ),
        (
            changed(
                version=2, decisions=[{**DECISION, "verdict": "reject", "comment": "\u200b\u0301"}]
            ),
            "/annotations/0/decisions/0/comment",
            "comment-required",
        ),
        ({**LINE, "title": "\u2060"}, "/title", "invalid-value"),
        (
            {
                **LINE,
                "relations": [
                    {"type": "denies", "source": str(make.id_of(1)), "target": str(make.id_of(2))}
                ],
            },
            "/relations/0/source",
            "unknown-annotation",
        ),
        (
            {**LINE, "annotations": [{**LINE["annotations"][0], "id": str(make.id_of(7))}] * 2},
            "/annotations/1/id",
            "invalid-value",
        ),
    ],
)
async def test_one_refused_record_keeps_the_whole_file_out(
    newsroom: Newsroom, line: Any, pointer: str, code: str
) -> None:
    bad = line if isinstance(line, str) else json.dumps(line)
    before = await head(newsroom)

    with pytest.raises(ImportRefused) as refused:
        await bring_in(newsroom, json.dumps(LINE) + "\n\n" + bad)

    first = refused.value.errors[0]
    assert (first["line"], first["pointer"], first["code"]) == (3, pointer, code)
    assert await export(newsroom) == ""
    assert await head(newsroom) == before


@pytest.mark.parametrize(
    "line",
    [
        [],
        {**LINE, "annotations": ["x"]},
        {**LINE, "relations": ["x"]},
        {**LINE, "normalized": "x"},
        {**LINE, "metadata": "x"},
        changed(attributes="x"),
        changed(fragments=["x"]),
        changed(version=2, decisions=["x"]),
    ],
)
async def test_what_is_no_object_is_told_in_no_words_of_the_program(
    newsroom: Newsroom, line: Any
) -> None:
    with pytest.raises(ImportRefused) as refused:
        await bring_in(newsroom, json.dumps(line))

    details = {error["detail"] for error in refused.value.errors}
    assert details == {"Input should be an object."}


async def test_an_id_that_is_taken_by_other_words_is_refused(newsroom: Newsroom) -> None:
    id = str(make.id_of(9))
    await bring_in(newsroom, json.dumps({**LINE, "id": id}))

    with pytest.raises(ImportRefused) as refused:
        await bring_in(newsroom, json.dumps({**LINE, "id": id, "text": "Beijing denies all."}))

    assert refused.value.errors[0]["code"] == "id-conflict"


@pytest.mark.parametrize(
    ("kind", "pointer"), [("annotations", "/annotations/1/id"), ("relations", "/relations/0/id")]
)
async def test_an_id_that_another_document_of_the_project_has_is_refused(
    newsroom: Newsroom, kind: str, pointer: str
) -> None:
    def line(number: int) -> dict[str, Any]:
        ends = [str(make.id_of(number + end)) for end in (1, 2)]
        claim = {"label": "claim", "start": 0, "end": 7, "quote": "Beijing"}
        relation = {"type": "denies", "source": ends[0], "target": ends[1]}
        return {
            **LINE,
            "annotations": [
                {**LINE["annotations"][0], "id": ends[0]},
                {**claim, "id": taken if kind == "annotations" else ends[1]},
            ],
            "relations": [{**relation, "id": taken}] if kind == "relations" else [],
        }

    taken = str(make.id_of(99))
    before = await head(newsroom)

    with pytest.raises(ImportRefused) as refused:
        await bring_in(newsroom, "\n".join(json.dumps(line(number)) for number in (10, 20, 30)))

    assert [(error["line"], error["pointer"], error["code"]) for error in refused.value.errors] == [
        (2, pointer, "id-conflict"),
        (3, pointer, "id-conflict"),
    ]
    assert await head(newsroom) == before


async def test_a_byte_order_mark_within_a_text_comes_back(newsroom: Newsroom) -> None:
    await make.document(newsroom["manager"], "\ufeff\ufeffBeijing denies it.")
    exported = await export(newsroom)
    await make.project(newsroom["admin"], "new")

    await bring_in(newsroom, exported, who="admin", project="new")
    again = await bring_in(newsroom, exported)

    assert json.loads(exported)["text"] == "\ufeffBeijing denies it."
    assert json.loads(await export(newsroom, "new"))["text"] == "\ufeffBeijing denies it."
    assert again.unchanged.documents == 1


async def test_offsets_are_read_in_the_unit_that_the_line_names(newsroom: Newsroom) -> None:
    line = {
        "title": "One",
        "text": "😀 denies",
        "offset_unit": "utf16",
        "annotations": [{"label": "denial", "start": 3, "end": 9, "quote": "denies"}],
    }

    await bring_in(newsroom, json.dumps(line))

    exported = json.loads(await export(newsroom))
    assert exported["offset_unit"] == "code_points"
    assert exported["annotations"][0]["start"] == 2


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_first_and_the_last_day_come_back_as_they_were(
    newsroom: Newsroom, day: str
) -> None:
    """The driver of PostgreSQL stores them as infinite, and an import stores the days."""
    moment = f"{day}T00:00:00.000000Z" if day < "2000" else f"{day}T23:59:59.999999Z"
    line = {"title": "Imported", "text": "One.", "published_on": day, "created_at": moment}
    await bring_in(newsroom, json.dumps(line) + "\n")
    await make.document(newsroom["manager"], title="Posted", published_on=day)
    await make.release(newsroom["manager"], "first")

    exported = await export(newsroom)

    imported, posted = map(json.loads, exported.splitlines())
    assert (posted["published_on"], imported["published_on"]) == (day, day)
    assert imported["created_at"] == moment
    released = await newsroom["admin"].get("/v1/projects/demo/releases/first/export?format=jsonl")
    assert released.text == exported
    report = await bring_in(newsroom, exported)
    assert report.unchanged.documents == 2
