"""Releases: the same bytes on the day and after any later edit, withdrawal or deletion."""

import asyncio
import hashlib
from typing import Any

from sqlalchemy import select, update

from app.core.database import Database
from app.core.http.routing import MAX_PARAMETERS
from app.models import Release
from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/releases"


async def furnish(newsroom: Newsroom) -> dict[str, Any]:
    """A document with an approved claim, a pending denial that denies it, and one of its own."""
    annotator = newsroom["annotator"]
    document = await make.document(annotator, external_id="a-1", metadata={"desk": "world"})
    claim = await make.annotation(annotator, document["id"], attributes={"speaker": "Ukraine"})
    denial = await make.annotation(annotator, document["id"], "denial", "totally unfounded")
    relation = await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(newsroom["reviewer"], claim["id"])
    other = await make.document(annotator, make.ASTRAL, title="Another")
    return {
        "document": document,
        "claim": claim,
        "denial": denial,
        "relation": relation,
        "other": other,
    }


async def pulled(newsroom: Newsroom, name: str, format: str = "jsonl") -> bytes:
    answer = await newsroom["reader"].get(f"{PATH}/{name}/export?format={format}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_release_is_what_an_export_was_then(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    export = await newsroom["reader"].get("/v1/projects/demo/export?format=jsonl&status=approved")

    made = await make.release(newsroom["manager"], "first", status=["approved"])

    assert await pulled(newsroom, "first") == export.content
    assert made["sha256"] == hashlib.sha256(export.content).hexdigest()
    assert made["snapshot"] == int(export.headers["Stet-Snapshot"])
    assert made["filter"]["status"] == ["approved"]
    assert made["created_by"] == "manager"
    assert made["counts"] == {
        "documents": 2,
        "annotations": 1,
        "relations": 0,
        "labels": {"claim": {"approved": 1}},
    }


async def test_a_release_holds_nothing_of_another_project(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    admin = newsroom["admin"]
    await make.project(admin, "other")
    elsewhere = await make.document(admin, project="other")
    claim = await make.annotation(admin, elsewhere["id"])
    denial = await make.annotation(admin, elsewhere["id"], "denial", "totally unfounded")
    await make.relation(admin, elsewhere["id"], "denies", denial["id"], claim["id"])

    made = await make.release(newsroom["manager"], "first")

    counts = {kind: made["counts"][kind] for kind in ("documents", "annotations", "relations")}
    assert counts == {"documents": 2, "annotations": 2, "relations": 1}


async def test_nothing_that_happens_later_changes_its_bytes(newsroom: Newsroom) -> None:
    things = await furnish(newsroom)
    made = await make.release(newsroom["manager"], "first")
    before = await pulled(newsroom, "first")
    annotator, manager = newsroom["annotator"], newsroom["manager"]
    claim, denial, document = (things[name]["id"] for name in ("claim", "denial", "document"))

    edited = await annotator.patch(
        f"/v1/annotations/{claim}", json={"note": "Later."}, headers={"If-Match": '"2"'}
    )
    decided = await newsroom["reviewer"].post(
        f"/v1/annotations/{claim}/decisions",
        json={"verdict": "reject", "comment": "No."},
        headers={"If-Match": '"3"'},
    )
    withdrawn = await annotator.delete(f"/v1/annotations/{denial}", headers={"If-Match": '"1"'})
    retitled = await manager.patch(
        f"/v1/documents/{document}",
        json={"title": "Another title", "metadata": {}, "external_id": "a-2"},
        headers={"If-Match": '"1"'},
    )
    deleted = await manager.delete(f"/v1/documents/{document}", headers={"If-Match": '"2"'})
    await make.annotation(annotator, things["other"]["id"], quote="End")

    assert [it.status_code for it in (edited, decided, withdrawn, retitled, deleted)] == [
        200,
        201,
        204,
        200,
        204,
    ]
    assert await pulled(newsroom, "first") == before
    assert hashlib.sha256(before).hexdigest() == made["sha256"]
    assert (await newsroom["reader"].get(f"{PATH}/first")).json() == made


async def test_the_same_release_again_changes_nothing_and_another_is_refused(
    newsroom: Newsroom,
) -> None:
    await furnish(newsroom)
    made = await make.release(newsroom["manager"], "first", status=["approved"])
    body = {"name": "first", "filter": {"status": ["approved"]}}

    again = await newsroom["manager"].post(PATH, json=body)
    other = await newsroom["manager"].post(PATH, json={"name": "first"})

    assert (again.status_code, again.json()) == (200, made)
    make.refused(other, 409, "name-taken")


async def test_of_the_same_release_several_times_at_once_one_is_new(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    manager = newsroom["manager"]

    answers = await asyncio.gather(*(manager.post(PATH, json={"name": "first"}) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.text for answer in answers}) == 1


async def test_a_release_by_an_attribute_that_the_scheme_has_lost_since_is_the_same_again(
    newsroom: Newsroom,
) -> None:
    manager = newsroom["manager"]
    labels = [{"name": "mark", "attributes": [{"name": "a b", "type": "string"}]}]
    await make.project(newsroom["admin"], "other", scheme={"name": "other", "labels": labels})
    path = "/v1/projects/other"
    body = {"name": "first", "filter": {"attributes": {"a b": "it"}}}
    made = await make.said(await newsroom["admin"].post(f"{path}/releases", json=body))
    narrower = {"name": "other", "labels": [{"name": "mark"}]}
    changed = await newsroom["admin"].put(f"{path}/scheme", json=narrower, headers=make.seen(1))
    assert changed.status_code == 200, changed.text

    again = await newsroom["admin"].post(f"{path}/releases", json=body)

    assert (again.status_code, again.json()) == (200, made)
    problem = make.refused(
        await manager.post(PATH, json={"name": "x", "filter": {"attributes": {"a/b": "it"}}}),
        422,
        "invalid-value",
    )
    (error,) = problem["errors"]
    assert error["pointer"] == "/filter/attributes/a~1b"
    assert "speaker" in error["allowed"]


async def test_a_release_that_was_left_unfinished_is_finished_by_the_same_request(
    newsroom: Newsroom,
) -> None:
    """The process may end between freezing what is chosen and making its digest."""
    things = await furnish(newsroom)
    made = await make.release(newsroom["manager"], "first")
    before = await pulled(newsroom, "first")
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.execute(update(Release).values(sha256=None, counts=None))
    await make.annotation(newsroom["annotator"], things["other"]["id"], quote="End")

    hidden = await newsroom["reader"].get(f"{PATH}/first")
    listed = await make.said(await newsroom["reader"].get(PATH), 200)
    again = await newsroom["manager"].post(PATH, json={"name": "first", "filter": {}})

    make.refused(hidden, 404, "not-found")
    assert listed["items"] == []
    assert (again.status_code, again.json()) == (201, made)
    assert await pulled(newsroom, "first") == before


async def test_a_release_comes_in_every_format_and_says_what_is_lost(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    await make.release(newsroom["manager"], "first")

    csv = await newsroom["reader"].get(f"{PATH}/first/export?format=csv")
    report = await newsroom["reader"].get(f"{PATH}/first/export?format=csv&dry_run=true")

    assert csv.headers["Content-Disposition"] == 'attachment; filename="demo-first.csv"'
    assert csv.text.count("\r\n") == 3
    kinds = {loss["kind"]: loss["count"] for loss in report.json()["losses"]}
    assert kinds["relations"] == 1


async def test_the_scheme_of_a_release_is_the_one_of_its_day(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    made = await make.release(newsroom["manager"], "first")
    before = await pulled(newsroom, "first", "csv")
    scheme = await newsroom["manager"].get("/v1/projects/demo/scheme")
    wider = {name: value for name, value in scheme.json().items() if name != "version"}
    wider["labels"].append({"name": "opinion", "attributes": [{"name": "of", "type": "string"}]})

    changed = await newsroom["manager"].put(
        "/v1/projects/demo/scheme", json=wider, headers={"If-Match": scheme.headers["ETag"]}
    )

    assert changed.status_code == 200, changed.text
    assert made["scheme_version"] == 1
    assert await pulled(newsroom, "first", "csv") == before


async def test_a_filter_has_so_many_parts_and_no_more(newsroom: Newsroom) -> None:
    """Of each kind as many as a query has parameters, and all of them together."""
    names = [f"a{number}" for number in range(MAX_PARAMETERS + 1)]
    attributes = [{"name": name, "type": "string"} for name in names]
    labels = [
        {"name": f"label {first}", "attributes": attributes[first : first + 100]}
        for first in range(0, len(attributes), 100)
    ]
    await make.project(newsroom["admin"], "wide", scheme={"name": "wide", "labels": labels})
    path = "/v1/projects/wide/releases"
    whole: dict[str, Any] = {
        "label": names,
        "author": names,
        "status": ["pending"] * len(names),
        "origin": ["human"] * len(names),
        "attributes": dict.fromkeys(names, "it"),
    }
    most = {
        kind: dict.fromkeys(names[:-1], "it") if kind == "attributes" else parts[:-1]
        for kind, parts in whole.items()
    }

    await make.release(newsroom["admin"], "most", "wide", **most)
    for kind, parts in whole.items():
        body = {"name": "more", "filter": {**most, kind: parts}}
        answer = await newsroom["admin"].post(path, json=body)

        problem = make.refused(answer, 422, "invalid-value")
        assert [error["pointer"] for error in problem["errors"]] == [f"/filter/{kind}"]


async def test_a_release_by_its_words_is_stored_as_ever_and_read_as_it_is_asked_for(
    newsroom: Newsroom,
) -> None:
    manager = newsroom["manager"]
    made = await make.release(manager, "first", quote_contains="Chinese")
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        stored = (await db.execute(select(Release.filter))).scalar_one()

    again = await manager.post(
        PATH, json={"name": "first", "filter": {"quote_contains": "Chinese"}}
    )

    assert made["filter"]["quote_contains"] == "Chinese"
    # So it is in the databases that there are.
    assert stored == {"quote": "Chinese"}
    assert (again.status_code, again.json()) == (200, made)


async def test_a_release_is_read_whatever_filter_may_be_said_since(newsroom: Newsroom) -> None:
    manager = newsroom["manager"]
    await make.release(manager, "first")
    said = {
        "label": ["x"] * (MAX_PARAMETERS + 1),
        "author": [""],
        "attributes": {"text": "a\u0001"},
    }
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.execute(update(Release).values(filter=said))

    one, listed = await manager.get(f"{PATH}/first"), await manager.get(PATH)

    assert (one.status_code, listed.status_code) == (200, 200)
    assert said.items() <= one.json()["filter"].items()
    assert [release["filter"] for release in listed.json()["items"]] == [one.json()["filter"]]
