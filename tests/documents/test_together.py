"""People at the same document at the same moment, at one Stet and at two on one database."""

import asyncio
from collections import Counter

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.crowd import SIZE, at_once
from tests.log import entries_after, head

PATH = "/v1/projects/demo/documents"
each_number_of_processes = pytest.mark.parametrize("processes", [1, 2])


@each_number_of_processes
@pytest.mark.parametrize("identity", ["id", "external_id"])
async def test_the_same_document_posted_sixteen_times_at_once_is_one(
    newsroom: Newsroom, processes: int, identity: str
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    body = {"title": "t", "text": make.TEXT, identity: str(make.id_of(77))}
    end = await head(newsroom)

    statuses, answers = await at_once(
        fronts[place % processes]["annotator"].post(PATH, json=body) for place in range(SIZE)
    )

    assert statuses == {201: 1, 200: SIZE - 1}
    assert len({answer.text for answer in answers}) == 1
    assert len((await newsroom["reader"].get(PATH)).json()["items"]) == 1
    assert [entry.kind for entry in await entries_after(newsroom, end)] == ["document.created"]


@each_number_of_processes
async def test_an_external_id_that_many_take_at_once_is_the_firsts(
    newsroom: Newsroom, processes: int
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    made = [await make.document(newsroom["annotator"]) for _ in range(8)]

    statuses, _ = await at_once(
        [
            *(
                fronts[place % processes]["annotator"].patch(
                    f"/v1/documents/{document['id']}",
                    json={"external_id": "x"},
                    headers=make.seen(1),
                )
                for place, document in enumerate(made)
            ),
            *(
                fronts[place % processes]["annotator"].post(
                    PATH, json={"title": f"{place}", "text": "a", "external_id": "x"}
                )
                for place in range(8)
            ),
        ]
    )

    assert statuses[200] + statuses[201] == 1
    assert statuses[409] == 15
    found = await newsroom["reader"].get(PATH, params={"external_id": "x"})
    assert len(found.json()["items"]) == 1


@each_number_of_processes
async def test_no_change_of_many_is_lost(newsroom: Newsroom, processes: int) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    document = await make.document(newsroom["annotator"], metadata={})
    path = f"/v1/documents/{document['id']}"
    statuses: Counter[int] = Counter()

    async def add_a_key(editor: httpx.AsyncClient, key: str) -> None:
        # All begin from what all of them saw.
        current = document
        while True:
            answer = await editor.patch(
                path,
                json={"metadata": current["metadata"] | {key: True}},
                headers=make.seen(current["version"]),
            )
            statuses[answer.status_code] += 1
            if answer.status_code != 412:
                return
            current = answer.json()["current"]

    await asyncio.gather(
        *(add_a_key(fronts[place % processes]["annotator"], f"{place}") for place in range(SIZE))
    )

    stored = (await newsroom["reader"].get(path)).json()
    assert set(stored["metadata"]) == {f"{place}" for place in range(SIZE)}
    assert stored["version"] == SIZE + 1
    assert set(statuses) == {200, 412}


async def test_of_two_who_delete_at_once_one_does_and_the_other_is_told(
    newsroom: Newsroom,
) -> None:
    other = newsroom.beside()
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/documents/{document['id']}"
    end = await head(newsroom)

    statuses, _ = await at_once(
        front[name].delete(path, headers=make.seen(1))
        for front in (newsroom, other)
        for name in ("manager", "admin")
    )

    assert statuses == {204: 1, 410: 3}
    kinds = [entry.kind for entry in await entries_after(newsroom, end)]
    assert kinds == ["annotation.withdrawn", "document.deleted"]


@each_number_of_processes
async def test_no_document_is_deleted_by_who_manages_the_project_no_more(
    newsroom: Newsroom, processes: int
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    made = [await make.document(newsroom["annotator"]) for _ in range(SIZE)]
    end = await head(newsroom)
    requests = [
        fronts[place % processes]["manager"].delete(
            f"/v1/documents/{document['id']}", headers=make.seen(1)
        )
        for place, document in enumerate(made)
    ]
    lowered = newsroom["admin"].put(
        "/v1/projects/demo/members/manager", json={"role": "reader"}, headers=make.seen(1)
    )

    statuses, _ = await at_once([*requests[:2], lowered, *requests[2:]])

    assert set(statuses) <= {200, 204, 403}
    actors = [entry.actor for entry in await entries_after(newsroom, end)]
    assert "manager" not in actors[actors.index("admin") :]
