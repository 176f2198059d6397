"""Relations, as they come in and go out."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.fields import In, Out, Timestamp


class RelationIn(In):
    """A new relation."""

    id: Annotated[UUID, Field(strict=False)] | None = Field(
        default=None, description="Made by the client, so that creating can be retried."
    )
    type: Annotated[str, StringConstraints(max_length=1000)]
    source: Annotated[UUID, Field(strict=False)]
    target: Annotated[UUID, Field(strict=False)]


class RelationOut(Out):
    """A typed, directed link between two annotations of one document."""

    id: UUID
    project: str
    document_id: UUID
    type: str
    source: UUID
    target: UUID
    author: str
    version: int
    created_at: Timestamp

    @classmethod
    def of(cls, row: Any, project: str) -> "RelationOut":
        """The relation of a row with ``relations.queries.COLUMNS``."""
        return cls(
            id=row.id,
            project=project,
            document_id=row.document_id,
            type=row.type,
            source=row.source_id,
            target=row.target_id,
            author=row.author,
            version=row.version,
            created_at=row.created_at,
        )
