"""Who is a member of a project, and in which role.

A user's version in a project counts on over memberships: else what somebody saw of a member who was
removed would fit the one who was added again.
"""

from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.audit.commands import record
from app.changes.commands import Entry, append
from app.core.database import Session
from app.core.errors import LastManager, NotFound, PreconditionRequired, Stale, UnknownUser
from app.core.permissions import Standing
from app.core.timestamps import now, now_after
from app.core.vocabulary import AuditAction, ChangeKind, Role
from app.models import FormerMembership, Membership, User
from app.projects import queries
from app.projects.commands import locked, state_of
from app.projects.schemas import MemberOut
from app.users.queries import by_name, forget_memberships


async def put(
    db: Session, standing: Standing, name: str, seen: int | None, role: Role
) -> tuple[MemberOut, bool]:
    """Make a user a member or give a member another role; True when the member is new.

    Setting the role that a member has already changes nothing and needs no version.

    Raises:
        UnknownUser: when there is no active user of that name.
        PreconditionRequired: when there is such a member and ``seen`` is None.
        Stale: when ``seen`` is not the current version, or there is no such member.
        LastManager: when it is the last manager whose account is active.
    """
    forget_memberships(db)
    end = await locked(db, standing)
    current = await queries.member(db, standing.project_id, name)
    moment = now() if current is None else now_after(current.updated_at)
    if current is None:
        if seen is not None:
            raise Stale(None, version=None)
        user = await by_name(db, name)
        if user is None or not user.is_active:
            raise UnknownUser("", f"There is no active user called “{name}”.")
        user_id = user.id
        row = {
            "project_id": standing.project_id,
            "user_id": user_id,
            "role": role,
            "version": await _forget_removal(db, standing.project_id, user_id) + 1,
            "created_at": moment,
            "updated_at": moment,
        }
        await db.execute(insert(Membership).values(row))
        out = MemberOut.model_validate({**row, "name": name})
    else:
        out, user_id = MemberOut.of(current), current.user_id
        if current.role == role and seen in {None, current.version}:
            return out, False
        if seen is None:
            raise PreconditionRequired(f"{name} is a member; send If-Match with the ETag you saw.")
        if seen != current.version:
            raise Stale(state_of(out), version=current.version)
        await _keep_a_manager(db, standing, current.user_id, role)
        out = out.model_copy(
            update={"role": role, "version": current.version + 1, "updated_at": moment}
        )
        await db.execute(
            update(Membership)
            .where(
                Membership.project_id == standing.project_id,
                Membership.user_id == current.user_id,
            )
            .values(role=role, version=out.version, updated_at=moment)
        )
    entry = Entry.by(standing, ChangeKind.MEMBER_SET, user_id, out.version, moment, state_of(out))
    await append(db, standing.project_id, [entry], after=end)
    if standing.actor.by_shell:
        # The entry names the member in whose name it was done.
        await record(
            db,
            standing.actor,
            AuditAction.MEMBER_SET,
            {"role": (current and current.role, role)},
            user_id=user_id,
            project_id=standing.project_id,
        )
    return out, current is None


async def _keep_a_manager(
    db: Session, standing: Standing, user_id: UUID, role: Role | None
) -> None:
    if role is Role.MANAGER:
        return
    managers = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.project_id == standing.project_id,
            Membership.role == Role.MANAGER,
            User.is_active,
        )
        # Whether it is this user alone, two tell.
        .limit(2)
    )
    if (await db.execute(managers)).scalars().all() == [user_id]:
        raise LastManager("Make another member a manager first.")


async def remove(db: Session, standing: Standing, name: str, seen: int) -> None:
    """Remove a member.

    Raises:
        NotFound: when there is no such member.
        Stale: when ``seen`` is not the current version.
        LastManager: when it is the last manager whose account is active.
    """
    forget_memberships(db)
    end = await locked(db, standing)
    current = await queries.member(db, standing.project_id, name)
    if current is None:
        raise NotFound("The project has no such member.")
    if seen != current.version:
        raise Stale(state_of(MemberOut.of(current)), version=current.version)
    await _keep_a_manager(db, standing, current.user_id, None)
    await db.execute(
        delete(Membership).where(
            Membership.project_id == standing.project_id, Membership.user_id == current.user_id
        )
    )
    # A worker of the release before adds members at version 1, whatever was noted of them.
    noted = await _forget_removal(db, standing.project_id, current.user_id)
    version = max(current.version, noted) + 1
    await db.execute(
        insert(FormerMembership).values(
            project_id=standing.project_id, user_id=current.user_id, version=version
        )
    )
    moment = now_after(current.updated_at)
    kind, state = ChangeKind.MEMBER_REMOVED, {"name": name}
    entry = Entry.by(standing, kind, current.user_id, version, moment, state)
    await append(db, standing.project_id, [entry], after=end)


async def _forget_removal(db: Session, project_id: UUID, user_id: UUID) -> int:
    """Note no longer that the user was removed, and answer at which version; 0 if never."""
    noted = await db.execute(
        delete(FormerMembership)
        .where(FormerMembership.project_id == project_id, FormerMembership.user_id == user_id)
        .returning(FormerMembership.version)
    )
    version: int = noted.scalar_one_or_none() or 0
    return version
