"""What many people do to one annotation at once could have been done one after the other.

Each keeps a diary: when they asked, when they were answered, and what. That the diaries fit into
one order (are linearizable, Herlihy and Wing 1990) is easily checked here, for each write makes a
version: a version has one maker, what is read is what its maker wrote, and nobody who asks after
another's answer is told of an older version than that one was.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.crowd import crowd

PEOPLE = 12
EACH = 20


@dataclass(frozen=True)
class Line:
    """One line of a diary."""

    asked: float
    answered: float
    version: int
    """The version that the answer tells of; of a refusal, the one that is there now; else 0."""
    state: tuple[str, str | None] | None
    """Status and note of that version, where the answer tells them."""
    wrote: bool


Diary = list[Line]


async def worked(client: httpx.AsyncClient, id: str, *, reviews: bool, seed: int) -> Diary:
    """A while at work on the annotation, at random; who is told of a newer version goes by it."""
    chance = random.Random(seed)  # noqa: S311
    path = f"/v1/annotations/{id}"
    diary: Diary = []
    seen = 1
    for number in range(EACH):
        act = chance.choice(("read", "edit", "decide") if reviews else ("read", "edit", "edit"))
        note = f"{seed}/{number}"
        asked = time.monotonic()
        if act == "read":
            answer = await client.get(path)
        elif act == "edit":
            answer = await client.patch(path, json={"note": note}, headers=make.seen(seen))
        else:
            answer = await client.post(
                f"{path}/decisions",
                json={"verdict": chance.choice(["approve", "reject"]), "comment": "So."},
                headers=make.seen(seen),
            )
        line = _line(asked, answer, wrote=act != "read")
        diary.append(line)
        # Now and then somebody goes on by what they saw before.
        seen = line.version if line.version and chance.random() < 0.8 else seen
    return diary


def _line(asked: float, answer: httpx.Response, *, wrote: bool) -> Line:
    answered, status = time.monotonic(), answer.status_code
    said: dict[str, Any] = answer.json()
    if status == 403 or (status == 200 and "verdict" in said):
        # Whoever edited a version does not decide on it; whoever repeats a decision is told of that
        # one again, however old it is. Neither tells what the annotation is now.
        return Line(asked, answered, 0, None, wrote=False)
    if status == 201:
        return Line(asked, answered, said["resulting_version"], None, wrote=True)
    assert status in {200, 412}, answer.text
    now = said["current"] if status == 412 else said
    state = (now["status"], now["note"])
    return Line(asked, answered, now["version"], state, wrote=wrote and status == 200)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_many_did_at_once_fits_into_one_order(newsroom: Newsroom, seed: int) -> None:
    people = await crowd(newsroom, "reviewer", processes=2, size=PEOPLE)
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"], quote="Beijing")
    path = f"/v1/annotations/{annotation['id']}"

    diaries = await asyncio.gather(
        *(
            worked(client, annotation["id"], reviews=place % 2 == 0, seed=100 * seed + place)
            for place, client in enumerate(people)
        )
    )

    history = (await newsroom["reader"].get(f"{path}/history")).json()
    states = {each["version"]: (each["status"], each["note"]) for each in history["versions"]}
    lines = [line for diary in diaries for line in diary]
    made = sorted(line.version for line in lines if line.wrote)
    # Every version but the first has one maker, and every maker's version is there.
    assert len(made) > PEOPLE
    assert made == list(range(2, max(states) + 1))
    assert sorted(states) == [1, *made]
    for line in lines:
        if line.state is not None:
            assert line.state == states[line.version]
    # An answer that was there before a question was asked is not newer than what that was answered.
    told = [line for line in lines if line.version]
    for line in told:
        before = [other.version for other in told if other.answered < line.asked]
        assert line.version >= max(before, default=1)
