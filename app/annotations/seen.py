"""One annotation, with who is asking and what they are in its project."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, select

from app.core.cache import Recent
from app.core.database import Session
from app.core.errors import Gone, NotFound, Unauthenticated
from app.core.permissions import Standing
from app.core.prepared import fixed
from app.models import Annotation, User
from app.users.credentials import Credential, CredentialKind
from app.users.queries import CALLERS, STANDING_COLUMNS, actor_of, admitted, standing_of

AUTHOR = User.__table__.alias("author")
DECIDER = User.__table__.alias("decider")

COLUMNS = (
    *(column for column in Annotation.__table__.c),
    AUTHOR.c.name.label("author"),
    DECIDER.c.name.label("decided_by"),
)
"""An annotation's row and the names of its author and of who decided on it last."""


@dataclass(frozen=True, slots=True)
class SeenAnnotation:
    """An annotation that the caller may see, and what they are in its project."""

    standing: Standing
    row: Row[Any]
    recalled: bool = False
    """Whether the standing was read up to a second ago; the row never is."""

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


_SEEN = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS, *COLUMNS)
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
    return _seen(await _read(db, _SEEN, credential, id), credential)


async def _read(
    db: Session, statements: Mapping[CredentialKind, Select[Any]], credential: Credential, id: UUID
) -> Row[Any] | None:
    parameters = {"credential_id": credential.id, "annotation_id": id}
    return (await db.execute(statements[credential.kind], parameters)).one_or_none()


def _seen(row: Row[Any] | None, credential: Credential) -> SeenAnnotation:
    actor = actor_of(row, credential)
    standing = row and standing_of(row, actor)
    if standing is None or row is None:
        raise NotFound("There is no such annotation.")
    return SeenAnnotation(standing, row)


_MARKS = (
    Annotation.id,
    Annotation.project_id,
    Annotation.version,
    Annotation.author_id,
    Annotation.editor_id,
    Annotation.decided_by_id,
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
_ROW_MARKED = fixed(select(*_MARKS).where(Annotation.id == bindparam("annotation_id")))
_recent: Recent[tuple[UUID, UUID], SeenAnnotation] = Recent(4096)


async def seen_lately(
    db: Session, credential: Credential, id: UUID, *, recall: bool
) -> SeenAnnotation:
    """The same with no more of the annotation than a decision looks at, which names the epoch.

    With ``recall``, who is asking and what they are in the project may be as it was up to a second
    ago (see ``documents.queries.seen_lately``).
    """
    by_token = credential.kind is CredentialKind.TOKEN
    if recall and by_token:
        row = (await db.execute(_ROW_MARKED, {"annotation_id": id})).one_or_none()
        known = row and _recent.get(db.source, (credential.id, row.project_id))
        if row is not None and known is not None:
            with suppress(Unauthenticated):
                admitted(known.row, credential)
                return SeenAnnotation(known.standing, row, recalled=True)
    asked = _recent.moment()
    found = _seen(await _read(db, _MARKED, credential, id), credential)
    if by_token:
        _recent.put(db.source, (credential.id, found.row.project_id), found, asked=asked)
    return found
