"""The releases of a project."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from app.core.database import Session
from app.core.database.page_budget import ONE_MORE, among, octets
from app.core.errors import NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.exports.corpus import tallies
from app.exports.schemas import ReleaseOut
from app.formats.record import Head
from app.models import (
    Release,
    ReleasedDocument,
    ReleasedRelation,
    User,
)
from app.projects import queries as projects

_ROWS = select(*Release.__table__.c, User.name.label("created_by")).join(
    User, User.id == Release.created_by_id
)


_SIZE = octets(Release.description, Release.filter, Release.counts).label("size")


async def named(db: Session, project_id: UUID, name: str, *, whole: bool = True) -> Row[Any] | None:
    """The row of that release; with ``whole``, not of one that is still being made."""
    query = _ROWS.where(Release.project_id == project_id, Release.name == name)
    if whole:
        query = query.where(Release.sha256.is_not(None))
    return (await db.execute(query)).one_or_none()


async def seen(db: Session, standing: Standing, name: str) -> Row[Any]:
    """The row of that release.

    Raises:
        NotFound: when there is none, or it is still being made.
    """
    row = await named(db, standing.project_id, name)
    if row is None:
        raise NotFound("The project has no such release.")
    return row


async def release(db: Session, standing: Standing, name: str) -> ReleaseOut:
    """The release's manifest.

    Raises:
        NotFound: when there is none, or it is still being made.
    """
    return ReleaseOut.of(await seen(db, standing, name), standing.project)


async def page(db: Session, standing: Standing, pages: Paging) -> Page[ReleaseOut]:
    """The project's releases, oldest first."""
    after = pages.after(int, str)
    query = _ROWS.where(
        Release.project_id == standing.project_id, Release.sha256.is_not(None)
    ).order_by(Release.snapshot, Release.name)
    if after is not None:
        query = query.where(
            (Release.snapshot > after[0])
            | ((Release.snapshot == after[0]) & (Release.name > after[1]))
        )
    columns: list[Any] = [Release.id, Release.snapshot, Release.name, _SIZE]
    narrow = query.with_only_columns(*columns, maintain_column_froms=True).limit(ONE_MORE)
    statement = among(_ROWS, narrow, ["snapshot", "name"], lambda row: row.id == Release.id)
    rows = (await db.execute(statement, {"limit": pages.limit})).all()
    return pages.fitted(
        rows,
        lambda row: ReleaseOut.of(row, standing.project),
        key=lambda row: (row.snapshot, row.name),
    )


async def head(db: Session, standing: Standing, id: UUID) -> Head:
    """What a file of the release says of the project: with the scheme as it was."""
    query = select(Release.scheme_version, Release.snapshot).where(Release.id == id)
    row = (await db.execute(query)).one()
    scheme = await projects.definition(db, standing.project_id, row.scheme_version)
    return Head(standing.project, scheme, row.scheme_version, row.snapshot)


async def counts(db: Session, id: UUID) -> dict[str, Any]:
    """How much a release holds: its annotations by label and status."""
    documents = select(func.count()).where(ReleasedDocument.release_id == id)
    relations = select(func.count()).where(ReleasedRelation.release_id == id)
    labels: dict[str, dict[str, int]] = {}
    total = 0
    for row in await db.execute(tallies(id)):
        labels.setdefault(row.label, {})[row.status] = row.times
        total += row.times
    return {
        "documents": (await db.execute(documents)).scalar_one(),
        "annotations": total,
        "relations": (await db.execute(relations)).scalar_one(),
        "labels": labels,
    }
