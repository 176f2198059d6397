"""Writes that wait for one another are committed together, and each has its own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from prometheus_client import REGISTRY

from app.core.database.group_commit import GroupCommit
from tests import make
from tests.conftest import Newsroom
from tests.crowd import at_once
from tests.log import entries_after, head

MANY = 40


def batches() -> tuple[float, float]:
    """How many commits there were of such writes, and how many writes were in them."""
    name = "stet_writes_per_commit"
    found = [REGISTRY.get_sample_value(f"{name}_{part}") for part in ("count", "sum")]
    return found[0] or 0, found[1] or 0


def posted(client: httpx.AsyncClient, path: str, id: int, **fields: Any) -> Any:
    body = {"id": str(make.id_of(id)), "label": "claim", "quote": "Beijing", **fields}
    return client.post(path, json=body)


async def test_many_are_written_in_few_commits_each_with_its_entry(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    end = await head(newsroom)
    commits, writes = batches()

    statuses, answers = await at_once(
        posted(newsroom["annotator"], path, 1000 + place, note=f"No. {place}")
        for place in range(MANY)
    )

    assert statuses == {201: MANY}
    entries = await entries_after(newsroom, end)
    assert [entry.sequence for entry in entries] == list(range(end + 1, end + MANY + 1))
    assert {str(entry.subject_id) for entry in entries} == {each.json()["id"] for each in answers}
    for place, answer in enumerate(answers):
        stored = await newsroom["reader"].get(f"/v1/annotations/{answer.json()['id']}")
        assert stored.json() == answer.json()
        assert stored.json()["note"] == f"No. {place}"
    assert batches()[1] - writes == MANY
    assert batches()[0] - commits < MANY / 2


async def test_one_whose_id_is_taken_is_refused_and_the_others_are_written(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    await make.said(await posted(newsroom["annotator"], path, 1007, note="First"))
    end = await head(newsroom)

    statuses, answers = await at_once(
        posted(newsroom["annotator"], path, 1000 + place, note=f"No. {place}")
        for place in range(MANY)
    )

    assert statuses == {201: MANY - 1, 409: 1}
    make.refused(answers[7], 409, "id-conflict")
    entries = await entries_after(newsroom, end)
    assert len({entry.subject_id for entry in entries}) == len(entries) == MANY - 1
    listed = await make.said(await newsroom["reader"].get(path, params={"limit": 1000}), 200)
    assert len(listed["items"]) == MANY


async def test_one_that_is_stale_is_refused_and_the_others_are_decided(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    made = [
        await make.annotation(newsroom["annotator"], document["id"], quote="Beijing")
        for _ in range(MANY)
    ]
    edited = f"/v1/annotations/{made[7]['id']}"
    answer = await newsroom["annotator"].patch(edited, json={"note": "-"}, headers=make.seen(1))
    await make.said(answer, 200)
    end = await head(newsroom)
    commits, _ = batches()

    statuses, answers = await at_once(
        newsroom["reviewer"].post(
            f"/v1/annotations/{annotation['id']}/decisions",
            json={"verdict": "approve"},
            headers=make.seen(1),
        )
        for annotation in made
    )

    assert statuses == {201: MANY - 1, 412: 1}
    make.refused(answers[7], 412, "stale-version")
    assert batches()[0] - commits < MANY / 2
    entries = await entries_after(newsroom, end)
    assert {str(entry.subject_id) for entry in entries} == {
        annotation["id"] for annotation in made if annotation is not made[7]
    }
    for annotation in made:
        history = (
            await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}/history")
        ).json()
        if annotation is made[7]:
            assert (len(history["versions"]), history["decisions"]) == (2, [])
        else:
            [decision] = history["decisions"]
            assert [each["version"] for each in history["versions"]] == [1, 2]
            assert (decision["annotation"], decision["version"]) == (annotation["id"], 1)


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    """A session for writes that need none."""
    yield


async def gathered(items: Sequence[str], of_all: type[Exception]) -> tuple[list[Any], int]:
    """What becomes of items of which ``bad`` cannot be written, and how often it was tried."""
    tries = 0

    async def write(_db: object, some: Sequence[str]) -> list[str]:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        if "bad" in some:
            raise ValueError(some)
        return [f"{each} is written" for each in some]

    group_commit = GroupCommit(nothing, lambda failure: isinstance(failure, of_all))
    writes = [group_commit.write("key", item, write) for item in items]
    return await asyncio.gather(*writes, return_exceptions=True), tries


async def test_whatever_one_fails_for_the_others_are_written() -> None:
    outcomes, tries = await gathered(("a", "b", "bad", "c"), of_all=OSError)

    assert outcomes[:2] == ["a is written", "b is written"]
    assert isinstance(outcomes[2], ValueError)
    assert outcomes[3] == "c is written"
    # All together, then each alone.
    assert tries == 5


async def test_what_fails_for_all_is_not_tried_for_each() -> None:
    outcomes, tries = await gathered(("a", "bad", "c"), of_all=ValueError)

    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3
    assert tries == 1
