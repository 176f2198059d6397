"""A new version of an annotation, and the one before it, which is kept."""

from collections.abc import Mapping

from app.changes.recorded import table_of
from app.changes.superseding import Superseding

ANNOTATIONS, VERSIONS = table_of("annotations"), table_of("annotation_versions")


def superseding(*changes: str, by_another: Mapping[str, str] | None = None) -> Superseding:
    """A new version of a living annotation in which these columns are set (see ``Superseding``)."""
    return Superseding(
        ANNOTATIONS,
        VERSIONS,
        changes=(*changes, "updated_by_id", "updated_at"),
        living=ANNOTATIONS.c.withdrawn_at.is_(None),
        by_another=by_another,
    )
