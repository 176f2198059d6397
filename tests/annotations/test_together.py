"""Annotators at the same moment, at one Stet and at two on the same database."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.database import Database
from app.models import Annotation, Relation
from tests import make
from tests.conftest import Newsroom
from tests.crowd import SIZE, at_once, crowd
from tests.log import entries_after, head

each_number_of_processes = pytest.mark.parametrize("processes", [1, 2])


@each_number_of_processes
async def test_no_edit_of_sixteen_editors_is_lost(newsroom: Newsroom, processes: int) -> None:
    editors = await crowd(newsroom, "reviewer", processes=processes)
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"], note="")
    path = f"/v1/annotations/{annotation['id']}"
    statuses: Counter[int] = Counter()

    async def add_a_line(editor: httpx.AsyncClient, line: str) -> None:
        # All begin from what all of them saw.
        current = annotation
        while True:
            answer = await editor.patch(
                path,
                json={"note": f"{current['note']}{line}\n"},
                headers=make.seen(current["version"]),
            )
            statuses[answer.status_code] += 1
            if answer.status_code != 412:
                return
            current = answer.json()["current"]

    await asyncio.gather(
        *(add_a_line(editor, f"line {place}") for place, editor in enumerate(editors))
    )

    stored = (await newsroom["reader"].get(path)).json()
    lines = stored["note"].splitlines()
    assert sorted(lines) == sorted(f"line {place}" for place in range(SIZE))
    assert stored["version"] == SIZE + 1
    assert set(statuses) == {200, 412}
    assert statuses[200] == SIZE
    history = (await newsroom["reader"].get(f"{path}/history")).json()
    notes = [version["note"].splitlines() for version in history["versions"]]
    assert notes == [lines[:place] for place in range(SIZE + 1)]


@each_number_of_processes
@pytest.mark.parametrize("identity", ["id", "external_id"])
async def test_the_same_annotation_posted_sixteen_times_at_once_is_one(
    newsroom: Newsroom, processes: int, identity: str
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    body = {"label": "claim", "quote": "Beijing", identity: str(make.id_of(77))}
    end = await head(newsroom)

    statuses, answers = await at_once(
        fronts[place % processes]["annotator"].post(path, json=body) for place in range(SIZE)
    )

    assert statuses == {201: 1, 200: SIZE - 1}
    assert len({answer.text for answer in answers}) == 1
    assert len((await newsroom["reader"].get(path)).json()["items"]) == 1
    assert [entry.kind for entry in await entries_after(newsroom, end)] == ["annotation.created"]


@each_number_of_processes
async def test_an_id_that_sixteen_take_for_different_words_is_the_firsts(
    newsroom: Newsroom, processes: int
) -> None:
    annotators = await crowd(newsroom, "annotator", processes=processes)
    documents = [await make.document(newsroom["annotator"]) for _ in range(2)]
    end = await head(newsroom)

    statuses, answers = await at_once(
        annotator.post(
            f"/v1/documents/{documents[place % 2]['id']}/annotations",
            json={
                "id": str(make.id_of(77)),
                "label": "claim",
                "quote": "Beijing",
                "note": f"{place}",
            },
        )
        for place, annotator in enumerate(annotators)
    )

    assert statuses == {201: 1, 409: SIZE - 1}
    [created] = [answer.json() for answer in answers if answer.status_code == 201]
    stored = await newsroom["reader"].get(f"/v1/annotations/{created['id']}")
    assert stored.json() == created
    assert [entry.kind for entry in await entries_after(newsroom, end)] == ["annotation.created"]


async def living(newsroom: Newsroom, model: type[Any], document_id: str) -> int:
    """How many rows of a document are not withdrawn, whatever the API shows."""
    query = select(func.count()).where(
        model.document_id == UUID(document_id), model.withdrawn_at.is_(None)
    )
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        count: int = (await db.execute(query)).scalar_one()
        return count


@each_number_of_processes
async def test_a_document_that_is_deleted_while_spans_are_posted_keeps_none(
    newsroom: Newsroom, processes: int
) -> None:
    annotators = await crowd(newsroom, "annotator", processes=processes, size=8)
    for turn in range(4):
        document = await make.document(newsroom["annotator"])
        path = f"/v1/documents/{document['id']}"
        body = {"label": "claim", "quote": "Beijing"}
        requests = [annotator.post(f"{path}/annotations", json=body) for annotator in annotators]
        requests.insert(2 * turn, newsroom["manager"].delete(path, headers=make.seen(1)))

        statuses, _ = await at_once(requests)

        assert statuses[204] == 1
        assert statuses[201] + statuses[410] == 8
        assert await living(newsroom, Annotation, document["id"]) == 0


@each_number_of_processes
async def test_a_document_deleted_while_spans_are_edited_decided_and_joined_leaves_none_living(
    newsroom: Newsroom, processes: int
) -> None:
    reviewers = await crowd(newsroom, "reviewer", processes=processes, size=4)
    for turn in range(4):
        document = await make.document(newsroom["annotator"])
        path = f"/v1/documents/{document['id']}"
        ids = [
            (await make.annotation(newsroom["annotator"], document["id"]))["id"] for _ in range(4)
        ]
        seen = make.seen(1)
        requests = [
            reviewers[0].patch(f"/v1/annotations/{ids[0]}", json={"note": "n"}, headers=seen),
            reviewers[1].post(
                f"/v1/annotations/{ids[1]}/decisions", json={"verdict": "approve"}, headers=seen
            ),
            reviewers[2].delete(f"/v1/annotations/{ids[2]}", headers=seen),
            reviewers[3].post(
                f"{path}/relations",
                json={"type": "supports", "source": ids[0], "target": ids[3]},
            ),
            reviewers[0].patch(f"/v1/annotations/{ids[3]}", json={"label": "quote"}, headers=seen),
        ]
        requests.insert(turn, newsroom["manager"].delete(path, headers=seen))

        statuses, _ = await at_once(requests)

        # A new label may lose to the relation, which it does not suit, or the relation to it.
        assert set(statuses) <= {200, 201, 204, 410, 422}
        assert statuses[204] >= 1
        assert await living(newsroom, Annotation, document["id"]) == 0
        assert await living(newsroom, Relation, document["id"]) == 0
        for id in ids:
            history = (await newsroom["reader"].get(f"/v1/annotations/{id}/history")).json()
            versions = [version["version"] for version in history["versions"]]
            assert versions == list(range(1, len(versions) + 1))
            assert [version["withdrawn"] for version in history["versions"]].count(True) == 1


async def test_a_label_that_leaves_the_scheme_while_it_is_used_is_refused_or_keeps_the_scheme(
    newsroom: Newsroom,
) -> None:
    other = newsroom.beside()
    scheme = {"name": "small", "labels": [{"name": "claim"}, {"name": "rumour"}]}
    smaller = {"name": "small", "labels": [{"name": "claim"}]}
    for turn in range(6):
        await make.project(newsroom["admin"], f"turn-{turn}", scheme=scheme)
        document = await make.document(newsroom["admin"], project=f"turn-{turn}")
        requests = [
            other["admin"].post(
                f"/v1/documents/{document['id']}/annotations",
                json={"label": "rumour", "quote": "Beijing"},
            ),
            newsroom["admin"].put(
                f"/v1/projects/turn-{turn}/scheme", json=smaller, headers=make.seen(1)
            ),
        ]

        _, answers = await at_once(requests[:: -1 if turn % 2 else 1])

        outcomes = sorted(answer.status_code for answer in answers)
        # Either the annotation is there and the scheme is kept, or the scheme is smaller.
        assert outcomes in ([201, 409], [200, 422])
