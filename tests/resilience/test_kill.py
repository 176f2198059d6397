"""kill -9 under load: what was acknowledged is there, whole; the rest is wholly there or absent."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.core.connect import connect
from app.models import Annotation, AnnotationVersion, Change, ChangeHead, Decision
from tests.conftest import settings
from tests.resilience.shift import Shift, Told
from tests.serving import stet

KILLED_AFTER = (30, 75, 50)
"""How many answers each server gives before it is killed."""


async def test_what_was_acknowledged_outlives_kill_9(database_url: str, tmp_path: Path) -> None:
    shift = Shift()
    for answers in KILLED_AFTER:
        async with stet(database_url, tmp_path) as server:
            await shift.ask_again(server)
            await shift.work(server, answers, end=server.kill)

        check(shift, await kept(database_url))

    async with stet(database_url, tmp_path) as server:
        await shift.ask_again(server)
    check(shift, await kept(database_url))


@dataclass(frozen=True)
class Kept:
    """What the database holds of annotations and of the log, at one moment."""

    annotations: dict[UUID, Row[Any]]
    versions: dict[UUID, list[int]]
    """Those that were superseded."""
    decided: dict[UUID, list[int]]
    """The versions that were decided on."""
    log: dict[UUID, list[tuple[str, int]]]
    """Kinds and versions, by annotation."""
    sequences: list[int]
    head: int


async def kept(database_url: str) -> Kept:
    database = connect(settings(database_url))
    async with database.snapshot() as db:
        if db.dialect == "sqlite":
            assert (await db.execute(text("PRAGMA integrity_check"))).scalars().all() == ["ok"]
            assert (await db.execute(text("PRAGMA foreign_key_check"))).all() == []
        annotations = await db.execute(select(*Annotation.__table__.c))
        versions = select(AnnotationVersion.annotation_id, AnnotationVersion.version)
        decisions = select(Decision.annotation_id, Decision.version)
        changes = select(Change.subject_id, Change.kind, Change.version, Change.sequence)
        log = (await db.execute(changes.order_by(Change.sequence))).all()
        found = Kept(
            annotations={row.id: row for row in annotations},
            versions=by_id(await db.execute(versions.order_by(AnnotationVersion.version))),
            decided=by_id(await db.execute(decisions.order_by(Decision.version))),
            log=by_id(
                (row.subject_id, (row.kind.value, row.version))
                for row in log
                if row.kind.startswith("annotation.")
            ),
            sequences=[row.sequence for row in log],
            head=(await db.execute(select(ChangeHead.sequence))).scalar_one(),
        )
    await database.dispose()
    return found


def by_id(pairs: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for id, value in pairs:
        found[id].append(value)
    return dict(found)


def check(shift: Shift, found: Kept) -> None:
    assert found.sequences == list(range(1, found.head + 1))
    assert found.annotations.keys() == found.log.keys() <= shift.told.keys()
    assert found.versions.keys() | found.decided.keys() <= found.annotations.keys()
    for id, told in shift.told.items():
        steps = len(found.log.get(id, []))
        assert told.answered <= steps <= told.asked
        check_whole(id, told, told.story[:steps], found)
    for group in shift.groups:
        assert len({len(found.decided.get(id, [])) for id in group}) == 1


def check_whole(id: UUID, told: Told, happened: tuple[str, ...], found: Kept) -> None:
    numbered = list(enumerate(happened, 1))
    assert found.log.get(id, []) == [(f"annotation.{step}", version) for version, step in numbered]
    assert found.versions.get(id, []) == [version for version, _ in numbered[:-1]]
    assert found.decided.get(id, []) == [
        version - 1 for version, step in numbered if step == "decided"
    ]
    if not happened:
        assert id not in found.annotations
        return
    row = found.annotations[id]
    assert row.version == len(happened)
    assert str(row.document_id) == told.document
    assert row.note == ("On second thoughts." if "updated" in happened else None)
    assert row.status == ("approved" if "decided" in happened else "pending")
    assert (row.decided_by_id is not None) == ("decided" in happened)
    assert (row.withdrawn_at is not None) == ("withdrawn" in happened)
