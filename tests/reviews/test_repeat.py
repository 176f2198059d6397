"""A lost answer can be asked for again: a repeated verdict is answered with what stands."""

import json
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head


class Desk:
    """One annotation, and the decisions that are posted on it."""

    def __init__(self, newsroom: Newsroom, annotation_id: str) -> None:
        self._newsroom = newsroom
        self.path = f"/v1/annotations/{annotation_id}"

    async def decide(
        self, name: str, version: int, verdict: str = "approve", comment: str | None = None
    ) -> httpx.Response:
        return await self._newsroom[name].post(
            f"{self.path}/decisions",
            json={"verdict": verdict, "comment": comment},
            headers=make.seen(version),
        )

    async def now(self) -> tuple[str, int]:
        annotation: dict[str, Any] = (await self._newsroom["reader"].get(self.path)).json()
        return annotation["status"], annotation["version"]


async def desk_of(newsroom: Newsroom) -> Desk:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    return Desk(newsroom, annotation["id"])


async def test_the_same_verdict_on_the_same_version_is_answered_with_the_decision_that_stands(
    newsroom: Newsroom,
) -> None:
    desk = await desk_of(newsroom)
    first = await desk.decide("reviewer", 1)
    end = await head(newsroom)

    again = await desk.decide("reviewer", 1)

    assert await make.said(again, 200) == await make.said(first)
    assert again.headers["ETag"] == first.headers["ETag"] == '"2"'
    assert await desk.now() == ("approved", 2)
    assert await entries_after(newsroom, end) == []


async def test_another_verdict_on_the_same_version_is_stale(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)

    answer = await desk.decide("reviewer", 1, "reject", "Second thoughts.")

    problem = make.refused(answer, 412, "stale-version")
    assert (problem["current"]["status"], problem["current"]["version"]) == ("approved", 2)


async def test_the_same_verdict_by_another_reviewer_is_stale(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)

    answer = await desk.decide("reviewer-b", 1)

    make.refused(answer, 412, "stale-version")


async def test_a_retry_is_answered_also_once_another_has_overturned_it(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    first = await desk.decide("reviewer", 1)
    await desk.decide("reviewer-b", 2, "reject", "No.")

    again = await desk.decide("reviewer", 1)

    assert await make.said(again, 200) == await make.said(first)
    assert await desk.now() == ("rejected", 3)


async def test_a_retry_is_answered_also_once_the_author_has_withdrawn_what_was_decided_on(
    newsroom: Newsroom,
) -> None:
    desk = await desk_of(newsroom)
    first = await desk.decide("reviewer", 1, "reject", "No.")
    withdrawn = await newsroom["annotator"].delete(desk.path, headers=make.seen(2))
    assert withdrawn.status_code == 204
    end = await head(newsroom)

    again = await desk.decide("reviewer", 1, "reject", "No.")
    item = {"annotation": first.json()["annotation"], "version": 1, "verdict": "reject"}
    in_bulk = await newsroom["reviewer"].post(
        "/v1/projects/demo/decisions", json={"decisions": [item | {"comment": "No."}]}
    )

    assert await make.said(again, 200) == await make.said(first)
    assert again.headers["ETag"] == '"2"'
    [result] = in_bulk.json()["results"]
    assert (result["status"], result["decision"]) == (200, first.json())
    for version, verdict in ((1, "approve"), (2, "reject"), (3, "reject")):
        answer = await desk.decide("reviewer", version, verdict, "No.")
        make.refused(answer, 410, "gone")
    make.refused(await desk.decide("reviewer-b", 1, "reject", "No."), 410, "gone")
    assert await entries_after(newsroom, end) == []


async def test_what_one_has_approved_oneself_is_not_approved_twice(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    first = await desk.decide("reviewer", 1, comment="Good.")

    for comment in (None, "Good."):
        again = await desk.decide("reviewer", 2, comment=comment)

        assert await make.said(again, 200) == await make.said(first)
    assert await desk.now() == ("approved", 2)


async def test_a_repeated_verdict_that_says_more_is_a_decision_of_its_own(
    newsroom: Newsroom,
) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1, "request_changes", "Shorter.")

    more = await desk.decide("reviewer", 2, "request_changes", "And the label.")

    assert (await make.said(more))["comment"] == "And the label."
    assert await desk.now() == ("changes_requested", 3)


async def test_one_may_overturn_oneself(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)

    answer = await desk.decide("reviewer", 2, "reject", "Read again.")

    assert answer.status_code == 201
    assert await desk.now() == ("rejected", 3)


async def test_the_version_that_ones_own_decision_made_is_stale_once_another_decided(
    newsroom: Newsroom,
) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)
    await desk.decide("reviewer-b", 2, "reject", "No.")

    answer = await desk.decide("reviewer", 2)

    problem = make.refused(answer, 412, "stale-version")
    assert problem["current"]["decided_by"] == "reviewer-b"


