"""What holds of users, their secrets, and what the audit log says of them."""

from typing import Any

from sqlalchemy import and_, func, or_, select

from app.core.vocabulary import AuditAction
from app.models import AuditEvent, BrowserSession, Token, User
from app.operations.doctor.agreements.agreement import Agreement, json_kind

_HASH_BYTES = 32
"""SHA-256."""


def _told(action: AuditAction, of: Any, name: str) -> Any:
    """How often the audit log says so, by user or token."""
    return (
        select(of.label("id"), func.count().label("times"))
        .where(AuditEvent.action == action, of.is_not(None))
        .group_by(of)
        .subquery(name)
    )


_made = _told(AuditAction.USER_CREATED, AuditEvent.user_id, "made")
_changed = _told(AuditAction.USER_UPDATED, AuditEvent.user_id, "changed")
_given = _told(AuditAction.TOKEN_CREATED, AuditEvent.token_id, "given")
_revoked = _told(AuditAction.TOKEN_REVOKED, AuditEvent.token_id, "revoked")

AGREEMENTS = (
    Agreement(
        "users",
        "Each password is kept as its hash.",
        "Users whose password is not kept as its hash, so that they cannot sign in; give them one",
        select(User.name).where(User.password_hash.not_like("$argon2id$v=%$%$%$%")),
    ),
    Agreement(
        "tokens",
        "Each token is kept as its hash.",
        "Tokens that are not kept as their hash, so that nobody can use them; make others",
        select(Token.id).where(func.length(Token.secret_hash) != _HASH_BYTES),
    ),
    Agreement(
        "tokens",
        "Each session is kept as its hash.",
        "Sessions that are not kept as their hash, so that nobody can use them",
        select(BrowserSession.id).where(func.length(BrowserSession.secret_hash) != _HASH_BYTES),
    ),
    Agreement(
        "audit",
        "The audit log has each version of each user.",
        "Users with a version of which the audit log does not say how it came to be",
        # Of who was there before the audit log, it does not say when they were made.
        select(User.name)
        .join(_made, _made.c.id == User.id)
        .outerjoin(_changed, _changed.c.id == User.id)
        .where(
            or_(_made.c.times != 1, func.coalesce(_changed.c.times, 0) != User.version - 1),
        ),
    ),
    Agreement(
        "audit",
        "The audit log has each token.",
        "Tokens that were revoked, or not, otherwise than the audit log says",
        select(Token.id)
        .outerjoin(_given, _given.c.id == Token.id)
        .outerjoin(_revoked, _revoked.c.id == Token.id)
        .where(
            or_(
                _given.c.times > 1,
                _revoked.c.times > 1,
                and_(Token.revoked_at.is_(None), _revoked.c.id.is_not(None)),
                and_(
                    Token.revoked_at.is_not(None),
                    _given.c.id.is_not(None),
                    _revoked.c.id.is_(None),
                ),
            )
        ),
    ),
    Agreement(
        "audit",
        "Each act says what it changed.",
        "Acts, by id, of which the audit log does not say what they changed",
        select(AuditEvent.id).where(json_kind(AuditEvent.changes) != "object"),
    ),
)
