"""Everything that is stored, looked through for `stet doctor`: in memory that does not grow."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from app.core.database import Session, Snapshot
from app.operations.doctor import (
    faults,
    integrity,
    project_logs,
    release_bytes,
    schemes,
    sqlite_rows,
)
from app.operations.doctor.agreements import AGREEMENTS, EXAMPLES, Agreement


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    detail: str


async def examine(db: Snapshot) -> AsyncIterator[Finding]:
    """Look through texts, spans, schemes, the log and all that must agree with one another."""
    yield await _texts(db)
    if db.dialect == "sqlite":
        yield await _words(db)
    yield await _schemes(db)
    yield await _spans(db)
    yield await _relations(db)
    yield await _projects(db)
    yield await _documents(db)
    for agreement in AGREEMENTS:
        if agreement.dialect in {None, db.dialect}:
            yield await _agreement(db, agreement)
    yield await _releases(db)


class _Faults:
    """What is wrong with rows: how often, and the first."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.count = 0
        self.some: list[str] = []

    def add(self, name: str, found: Iterable[str]) -> None:
        """All that was found of a row of that name."""
        self.looked_at += 1
        for fault in found:
            self.count += 1
            if self.count <= EXAMPLES:
                self.some.append(f"{name}: {fault}")

    def told(self, what: str, *, well: str, ill: str) -> Finding:
        """The finding."""
        detail = _told(self.count, ill, self.some) if self.count else well
        return Finding(self.count == 0, what, detail)


async def _texts(db: Session) -> Finding:
    wrong = _Faults()
    async for page in integrity.texts(db):
        for row in page:
            name = f"{row.document_id} revision {row.number}"
            wrong.add(name, (*faults.of_text(row), *faults.of_words(row)))
    return wrong.told(
        "texts",
        well=f"{wrong.looked_at} texts have the SHA-256, lengths and words that are kept of them.",
        ill="Texts that have not what is kept of them",
    )


async def _words(db: Session) -> Finding:
    """Whether the index of words has each document; PostgreSQL sees to that itself."""
    count, some = await sqlite_rows.unindexed(db)
    ill = "Documents that the index of words has not, or has though they are none"
    return _said(count, some, "words", well="Their index has each document.", ill=ill)


async def _schemes(db: Session) -> Finding:
    wrong = _Faults()
    async for name, fault in schemes.faults(db):
        wrong.add(name, [fault])
    return wrong.told(
        "schemes",
        well="Each project has each version of its scheme.",
        ill="Schemes that are not as they were stored",
    )


async def _spans(db: Session) -> Finding:
    wrong = _Faults()
    of_projects = schemes.Schemes(db)
    key, text = None, None
    async for page in integrity.spans(db):
        for row in sorted(page, key=lambda row: (row.document_id, row.revision)):
            if (row.document_id, row.revision) != key:
                key = (row.document_id, row.revision)
                # One text at a time is held; a document's annotations follow one another.
                text = await integrity.stored_text(db, *key)
            scheme = await of_projects.of(row.project_id) if row.is_living else None
            name = f"{row.annotation_id} version {row.version}"
            wrong.add(name, faults.of_annotation(text, row, scheme))
    return wrong.told(
        "spans",
        well=f"{wrong.looked_at} versions of annotations stand where they say.",
        ill="Annotations that are not where they say, or do not fit their scheme",
    )


async def _relations(db: Session) -> Finding:
    count, some = await schemes.unfit_relations(db)
    ill = "Relations that their scheme does not allow"
    return _said(count, some, "relations", well="The schemes allow each.", ill=ill)


async def _projects(db: Session) -> Finding:
    wrong = _Faults()
    async for slug, found in project_logs.of_projects(db):
        wrong.add(slug, found)
    return wrong.told(
        "projects",
        well="They and their members are as their logs say.",
        ill="Projects that are not as their log says",
    )


async def _documents(db: Session) -> Finding:
    wrong = _Faults()
    async for id in project_logs.of_documents(db):
        wrong.add(str(id), ["it says something else"])
    return wrong.told(
        "documents",
        well="They are as their logs say.",
        ill="Documents that are not as the log says",
    )


async def _releases(db: Snapshot) -> Finding:
    wrong = _Faults()
    async for name, fault in release_bytes.faults(db):
        wrong.add(name, [] if fault is None else [fault])
    return wrong.told(
        "releases",
        well=f"{wrong.looked_at} releases have the bytes that they were made of.",
        ill="Releases that are not what they were",
    )


async def _agreement(db: Session, agreement: Agreement) -> Finding:
    count, some = await agreement.broken(db)
    return _said(count, some, agreement.what, well=agreement.well, ill=agreement.ill)


def _said(count: int, some: Sequence[str], what: str, *, well: str, ill: str) -> Finding:
    return Finding(count == 0, what, _told(count, ill, some) if count else well)


def _told(count: int, ill: str, some: Sequence[str]) -> str:
    named = f" ({', '.join(some)}{', …' if count > len(some) else ''})" if some else ""
    return f"{ill}: {count}{named}."
