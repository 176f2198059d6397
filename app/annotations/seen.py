"""One annotation, with who is asking and what they are in its project."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, select

from app.core.database import Session
from app.core.database.prepared import fixed
from app.core.errors import Gone
from app.core.permissions import Standing
from app.models import Annotation, Revision, User
from app.users.callers import CALLERS, STANDING_COLUMNS, Lately, seen_by
from app.users.credentials import Credential

AUTHOR = User.__table__.alias("author")
DECIDER = User.__table__.alias("decider")

COLUMNS = (
    *(column for column in Annotation.__table__.c),
    AUTHOR.c.name.label("author"),
    DECIDER.c.name.label("decided_by"),
)
"""An annotation's row and the names of its author and of who decided on it last."""

# To join it took five times as long.
DIGEST: ColumnElement[Any] = (
    select(Revision.sha256)
    .where(Revision.document_id == Annotation.document_id, Revision.number == Annotation.revision)
    .correlate(Annotation)
    .scalar_subquery()
    .label("sha256")
)
"""The SHA-256 of the text that an annotation lies in."""


def with_people(columns: Iterable[Any]) -> Select[Any]:
    """Such columns of annotations."""
    return (
        select(*columns)
        .select_from(Annotation)
        .join(AUTHOR, AUTHOR.c.id == Annotation.author_id)
        .outerjoin(DECIDER, DECIDER.c.id == Annotation.decided_by_id)
    )


@dataclass(frozen=True, slots=True)
class SeenAnnotation:
    """An annotation that the caller may see, and what they are in its project."""

    standing: Standing
    row: Row[Any]

    @property
    def id(self) -> UUID:
        """The annotation's id."""
        found: UUID = self.row.id
        return found

    def alive(self) -> "SeenAnnotation":
        """Itself.

        Raises:
            Gone: when it was withdrawn.
        """
        if self.row.withdrawn_at is not None:
            raise Gone("The annotation was withdrawn; its history remains.")
        return self


@dataclass(frozen=True, slots=True)
class NamedAnnotation:
    """An annotation that was only named: neither that it is there is known, nor in what project."""

    standing: Standing
    """What the caller was up to a second ago in the project where they were let in last."""
    id: UUID


_SEEN = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS, *COLUMNS, DIGEST)
        .select_from(
            caller.joined(Annotation.__table__, Annotation.id == bindparam("annotation_id"))
            .seeing(Annotation.project_id)
            .outerjoin(AUTHOR, AUTHOR.c.id == Annotation.author_id)
            .outerjoin(DECIDER, DECIDER.c.id == Annotation.decided_by_id)
        )
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}


async def seen(db: Session, credential: Credential, id: UUID) -> SeenAnnotation:
    """Who is asking, what they are in the annotation's project, and the annotation.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such annotation or the caller may not see it.
    """
    return SeenAnnotation(*await seen_by(db, credential, _SEEN, "annotation", annotation_id=id))


_MARKS = (
    Annotation.id,
    Annotation.project_id,
    Annotation.version,
    Annotation.author_id,
    Annotation.editor_id,
    Annotation.status,
    Annotation.decided_by_id,
    Annotation.updated_at,
    Annotation.withdrawn_at,
)
_MARKED = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS, *_MARKS)
        .select_from(
            caller.joined(Annotation.__table__, Annotation.id == bindparam("annotation_id")).seeing(
                Annotation.project_id
            )
        )
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}
_lately: Lately[Standing] = Lately()


async def seen_lately(
    db: Session, credential: Credential, id: UUID, *, recall: bool
) -> SeenAnnotation | NamedAnnotation:
    """The same with no more of the annotation than a decision looks at, or nothing at all.

    With ``recall``, whoever was let in a moment ago (see ``users.callers.Lately``) is taken to ask
    for an annotation of the same project: what is written then must name that project, its epoch
    and all that the annotation must be, and what is refused is to be asked for again without.

    Raises:
        Unauthenticated, NotFound: as ``seen``.
    """
    known = _lately.get(db, credential) if recall else None
    if known is not None:
        return NamedAnnotation(known, id)
    asked = _lately.moment()
    standing, row = await seen_by(db, credential, _MARKED, "annotation", annotation_id=id)
    _lately.put(db, credential, row, standing, asked=asked)
    return SeenAnnotation(standing, row)
