"""Writing the audit log: in the transaction of the act that an event tells of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.audit.schemas import Value
from app.core.database import Session
from app.core.permissions import Actor
from app.core.timestamps import now
from app.core.vocabulary import AuditAction
from app.models import AuditEvent


async def record(
    db: Session,
    by: Actor | None,
    action: AuditAction,
    changes: Mapping[str, tuple[Value, Value]],
    *,
    user_id: UUID | None = None,
    token_id: UUID | None = None,
    project_id: UUID | None = None,
) -> None:
    """Write down an act; ``begin`` must have been called, so that it stands or falls with the act.

    Args:
        db: the session that acts.
        by: who acts; None for somebody at a shell.
        action: what they do.
        changes: by field, the value before and after; never a secret.
        user_id: to whom they do it, or whose token it is.
        token_id: which token it is about.
        project_id: which project it is about.
    """
    subject = {"user_id": user_id, "token_id": token_id, "project_id": project_id}
    await db.execute(insert(AuditEvent).values(_row(by, action, changes=dict(changes), **subject)))


async def record_revocations(
    db: Session, by: Actor | None, user_id: UUID, token_ids: Sequence[UUID]
) -> None:
    """Write down that a user's tokens were revoked, an event for each."""
    action = AuditAction.TOKEN_REVOKED
    events = [
        _row(by, action, user_id=user_id, token_id=id, project_id=None, changes={})
        for id in token_ids
    ]
    if events:
        await db.execute(insert(AuditEvent), events)


def _row(by: Actor | None, action: AuditAction, **told: Any) -> dict[str, Any]:
    # At a shell some acts are done in a member's name, and the first user is made by nobody.
    actor_id = None if by is None or by.by_shell else by.id
    return {"id": uuid7(), "at": now(), "action": action, "actor_id": actor_id, **told}


def made(**fields: Value) -> dict[str, tuple[Value, Value]]:
    """The changes by which something came to be: the fields that have a value."""
    return {name: (None, value) for name, value in fields.items() if value is not None}
