"""Reviewers at the same moment, at one Stet and at two on the same database."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.crowd import SIZE, at_once, crowd
from tests.log import entries_after, head

each_number_of_processes = pytest.mark.parametrize("processes", [1, 2])


async def posted(client: httpx.AsyncClient, id: str, verdict: str = "approve") -> httpx.Response:
    return await client.post(
        f"/v1/annotations/{id}/decisions",
        json={"verdict": verdict, "comment": "So."},
        headers=make.seen(1),
    )


@each_number_of_processes
async def test_of_sixteen_reviewers_at_once_one_decides_and_fifteen_are_told(
    newsroom: Newsroom, processes: int
) -> None:
    reviewers = await crowd(newsroom, "reviewer", processes=processes)
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    end = await head(newsroom)
    verdicts = ("approve", "reject", "request_changes", "approve")

    statuses, answers = await at_once(
        posted(reviewer, annotation["id"], verdicts[place % 4])
        for place, reviewer in enumerate(reviewers)
    )

    assert statuses == {201: 1, 412: SIZE - 1}
    current = (await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}")).json()
    [decision] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (current["status"], current["decided_by"]) == (decision["status"], decision["reviewer"])
    for answer in answers:
        if answer.status_code == 412:
            assert make.refused(answer, 412, "stale-version")["current"] == current
    history = await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}/history")
    assert history.json()["decisions"] == [decision]
    assert len(history.json()["versions"]) == 2
    assert [entry.kind for entry in await entries_after(newsroom, end)] == ["annotation.decided"]


@each_number_of_processes
async def test_one_reviewer_who_clicks_sixteen_times_decides_once(
    newsroom: Newsroom, processes: int
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    end = await head(newsroom)

    statuses, answers = await at_once(
        posted(fronts[place % processes]["reviewer"], annotation["id"]) for place in range(SIZE)
    )

    assert statuses == {201: 1, 200: SIZE - 1}
    assert len({answer.text for answer in answers}) == 1
    assert [entry.kind for entry in await entries_after(newsroom, end)] == ["annotation.decided"]


@each_number_of_processes
async def test_a_decision_never_lands_on_words_that_were_edited_at_that_moment(
    newsroom: Newsroom, processes: int
) -> None:
    reviewers = await crowd(newsroom, "reviewer", processes=processes, size=4)
    document = await make.document(newsroom["annotator"])
    for _ in range(5):
        annotation = await make.annotation(newsroom["annotator"], document["id"])
        path = f"/v1/annotations/{annotation['id']}"

        statuses, _ = await at_once(
            [
                posted(reviewers[0], annotation["id"]),
                newsroom["annotator"].patch(path, json={"note": "n"}, headers=make.seen(1)),
                posted(reviewers[1], annotation["id"]),
                reviewers[2].patch(path, json={"label": "quote"}, headers=make.seen(1)),
                posted(reviewers[3], annotation["id"]),
            ]
        )

        assert statuses[200] + statuses[201] == 1
        assert statuses[412] == 4
        history = (await newsroom["reader"].get(f"{path}/history")).json()
        [first, second] = history["versions"]
        edited = (second["note"], second["label"]) != (first["note"], first["label"])
        assert edited == (second["status"] == "pending") == (history["decisions"] == [])


@each_number_of_processes
async def test_what_is_withdrawn_and_decided_at_once_is_one_or_the_other(
    newsroom: Newsroom, processes: int
) -> None:
    reviewers = await crowd(newsroom, "reviewer", processes=processes, size=4)
    document = await make.document(newsroom["annotator"])
    for turn in range(8):
        annotation = await make.annotation(newsroom["annotator"], document["id"])
        path = f"/v1/annotations/{annotation['id']}"
        end = await head(newsroom)
        requests = [
            newsroom["annotator"].delete(path, headers=make.seen(1)),
            *(posted(reviewer, annotation["id"]) for reviewer in reviewers),
        ]

        # In turn either comes first.
        statuses, _ = await at_once(requests[:: -1 if turn % 2 else 1])

        kinds = [entry.kind for entry in await entries_after(newsroom, end)]
        if statuses[204]:
            assert statuses == {204: 1, 410: 4}
            assert kinds == ["annotation.withdrawn"]
        else:
            assert statuses == {201: 1, 412: 4}
            assert kinds == ["annotation.decided"]


@each_number_of_processes
async def test_nobody_writes_once_the_log_says_that_they_no_longer_may(
    newsroom: Newsroom, processes: int
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    [reviewer] = await crowd(newsroom, "reviewer", size=1)
    reviewers = [reviewer, fronts[-1].client(**reviewer.headers)]
    document = await make.document(newsroom["annotator"])
    ids = [(await make.annotation(newsroom["annotator"], document["id"]))["id"] for _ in range(9)]
    path = f"/v1/documents/{document['id']}"
    relation = await make.relation(reviewer, document["id"], "supports", ids[0], ids[1])
    end, seen = await head(newsroom), make.seen(1)

    def edit(place: int, **fields: str) -> Coroutine[Any, Any, httpx.Response]:
        return reviewers[place % 2].patch(
            f"/v1/annotations/{ids[place]}", json=fields, headers=seen
        )

    statuses, _ = await at_once(
        [
            posted(reviewers[0], ids[0]),
            reviewers[1].post(
                "/v1/projects/demo/decisions",
                json={"decisions": [{"annotation": ids[1], "version": 1, "verdict": "approve"}]},
            ),
            edit(2, note="n"),
            edit(3, label="quote"),
            newsroom["manager"].put(
                "/v1/projects/demo/members/reviewer-0", json={"role": "reader"}, headers=seen
            ),
            reviewers[0].delete(f"/v1/annotations/{ids[4]}", headers=seen),
            reviewers[1].delete(f"/v1/relations/{relation['id']}", headers=seen),
            reviewers[0].post(
                f"{path}/relations", json={"type": "repeats", "source": ids[5], "target": ids[6]}
            ),
            reviewers[1].post(f"{path}/annotations", json={"label": "claim", "quote": "Beijing"}),
            posted(reviewers[0], ids[7]),
            edit(8, note="n"),
        ]
    )

    assert set(statuses) <= {200, 201, 204, 403}
    actors = [entry.actor for entry in await entries_after(newsroom, end)]
    assert "manager" in actors
    assert set(actors[actors.index("manager") :]) == {"manager"}


@each_number_of_processes
async def test_of_decisions_in_bulk_and_one_by_one_each_annotation_gets_one(
    newsroom: Newsroom, processes: int
) -> None:
    reviewers = await crowd(newsroom, "reviewer", processes=processes, size=6)
    document = await make.document(newsroom["annotator"])
    ids = [(await make.annotation(newsroom["annotator"], document["id"]))["id"] for _ in range(10)]
    end = await head(newsroom)

    async def in_bulk(client: httpx.AsyncClient, order: int) -> list[tuple[str, int]]:
        items = [{"annotation": id, "version": 1, "verdict": "approve"} for id in ids[::order]]
        answer = await client.post("/v1/projects/demo/decisions", json={"decisions": items})
        results: list[dict[str, Any]] = answer.json()["results"]
        return [(result["annotation"], result["status"]) for result in results]

    async def one_by_one(client: httpx.AsyncClient, order: int) -> list[tuple[str, int]]:
        return [(id, (await posted(client, id)).status_code) for id in ids[::order]]

    outcomes = await asyncio.gather(
        in_bulk(reviewers[0], 1),
        one_by_one(reviewers[1], 1),
        in_bulk(reviewers[2], -1),
        one_by_one(reviewers[3], -1),
        in_bulk(reviewers[4], 1),
        one_by_one(reviewers[5], 1),
    )

    by_annotation: dict[str, Counter[int]] = {id: Counter() for id in ids}
    for id, status in (outcome for found in outcomes for outcome in found):
        by_annotation[id][status] += 1
    assert list(by_annotation.values()) == [Counter({201: 1, 412: 5})] * len(ids)
    entries = await entries_after(newsroom, end)
    assert Counter(str(entry.subject_id) for entry in entries) == Counter(ids)
