"""What each use of annotations costs: its statements, and the reason for each.

On PostgreSQL every one is a round trip, BEGIN and COMMIT too. On SQLite a reader begins with
BEGIN, and what PostgreSQL does in one statement stands between SAVEPOINT and RELEASE. Texts and
schemes are immutable, so each is fetched once; the figures are those of the second time.
"""

import asyncio
import json

import httpx
import pytest
from sqlalchemy import Boolean, Integer, column, text

from app.core.database import Database
from app.core.database.prepared import fixed
from tests import make
from tests.conftest import Newsroom

SPAN = make.span(make.TEXT, "Beijing")


async def test_posting_a_span_takes_two_statements_and_the_next_one_takes_one(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    await make.project(newsroom["admin"], "new")
    await make.member(newsroom["admin"], "manager", "manager", "new")
    document = await make.document(newsroom["admin"], project="new")
    path = f"/v1/documents/{document['id']}/annotations"
    costs = []
    for name in ("admin", "manager", "manager"):
        statements.clear()
        await newsroom[name].post(path, json={"label": "claim", **SPAN})
        costs.append(len(statements))

    # Who is asking, may they, the project's epoch and the document in one; not again for a second.
    # The log's next sequence, the annotation and the entry in one.
    # The first time also the scheme and the text.
    # SQLite: BEGIN and who, BEGIN IMMEDIATE, SAVEPOINT, the three, RELEASE.
    expected = {"postgresql": [4, 2, 1], "sqlite": [10, 8, 6]}[dialect]
    assert costs == expected, "\n".join(statements)


async def test_many_who_post_at_once_take_half_as_many_as_each_alone_at_most(
    newsroom: Newsroom, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"

    async def post() -> httpx.Response:
        return await newsroom["annotator"].post(path, json={"label": "claim", **SPAN})

    costs = []
    for count in (1, 1, 16):
        statements.clear()
        answers = await asyncio.gather(*(post() for _ in range(count)))
        assert {answer.status_code for answer in answers} == {201}
        costs.append(len(statements))

    # The first goes alone, and all that come meanwhile go together.
    assert costs[2] <= 8 * costs[1], "\n".join(statements)


async def test_posting_what_is_refused_takes_one(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    await newsroom["annotator"].post(path, json={"label": "claim", **SPAN})
    statements.clear()

    await newsroom["annotator"].post(path, json={"label": "claim", **SPAN, "quote": "x"})

    # Who, may they and the document in one; the rest is in memory.
    assert len(statements) - (dialect == "sqlite") == 1, "\n".join(statements)


async def test_posting_again_takes_four(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    body = {"id": str(make.id_of(77)), "label": "claim", **SPAN}
    await newsroom["annotator"].post(path, json=body)
    statements.clear()

    await newsroom["annotator"].post(path, json=body)

    # The write, which the id stops, so that nothing remembered counts any more; who, may they and
    # the document in one; the write, which the id stops; the annotation there.
    # SQLite: for a write BEGIN IMMEDIATE, SAVEPOINT, sequence and annotation, ROLLBACK TO
    # SAVEPOINT; for a read BEGIN.
    expected = {"postgresql": 4, "sqlite": 14}[dialect]
    assert len(statements) == expected, "\n".join(statements)


async def test_reading_a_span_takes_one_in_any_unit(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    for unit in ("code_points", "utf16"):
        statements.clear()

        await newsroom["reader"].get(
            f"/v1/annotations/{annotation['id']}", params={"offset_unit": unit}
        )

        # Who, may they and the annotation in one.
        assert len(statements) - (dialect == "sqlite") == 1, "\n".join(statements)


async def test_listing_costs_the_same_however_many_there_are(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    paths = {
        "document": f"/v1/documents/{document['id']}/annotations",
        "project": "/v1/projects/demo/annotations",
        "filtered": "/v1/projects/demo/annotations?label=claim&status=pending&attribute.speaker=a",
        "stretch": f"/v1/documents/{document['id']}/annotations?start=0&end=100&offset_unit=utf16",
    }
    costs: dict[str, list[int]] = {name: [] for name in paths}
    for _ in range(3):
        for _ in range(3):
            await make.annotation(
                newsroom["annotator"], document["id"], attributes={"speaker": "a"}
            )
        for name, path in paths.items():
            statements.clear()
            await newsroom["reader"].get(path)
            costs[name].append(len(statements) - (dialect == "sqlite"))

    # Who, may they and the document or project in one, of a document not again for a second; the
    # page. Of a document's whole list, once it was read, first whether it has changed.
    expected = {name: [2, 2, 2] for name in paths} | {"stretch": [1, 1, 1]}
    assert costs == expected, "\n".join(statements)


async def test_an_edit_takes_two_and_a_new_label_six(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    costs = []
    for version, edit in enumerate(({"note": "n"}, {"label": "quote"}, {}), 1):
        statements.clear()
        await newsroom["annotator"].patch(path, json=edit, headers=make.seen(version))
        costs.append(len(statements))

    # Who, may they and the annotation in one; the log's sequence, the new version, the old one's
    # copy and the entry in one. For a new label, which relations depend on, BEGIN, the log's lock
    # and the relations come before the write, COMMIT behind. An edit that changes nothing: who.
    # SQLite: BEGIN and who, BEGIN IMMEDIATE, SAVEPOINT, the four, RELEASE; with a new label the
    # lock and the relations, with no change the first two.
    expected = {"postgresql": [2, 6, 1], "sqlite": [9, 11, 2]}[dialect]
    assert costs == expected, "\n".join(statements)


async def test_withdrawing_costs_the_same_however_many_relations_go_with_it(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    costs = []
    for relations in (0, 1, 4):
        ends = [await make.annotation(annotator, document["id"]) for _ in range(relations + 1)]
        for end in ends[1:]:
            await make.relation(annotator, document["id"], "repeats", end["id"], ends[0]["id"])
        statements.clear()
        await annotator.delete(f"/v1/annotations/{ends[0]['id']}", headers=make.seen(1))
        costs.append(len(statements))

    # Who, may they and the annotation in one; BEGIN; the log's lock; the relations; the end of the
    # annotation, its history and entry in one; COMMIT. With relations also their end, their entries
    # and the log's new end.
    # SQLite: BEGIN and who, BEGIN IMMEDIATE, lock, relations, SAVEPOINT, the four, RELEASE.
    expected = {"postgresql": [6, 9, 9], "sqlite": [11, 14, 14]}[dialect]
    assert costs == expected, "\n".join(statements)


async def test_a_list_that_has_not_changed_takes_one(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    costs = []
    for _ in range(3):
        statements.clear()
        await newsroom["reader"].get(f"/v1/documents/{document['id']}/annotations")
        costs.append(len(statements) - (dialect == "sqlite"))

    # The first time who, may they and the document in one, and the page; then whether all is as it
    # was.
    assert costs == [2, 1, 1], "\n".join(statements)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_constant_statements_are_planned_once_however_the_tables_grow(
    newsroom: Newsroom,
) -> None:
    words = "Beijing denies it. " * 300
    span = {"label": "claim", "quote": "Beijing", "start": 0, "end": 7}
    few = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], few["id"])
    database: Database = newsroom.app.state.database
    for times in range(3):
        line = {"title": f"Many {times}", "text": words, "annotations": [span] * 1000 * times}
        imported = await newsroom["manager"].post(
            "/v1/projects/demo/import?format=jsonl", content=json.dumps(line)
        )
        await make.said(imported, 200)
        async with database.session(writes=True) as db:
            await db.begin()
            await db.execute(text("ANALYZE"))
        for _ in range(10):
            await make.annotation(newsroom["annotator"], few["id"])
            await newsroom["reader"].get(f"/v1/documents/{few['id']}/annotations")

    plans = fixed(
        text(
            "SELECT sum(generic_plans) > 50, sum(custom_plans) FROM pg_prepared_statements"
            " WHERE parameter_types <> '{}'"
        ).columns(column("generic", Boolean), column("custom", Integer))
    )
    async with database.session(writes=False) as db:
        assert tuple((await db.execute(plans)).one()) == (True, 0)
        # Others are planned as PostgreSQL sees fit.
        assert (await db.execute(text("SHOW plan_cache_mode"))).scalar_one() == "auto"
