"""Reading the audit log."""

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.audit.schemas import AuditEventOut, AuditFilter
from app.core.database import Session
from app.core.paging import Page, Paging
from app.models import AuditEvent, Project, Token, User

_ACTOR, _USER = aliased(User), aliased(User)

_EVENTS = (
    select(
        AuditEvent.id,
        AuditEvent.at,
        AuditEvent.action,
        _ACTOR.name.label("actor"),
        _USER.name.label("user"),
        AuditEvent.token_id,
        Token.name.label("token_name"),
        Project.slug.label("project"),
        AuditEvent.changes,
    )
    .outerjoin(_ACTOR, _ACTOR.id == AuditEvent.actor_id)
    .outerjoin(_USER, _USER.id == AuditEvent.user_id)
    .outerjoin(Token, Token.id == AuditEvent.token_id)
    .outerjoin(Project, Project.id == AuditEvent.project_id)
    .order_by(AuditEvent.id.desc())
)


async def page(db: Session, given: AuditFilter, pages: Paging) -> Page[AuditEventOut]:
    """Events, newest first.

    Ids are UUIDs of version 7, so their order is nearly that of happening: of two workers at once,
    one may be told before the other though it came after it.
    """
    after = pages.after_id()
    query = _EVENTS.limit(pages.limit + 1)
    if after is not None:
        query = query.where(AuditEvent.id < after)
    for column, name in ((AuditEvent.actor_id, given.actor), (AuditEvent.user_id, given.user)):
        if name is not None:
            query = query.where(
                column == select(User.id).where(User.name == name).scalar_subquery()
            )
    rows = (await db.execute(query)).all()
    return pages.page(rows, AuditEventOut.of, key=lambda row: (str(row.id),))
