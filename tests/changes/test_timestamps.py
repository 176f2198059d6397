"""A clock that is put back, or is another machine's: no version is before the one before it."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any, Self

import pytest

from app.core import timestamps
from tests import make
from tests.conftest import Newsroom
from tests.operations.patient import ill

ONE = make.seen(1)


class PutBack(dt.datetime):
    """A clock that is two days behind."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        """The present moment there."""
        return super().now(tz) - dt.timedelta(days=2)


def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this program's clock back."""
    clock = SimpleNamespace(datetime=PutBack, timedelta=dt.timedelta, UTC=dt.UTC)
    monkeypatch.setattr(timestamps, "dt", clock)


def test_two_that_follow_on_one_version_are_not_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = timestamps.now()
    put_back(monkeypatch)

    after = [timestamps.now_after(before, before - dt.timedelta(days=1)) for _ in range(20)]

    assert all(before < one <= before + dt.timedelta(milliseconds=1) for one in after)
    assert len(set(after)) > 1


async def test_what_follows_on_a_version_is_never_before_it(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator, reviewer, manager = (newsroom[n] for n in ("annotator", "reviewer", "manager"))
    document = (await make.document(annotator))["id"]
    ids = [(await make.annotation(annotator, document))["id"] for _ in range(6)]
    ends = [
        (await make.annotation(annotator, document, label, "totally unfounded"))["id"]
        for label in ("denial", "claim")
    ]
    joins = [(await make.relation(annotator, document, "denies", *ends))["id"] for _ in range(2)]
    await make.said(await manager.patch("/v1/projects/demo", json={"name": "a"}, headers=ONE), 200)
    await make.decision(reviewer, ids[0])
    told = await log(newsroom)
    before = {entry["subject"]: entry["at"] for entry in told}

    put_back(monkeypatch)
    # Let in a moment ago, the reviewer decides on what nobody has looked at.
    await make.decision(reviewer, ids[1])
    await make.decision(newsroom["reviewer-b"], ids[2])
    await make.decision(newsroom["reviewer-b"], ids[1], "reject", version=2, comment="No.")
    many = [{"annotation": ids[3], "version": 1, "verdict": "approve"}]
    bulk = await reviewer.post("/v1/projects/demo/decisions", json={"decisions": many})
    await make.said(bulk, 200)
    edit = await annotator.patch(f"/v1/annotations/{ids[4]}", json={"note": "n"}, headers=ONE)
    await make.said(edit, 200)
    for path in (f"annotations/{ids[5]}", f"relations/{joins[0]}", f"annotations/{ends[0]}"):
        assert (await annotator.delete(f"/v1/{path}", headers=ONE)).status_code == 204
    path = f"/v1/documents/{document}"
    await make.said(await annotator.patch(path, json={"title": "t"}, headers=ONE), 200)
    assert (await manager.delete(path, headers=make.seen(2))).status_code == 204

    entries = (await log(newsroom))[len(told) :]
    assert (entries[0]["subject"], entries[-1]["subject"]) == (ids[1], document)
    for entry in entries:
        assert entry["at"] >= before[entry["subject"]], entry["kind"]
        before[entry["subject"]] = entry["at"]
    monkeypatch.undo()
    assert await ill(newsroom.app.state.database) == []


async def test_members_projects_schemes_and_users_are_not_changed_before_they_were_made(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, admin = newsroom["manager"], newsroom["admin"]
    begun = timestamps.now()
    await make.second_admin(admin)
    await make.member(manager, "stranger", "reader")
    scheme = await make.said(await manager.get("/v1/projects/demo/scheme"), 200)
    del scheme["version"]
    scheme["labels"].append({"name": "rumour", "attributes": []})
    await make.said(await manager.patch("/v1/projects/demo", json={"name": "a"}, headers=ONE), 200)

    put_back(monkeypatch)
    member = "/v1/projects/demo/members/stranger"
    answers = [
        await manager.put(member, json={"role": "annotator"}, headers=ONE),
        await manager.patch("/v1/projects/demo", json={"name": "b"}, headers=make.seen(2)),
        await manager.put("/v1/projects/demo/scheme", json=scheme, headers=ONE),
        await manager.get("/v1/projects/demo"),
        await admin.patch("/v1/users/second", json={"display_name": "S"}, headers=ONE),
    ]
    assert (await manager.delete(member, headers=make.seen(2))).status_code == 204

    for answer in answers:
        said = await make.said(answer, 200)
        assert said.get("updated_at", "~") >= said.get("created_at", "")
    entries = (await log(newsroom))[-6:]
    assert [entry["kind"] for entry in entries] == [
        "member.set",
        "project.updated",
        "member.set",
        "project.updated",
        "scheme.updated",
        "member.removed",
    ]
    assert min(entry["at"] for entry in entries) >= timestamps.rfc3339(begun)


async def log(newsroom: Newsroom) -> list[dict[str, Any]]:
    """All entries."""
    answer = await newsroom["reader"].get("/v1/projects/demo/changes?after=0")
    return [json.loads(line) for line in answer.text.splitlines()]
