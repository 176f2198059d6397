"""What many people do to the same annotations at once could have been done one after the other.

Each keeps a diary: when they asked, when they were answered, and what. That the diaries fit into
one order (are linearizable, Herlihy and Wing 1990) is easily checked here, for each write makes a
version: a version has one maker, what is read is what its maker wrote, nobody who asks after
another's answer is told of an older version than that one was, or makes the same. A withdrawal
makes the last one. That holds of each annotation, and so of all together (they compose).
"""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.crowd import crowd

PEOPLE = 12
EACH = 30
ANNOTATIONS = 3

ACTS = {"read": 3, "edit": 3, "decide": 3, "decide on all": 1, "withdraw": 0.1}
"""What people do, and how often."""

LAST = sys.maxsize
"""The version of an annotation that is gone, until it is known."""


@dataclass(frozen=True)
class Line:
    """One line of a diary."""

    asked: float
    answered: float
    version: int
    """The version that the answer tells of; of a refusal, the one that is there now; else 0."""
    state: tuple[str, str | None] | None = None
    """Status and note of that version, where the answer tells them."""
    wrote: bool = False


class Person:
    """Somebody who works at random; who is told of a newer version goes by it, most often."""

    def __init__(self, client: httpx.AsyncClient, ids: list[str], seed: int) -> None:
        self.diary: dict[str, list[Line]] = {id: [] for id in ids}
        self._client = client
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311
        self._seen = dict.fromkeys(ids, 1)
        """The annotations that are not known to be gone, and at which version they were seen."""

    async def work(self) -> None:
        """Do this and that; withdraw only the first annotation, in the end at the latest."""
        first = next(iter(self._seen))
        for number, act in enumerate(self._chance.choices(list(ACTS), list(ACTS.values()), k=EACH)):
            id = first if act == "withdraw" else self._chance.choice(list(self._seen))
            if id in self._seen:
                await self._do(act, id, number)
        for act in ("read", "withdraw"):
            if first in self._seen:
                await self._do(act, first, EACH)

    async def _do(self, act: str, id: str, number: int) -> None:
        path, if_match = f"/v1/annotations/{id}", make.seen(self._seen[id])
        verdict = {"verdict": self._chance.choice(["approve", "reject"]), "comment": "So."}
        asked = time.monotonic()
        match act:
            case "read":
                answer = await self._client.get(path)
            case "edit":
                change = {"note": f"{self._seed}/{number}"}
                answer = await self._client.patch(path, json=change, headers=if_match)
            case "withdraw":
                answer = await self._client.delete(path, headers=if_match)
            case "decide":
                decisions = f"{path}/decisions"
                answer = await self._client.post(decisions, json=verdict, headers=if_match)
            case _:
                await self._decide_on_all(asked, verdict)
                return
        said = answer.json() if answer.content else None
        self._note(id, asked, answer.status_code, said, wrote=act != "read")

    async def _decide_on_all(self, asked: float, verdict: dict[str, str]) -> None:
        decisions = [
            {"annotation": id, "version": version, **verdict} for id, version in self._seen.items()
        ]
        path = "/v1/projects/demo/decisions"
        answer = await make.said(await self._client.post(path, json={"decisions": decisions}), 200)
        for one in answer["results"]:
            said = one["decision"] or one["problem"]
            self._note(one["annotation"], asked, one["status"], said, wrote=True)

    def _note(self, id: str, asked: float, status: int, said: Any, *, wrote: bool) -> None:
        seen = self._seen[id]
        line = _line(asked, status, said, seen=seen, wrote=wrote)
        self.diary[id].append(line)
        if line.version == LAST or status == 204:
            del self._seen[id]
        # Now and then somebody goes on by what they saw before.
        elif line.version and (not wrote or self._chance.random() < 0.8):
            self._seen[id] = line.version


def _line(asked: float, status: int, said: Any, *, seen: int, wrote: bool) -> Line:
    answered = time.monotonic()
    if status == 403 or (status == 200 and "verdict" in said):
        # Whoever edited a version does not approve it; whoever repeats a decision is told of that
        # one again, however old it is. Neither tells what the annotation is now.
        return Line(asked, answered, 0)
    if status == 410:
        return Line(asked, answered, LAST)
    if status == 204:
        return Line(asked, answered, seen + 1, wrote=True)
    if status == 201:
        return Line(asked, answered, said["resulting_version"], wrote=True)
    assert status in {200, 412}, said
    now = said["current"] if status == 412 else said
    # Nobody is refused for the version that is there.
    assert status == 200 or now["version"] > seen
    state = (now["status"], now["note"])
    return Line(asked, answered, now["version"], state, wrote=wrote and status == 200)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_many_did_at_once_fits_into_one_order(newsroom: Newsroom, seed: int) -> None:
    clients = await crowd(newsroom, "reviewer", processes=2, size=PEOPLE)
    document = (await make.document(newsroom["annotator"]))["id"]
    ids = [
        (await make.annotation(newsroom["annotator"], document, quote="Beijing"))["id"]
        for _ in range(ANNOTATIONS)
    ]
    people = [Person(client, ids, 100 * seed + place) for place, client in enumerate(clients)]

    await asyncio.gather(*(person.work() for person in people))

    lines = {id: [line for person in people for line in person.diary[id]] for id in ids}
    for id in ids:
        history = await newsroom["reader"].get(f"/v1/annotations/{id}/history")
        check(lines[id], (await make.said(history, 200))["versions"])
    # Much was done, and what somebody withdrew others found gone.
    assert sum(line.wrote for id in ids for line in lines[id]) > 2 * PEOPLE
    assert any(line.version == LAST for line in lines[ids[0]])


def check(lines: list[Line], versions: list[dict[str, Any]]) -> None:
    """The lines of all diaries on an annotation fit into the order of its versions."""
    states = {each["version"]: (each["status"], each["note"]) for each in versions}
    last = max(states)
    if any(line.version == LAST for line in lines):
        assert versions[-1]["withdrawn"]
    made = sorted(line.version for line in lines if line.wrote)
    # Every version but the first has one maker, and every maker's version is there.
    assert made == list(range(2, last + 1))
    assert list(states) == [1, *made]
    told = [replace(line, version=min(line.version, last)) for line in lines if line.version]
    for line in told:
        if line.state is not None:
            assert line.state == states[line.version]
        # What was answered before a question was asked is not newer than what that was answered,
        # and older than what it made.
        before = max((it.version for it in told if it.answered < line.asked), default=1)
        assert line.version >= before + line.wrote
