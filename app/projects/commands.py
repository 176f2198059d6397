"""Every write to projects; ``members`` and ``scheme_versions`` have those to what is in them.

All of them take the log's lock first and raise the project's epoch: whatever else is being written
in the project was let in under the old settings and is tried again under the new.
"""

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.audit.commands import made, record
from app.changes.commands import Entry, append, lock
from app.core.database import Moved, Session
from app.core.errors import InvalidValue, NameTaken, Stale
from app.core.permissions import Actor, Standing
from app.core.timestamps import now, now_after
from app.core.vocabulary import AuditAction, ChangeKind, Role
from app.models import ChangeHead, Membership, Project, SchemeVersion
from app.projects import queries
from app.projects.schemas import (
    MemberOut,
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    SchemeOut,
    news_claims,
)
from app.users.commands import hold
from app.users.queries import check_unchanged, forget_memberships


async def create(db: Session, actor: Actor, new: ProjectIn) -> ProjectOut:
    """Make a project with version 1 of its scheme and its maker as manager.

    Raises:
        NameTaken: when the slug is.
        InvalidValue: when the scheme says that it is of a later version.
        Moved: when the actor would not be let in by now as who they were.
    """
    scheme = new.scheme or news_claims()
    if scheme.version not in {None, 1}:
        raise InvalidValue("/scheme/version", "A new project's scheme is of version 1.")
    moment, id = now(), uuid7()
    row = {
        "id": id,
        "slug": new.slug,
        "name": new.name,
        "description": new.description,
        "allow_self_review": new.settings.allow_self_review,
        "scheme_version": 1,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }
    forget_memberships(db)
    await db.begin()
    await hold(db, actor)
    try:
        await db.execute(insert(Project).values(row))
    except IntegrityError:
        raise NameTaken(f"There is a project “{new.slug}” already.") from None
    await db.execute(
        insert(SchemeVersion).values(
            project_id=id,
            version=1,
            definition=scheme.definition(),
            created_by_id=actor.id,
            created_at=moment,
        )
    )
    maker = MemberOut(
        name=actor.name, role=Role.MANAGER, version=1, created_at=moment, updated_at=moment
    )
    # Not dumped: that makes strings of the moments, which PostgreSQL's driver refuses.
    membership = {name: getattr(maker, name) for name in MemberOut.model_fields if name != "name"}
    await db.execute(insert(Membership).values(project_id=id, user_id=actor.id, **membership))
    await db.execute(insert(ChangeHead).values(project_id=id, sequence=0, epoch=1))
    out = ProjectOut.model_validate(
        {**row, "settings": {"allow_self_review": row["allow_self_review"]}}, strict=False
    )
    entries = [
        Entry(id, actor.id, ChangeKind.PROJECT_CREATED, None, 1, moment, state_of(out)),
        Entry(
            id,
            actor.id,
            ChangeKind.SCHEME_UPDATED,
            None,
            1,
            moment,
            state_of(SchemeOut.of(scheme.definition(), 1)),
        ),
        Entry(
            id,
            actor.id,
            ChangeKind.MEMBER_SET,
            actor.id,
            1,
            moment,
            state_of(maker),
        ),
    ]
    await append(db, id, entries, after=0)
    changes = made(
        name=out.name,
        description=out.description,
        allow_self_review=out.settings.allow_self_review,
    )
    await record(db, actor, AuditAction.PROJECT_CREATED, changes, project_id=id)
    return out


def state_of(out: ProjectOut | SchemeOut | MemberOut) -> dict[str, Any]:
    """What the log and a refusal say of it."""
    return out.model_dump(mode="json")


async def locked(db: Session, standing: Standing) -> int:
    """Take the log's lock, raise the epoch and answer where the log ends.

    Raises:
        Moved: when whoever asks was a manager when they were let in and is none now, or would not
            be let in as who they were.
    """
    await db.begin()
    end = await lock(db, standing.project_id, epoch=True)
    actor = standing.actor
    await check_unchanged(db, actor)
    if not actor.is_admin:
        query = select(Membership.role).where(
            Membership.project_id == standing.project_id, Membership.user_id == actor.id
        )
        role = (await db.execute(query)).scalar_one_or_none()
        if role is not Role.MANAGER:
            raise Moved
    return end


async def edit(db: Session, standing: Standing, seen: int, patch: ProjectPatch) -> ProjectOut:
    """Change a project; an edit that changes nothing makes no new version.

    Raises:
        Stale: when ``seen`` is not its current version.
    """
    values: dict[str, Any] = patch.model_dump(exclude_unset=True)
    values.update(values.pop("settings", {}))
    end = await locked(db, standing)
    current = await queries.project(db, standing.project_id)
    if current.version != seen:
        raise Stale(state_of(current), version=current.version)
    before = current.model_dump() | current.settings.model_dump()
    if all(before[name] == value for name, value in values.items()):
        return current
    moment = now_after(current.updated_at)
    changed = await db.execute(
        update(Project)
        .where(Project.id == standing.project_id, Project.version == seen)
        .values(version=Project.version + 1, updated_at=moment, **values)
        .returning(*Project.__table__.c)
    )
    out = ProjectOut.of(changed.one())
    await append(
        db,
        standing.project_id,
        [Entry.by(standing, ChangeKind.PROJECT_UPDATED, None, out.version, moment, state_of(out))],
        after=end,
    )
    return out
