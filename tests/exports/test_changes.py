"""Following a project's log: every change once, in order, with the state that it made."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from app.annotations.schemas import AnnotationOut
from app.core.vocabulary import ChangeKind
from app.documents.schemas import DocumentOut
from app.exports import log
from app.exports.schemas import ChangeOut
from app.projects.schemas import MemberOut, ProjectOut, SchemeOut
from app.relations.schemas import RelationOut
from tests import make
from tests.conftest import Newsroom
from tests.log import head

PATH = "/v1/projects/demo/changes"


async def changes(newsroom: Newsroom, after: int = 0, **query: Any) -> list[dict[str, Any]]:
    response = await newsroom["reader"].get(PATH, params={"after": after, **query})
    return lines_of(response)


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.mark.parametrize("most", [log._VERSIONS_A_PAGE, 0], ids=["few", "many"])  # noqa: SLF001
async def test_each_entry_holds_the_state_that_it_made(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """However many versions there are of what a page names."""
    monkeypatch.setattr(log, "_VERSIONS_A_PAGE", most)
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    end = await head(newsroom)
    document = await make.document(annotator)
    claim = await make.annotation(annotator, document["id"])
    denial = await make.annotation(annotator, document["id"], "denial")
    relation = await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(reviewer, claim["id"])
    path = f"/v1/annotations/{claim['id']}"
    decided = (await annotator.get(path)).json()
    answer = await annotator.patch(path, json={"note": "Why."}, headers=make.seen(2))
    edited = await make.said(answer, 200)
    await annotator.delete(path, headers=make.seen(3))

    told = await changes(newsroom, end)

    assert [entry["sequence"] for entry in told] == list(range(end + 1, end + 9))
    states = [(entry["kind"], entry["actor"], entry["version"], entry["state"]) for entry in told]
    created = {
        name: document[name]
        for name in document.keys() - {"counts", "etag", "project", "offset_unit"}
    }
    assert states == [
        ("document.created", "annotator", 1, created),
        ("annotation.created", "annotator", 1, claim),
        ("annotation.created", "annotator", 1, denial),
        ("relation.created", "annotator", 1, relation),
        ("annotation.decided", "reviewer", 2, decided),
        ("annotation.updated", "annotator", 3, edited),
        ("relation.withdrawn", "annotator", 2, None),
        ("annotation.withdrawn", "annotator", 4, None),
    ]
    subjects = [document, claim, denial, relation, claim, claim, relation, claim]
    assert [entry["subject"] for entry in told] == [subject["id"] for subject in subjects]


async def test_each_kind_of_entry_has_the_state_that_is_described(newsroom: Newsroom) -> None:
    manager, annotator = newsroom["manager"], newsroom["annotator"]
    document = await make.document(annotator)
    ends = [await make.annotation(annotator, document["id"], it) for it in ("denial", "claim")]
    await make.relation(annotator, document["id"], "denies", ends[0]["id"], ends[1]["id"])
    path = f"/v1/documents/{document['id']}"
    await make.said(await manager.patch(path, json={"title": "B"}, headers=make.seen(1)), 200)
    claim = f"/v1/annotations/{ends[1]['id']}"
    edited = await annotator.patch(claim, json={"note": "Why."}, headers=make.seen(1))
    await make.said(edited, 200)
    await make.decision(newsroom["reviewer"], ends[1]["id"], version=2)
    await manager.delete(path, headers=make.seen(2))
    project = await manager.get("/v1/projects/demo")
    described = await manager.patch(
        "/v1/projects/demo", json={"name": "B"}, headers={"If-Match": project.headers["ETag"]}
    )
    await make.said(described, 200)
    member = "/v1/projects/demo/members/reader"
    seen = (await manager.get(member)).headers["ETag"]
    removed = await manager.delete(member, headers={"If-Match": seen})
    assert removed.status_code == 204

    told = lines_of(await manager.get(PATH))

    assert {entry["kind"] for entry in told} == set(ChangeKind)
    for entry in told:
        kind, state = ChangeKind(entry["kind"]), entry["state"]
        assert ChangeOut.model_validate(entry).model_dump(mode="json") == entry
        if kind in _GONE:
            assert state is None
        elif kind is ChangeKind.MEMBER_REMOVED:
            assert state == {"name": "reader"}
        else:
            whole = {**state, **_NOT_ITS_OWN} if kind in _OF_DOCUMENTS else state
            model = _STATES[kind.partition(".")[0]]
            answered = model.model_validate(whole).model_dump(mode="json", exclude_unset=True)
            assert answered == whole
            assert ("text" in state) is (kind is ChangeKind.DOCUMENT_CREATED)
    kinds = [entry["kind"] for entry in told]
    gone = kinds.index("document.deleted")
    assert kinds[gone - 3 : gone] == ["relation.withdrawn", *["annotation.withdrawn"] * 2]


_GONE = {
    ChangeKind.DOCUMENT_DELETED,
    ChangeKind.ANNOTATION_WITHDRAWN,
    ChangeKind.RELATION_WITHDRAWN,
}
_OF_DOCUMENTS = {ChangeKind.DOCUMENT_CREATED, ChangeKind.DOCUMENT_UPDATED}
_NOT_ITS_OWN: dict[str, Any] = {
    "project": "demo",
    "counts": {"pending": 0, "approved": 0, "rejected": 0, "changes_requested": 0},
    "etag": "",
    "text": "",
}
_STATES: dict[str, type[BaseModel]] = {
    "project": ProjectOut,
    "member": MemberOut,
    "scheme": SchemeOut,
    "document": DocumentOut,
    "annotation": AnnotationOut,
    "relation": RelationOut,
}


async def test_a_deleted_document_is_a_tombstone_and_its_text_is_told_no_more(
    newsroom: Newsroom,
) -> None:
    end = await head(newsroom)
    document = await make.document(newsroom["annotator"])
    await newsroom["manager"].delete(f"/v1/documents/{document['id']}", headers=make.seen(1))

    created, deleted = await changes(newsroom, end)

    assert (created["state"]["title"], created["state"]["text"]) == (document["title"], None)
    assert (deleted["kind"], deleted["subject"], deleted["state"]) == (
        "document.deleted",
        document["id"],
        None,
    )


async def test_offsets_are_told_in_the_unit_that_is_asked_for(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)
    end = await head(newsroom)
    made = await make.annotation(newsroom["annotator"], document["id"], quote="да")

    (entry,) = await changes(newsroom, end, offset_unit="utf16")

    found = await newsroom["reader"].get(
        f"/v1/annotations/{made['id']}", params={"offset_unit": "utf16"}
    )
    assert entry["state"] == found.json()
    assert entry["state"]["start"] != made["start"]


async def test_it_goes_on_from_an_export_and_ends_where_it_says(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    export = await newsroom["reader"].get("/v1/projects/demo/export?format=jsonl")
    snapshot = int(export.headers["stet-snapshot"])
    made = await make.annotation(newsroom["annotator"], document["id"])

    response = await newsroom["reader"].get(PATH, params={"after": snapshot})

    assert [entry["state"] for entry in lines_of(response)] == [made]
    assert response.headers["stet-snapshot"] == str(snapshot + 1)
    assert await changes(newsroom, snapshot + 1) == []


async def test_a_follower_misses_nothing_while_many_write(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)

    async def write() -> list[str]:
        made = []
        for _ in range(20):
            annotation = await make.annotation(newsroom["annotator"], document["id"])
            await make.decision(newsroom["reviewer"], annotation["id"])
            made.append(annotation["id"])
            # On SQLite nothing else lets the follower have its turn.
            await asyncio.sleep(0)
        return made

    writing = asyncio.gather(*(write() for _ in range(8)))
    told: list[dict[str, Any]] = []
    looks = 0
    while not writing.done():
        found = await changes(newsroom, told[-1]["sequence"] if told else end)
        told += found
        looks += bool(found)
    made = [id for ids in await writing for id in ids]
    told += await changes(newsroom, told[-1]["sequence"])

    sequences = [entry["sequence"] for entry in told]
    assert sequences == sorted(set(sequences))
    for kind, status in (("annotation.created", "pending"), ("annotation.decided", "approved")):
        of_kind = [entry for entry in told if entry["kind"] == kind]
        assert sorted(entry["subject"] for entry in of_kind) == sorted(made)
        assert {entry["state"]["status"] for entry in of_kind} == {status}
    # Had it looked only once, there was nothing to miss.
    assert looks > 5


async def test_more_than_a_page_costs_a_page_at_a_time(
    newsroom: Newsroom, statements: list[str], dialect: str
) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    for _ in range(3):
        await make.annotation(newsroom["annotator"], document["id"])
    statements.clear()

    told = await changes(newsroom, end)

    # Who and may they; where the log ends; the entries; the annotations and their history.
    # SQLite begins each of the two sessions.
    assert len(told) == 3
    assert len(statements) - 2 * (dialect == "sqlite") == 5, "\n".join(statements)


async def test_an_after_that_is_no_sequence_is_refused(newsroom: Newsroom) -> None:
    for after in ("-1", "x", "1.5", str(2**63), ""):
        answer = await newsroom["reader"].get(PATH, params={"after": after})

        make.refused(answer, 422, "invalid-parameter")


@pytest.mark.parametrize("events", [False, True])
async def test_a_log_that_ends_before_what_was_seen_of_it_is_no_longer_followed(
    newsroom: Newsroom, *, events: bool
) -> None:
    """It was put back from a copy: what comes next is not what comes next for the follower."""
    end = await head(newsroom)
    accept = "text/event-stream" if events else "application/x-ndjson"
    by_header = {"Last-Event-ID": f"{end + 1}"}

    for parameter, query, headers in (
        ("after", {"after": end + 1}, {}),
        ("after", {"after": 2**63 - 1}, {}),
        ("Last-Event-ID", {"after": 0}, by_header),
    ):
        answer = await newsroom["reader"].get(
            PATH, params={**query, "wait": 30}, headers={"Accept": accept, **headers}
        )

        [error] = make.refused(answer, 422, "invalid-parameter")["errors"]
        wanted = max(query["after"], end + 1)
        assert error["parameter"] == parameter
        assert error["detail"] == f"The project's log ends at {end}: it has no change {wanted}."
    told = await newsroom["reader"].get(PATH, params={"after": end, "wait": 0})
    assert (told.status_code, told.text) == (200, "")