async def test_an_edit_makes_room_for_a_new_decision(newsroom: Newsroom) -> None:
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)
    await newsroom["annotator"].patch(desk.path, json={"note": "n"}, headers=make.seen(2))

    on_the_old = await desk.decide("reviewer", 2)
    on_the_new = await desk.decide("reviewer", 3)

    make.refused(on_the_old, 412, "stale-version")
    assert (await make.said(on_the_new))["version"] == 3
    assert await desk.now() == ("approved", 4)


async def copied(newsroom: Newsroom, **otherwise: Any) -> tuple[str, dict[str, Any]]:
    """The project of a copy of what the reviewer approved, and the copy, by a manager's file."""
    desk = await desk_of(newsroom)
    await desk.decide("reviewer", 1)
    exported = await newsroom["admin"].get("/v1/projects/demo/export", params={"format": "jsonl"})
    line = exported.json()
    line["annotations"][0] |= otherwise
    await make.project(newsroom["admin"], "copy")
    await make.member(newsroom["admin"], "reviewer", "reviewer", "copy")
    brought = await newsroom["admin"].post(
        "/v1/projects/copy/import", params={"format": "jsonl"}, content=json.dumps(line)
    )
    assert (await make.said(brought, 200))["created"]["annotations"] == 1
    listed = await newsroom["reviewer"].get("/v1/projects/copy/annotations")
    [annotation] = listed.json()["items"]
    assert annotation["version"] == 2
    return "copy", annotation


_OTHERWISE = [
    {"status": "pending", "decided_by": None, "decided_at": None},
    {"status": "rejected"},
    {"decided_by": "reviewer-b"},
]


@pytest.mark.parametrize("in_bulk", [True, False])
@pytest.mark.parametrize("otherwise", _OTHERWISE)
async def test_a_decision_that_does_not_stand_in_the_file_that_brought_it_is_made_anew(
    newsroom: Newsroom, otherwise: dict[str, Any], in_bulk: bool
) -> None:
    project, annotation = await copied(newsroom, **otherwise)
    path = f"/v1/annotations/{annotation['id']}"

    if in_bulk:
        item = {"annotation": annotation["id"], "version": 2, "verdict": "approve"}
        answer = await newsroom["reviewer"].post(
            f"/v1/projects/{project}/decisions", json={"decisions": [item]}
        )
        [result] = answer.json()["results"]
        status, decision = result["status"], result["decision"]
    else:
        answer = await newsroom["reviewer"].post(
            f"{path}/decisions", json={"verdict": "approve"}, headers=make.seen(2)
        )
        status, decision = answer.status_code, answer.json()

    assert (status, decision["version"], decision["resulting_version"]) == (201, 2, 3)
    now = (await newsroom["reviewer"].get(path)).json()
    assert (now["status"], now["decided_by"], now["version"]) == ("approved", "reviewer", 3)


async def test_a_decision_that_stands_in_the_file_that_brought_it_is_answered_again(
    newsroom: Newsroom,
) -> None:
    project, annotation = await copied(newsroom)
    item = {"annotation": annotation["id"], "version": 2, "verdict": "approve"}

    alone = await newsroom["reviewer"].post(
        f"/v1/annotations/{annotation['id']}/decisions",
        json={"verdict": "approve"},
        headers=make.seen(2),
    )
    in_bulk = await newsroom["reviewer"].post(
        f"/v1/projects/{project}/decisions", json={"decisions": [item]}
    )

    decision = await make.said(alone, 200)
    assert (decision["version"], decision["resulting_version"]) == (1, 2)
    [result] = in_bulk.json()["results"]
    assert (result["status"], result["decision"]) == (200, decision)
