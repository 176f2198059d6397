"""The audit log, as it is asked for and comes out."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.fields import In, Out, Timestamp
from app.core.vocabulary import AuditAction

Value = str | bool | None
"""What stands in a field that an event tells of."""

BeforeAndAfter = Annotated[list[Value], Field(min_length=2, max_length=2)]


class AuditFilter(In):
    """Which events are meant."""

    actor: str | None = None
    user: str | None = None


class AuditTokenOut(Out):
    """The token that was made or revoked."""

    id: UUID
    name: str


class AuditEventOut(Out):
    """One act of an admin, of a token's owner or of somebody at a shell."""

    id: UUID
    at: Timestamp
    action: AuditAction
    actor: str | None = Field(
        description="The name of the user who did it; null where it was done from a shell, by "
        "`stet`, which asks nobody who they are."
    )
    user: str | None = Field(
        description="The name of the user to whom it was done, or whose token it is."
    )
    token: AuditTokenOut | None
    project: str | None
    changes: dict[str, BeforeAndAfter] = Field(
        description="By field, the value before and after. Of a password it is only told that it "
        "was `set`, before and after; `revoke_tokens` is no field, and has become true where all "
        "tokens were revoked, each with an event of its own."
    )

    @classmethod
    def of(cls, row: Any) -> "AuditEventOut":
        """The event of a row of ``audit_events`` with the names that it refers to."""
        token = row.token_id and AuditTokenOut(id=row.token_id, name=row.token_name)
        return cls(
            id=row.id,
            at=row.at,
            action=row.action,
            actor=row.actor,
            user=row.user,
            token=token,
            project=row.project,
            changes=row.changes,
        )
