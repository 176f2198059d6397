"""Whether each release is, byte for byte, what its digest says. Reads only."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row, select

from app.core.database import Snapshot
from app.core.jsontext import same_json
from app.exports import content, releases
from app.exports.corpus import released
from app.models import Project, Release

_RELEASES = (
    select(
        Release.id,
        Release.name,
        Release.project_id,
        Release.sha256,
        Release.counts,
        Project.slug,
    )
    .join(Project, Project.id == Release.project_id)
    # Without a digest it is still being made.
    .where(Release.sha256.is_not(None))
    .order_by(Release.id)
)


async def faults(db: Snapshot) -> AsyncIterator[tuple[str, str | None]]:
    """Each release by name, and what is wrong with it."""
    for row in (await db.execute(_RELEASES)).all():
        # Each is read as an export reads it, which is all that it is.
        yield f"{row.slug}/{row.name}", await _fault(db, row)


async def _fault(db: Snapshot, row: Row[Any]) -> str | None:
    if await content.digest(db, released(row.project_id, row.id)) != row.sha256:
        return "its SHA-256 is another"
    if not same_json(await releases.counts(db, row.id), row.counts):
        return "it holds another number of annotations than it says"
    return None
