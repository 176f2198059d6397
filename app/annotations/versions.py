"""A new version of an annotation, and the one before it, which is kept."""

from collections.abc import Mapping

from sqlalchemy import func, select

from app.changes.recorded import table_of
from app.changes.superseding import Superseding

ANNOTATIONS, VERSIONS = table_of("annotations"), table_of("annotation_versions")

_EARLIER = VERSIONS.alias("earlier")
# What comes from a file begins at the file's version, so the first one need not be version 1.
FIRST_VERSIONS = select(*VERSIONS.c).where(
    VERSIONS.c.version
    == select(func.min(_EARLIER.c.version))
    .where(_EARLIER.c.annotation_id == VERSIONS.c.annotation_id)
    .scalar_subquery()
)
"""What annotations said when they were created, of those that were changed since."""


def superseding(*changes: str, by_another: Mapping[str, str] | None = None) -> Superseding:
    """A new version of a living annotation in which these columns are set (see ``Superseding``)."""
    return Superseding(
        ANNOTATIONS,
        VERSIONS,
        changes=(*changes, "updated_by_id", "updated_at"),
        living=ANNOTATIONS.c.withdrawn_at.is_(None),
        by_another=by_another,
    )
