"""What a follower of a project's log is told."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.core.shapes import Moment, Out
from app.core.vocabulary import ChangeKind


class ChangeOut(Out):
    """One entry of a project's log."""

    sequence: int = Field(description="Rises from entry to entry, with gaps where nothing is.")
    at: Moment
    actor: str | None = Field(description="Who did it; null when it was done from a shell.")
    kind: ChangeKind
    subject: UUID | None = Field(
        description="The document, annotation, relation or user; null for the project itself."
    )
    version: int = Field(description="The subject's version after the change.")
    state: dict[str, Any] | None = Field(
        description="What the subject is after the change; null once it is withdrawn or deleted."
    )

    @classmethod
    def of(cls, row: Any, state: dict[str, Any] | None) -> "ChangeOut":
        """The entry of a row of ``changes`` and its actor's name."""
        return cls(
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            kind=row.kind,
            subject=row.subject_id,
            version=row.version,
            state=state,
        )
