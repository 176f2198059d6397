"""Who shows a credential, and what they are in a project: part of every query, and remembered."""

from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, bindparam, null, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.core.cache import RecentCache
from app.core.database import Session
from app.core.errors import NotFound, Unauthenticated
from app.core.permissions import Actor, Standing, narrower
from app.core.timestamps import now
from app.core.vocabulary import Role
from app.models import BrowserSession, ChangeHead, Membership, Project, Token, User
from app.users.credentials import Credential, CredentialKind

V = TypeVar("V")
Column: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Caller:
    """The part of every query that says who is asking: its FROM, its columns and its two caps.

    Joining it to what is asked for answers "who is it, may they, and what is it" in one statement.
    """

    source: FromClause
    columns: tuple[ColumnElement[Any], ...]
    project_cap: Column
    where: ColumnElement[bool]

    def seeing(self, project_id: Column) -> FromClause:
        """Joined to the project of that id; its columns are NULL if the caller may not see it."""
        return (
            self.source.outerjoin(
                Membership,
                and_(Membership.project_id == project_id, Membership.user_id == User.id),
            )
            .outerjoin(
                Project,
                and_(
                    Project.id == project_id,
                    or_(User.is_admin, Membership.role.is_not(None)),
                    or_(self.project_cap.is_(None), self.project_cap == Project.id),
                ),
            )
            .outerjoin(ChangeHead, ChangeHead.project_id == Project.id)
        )

    def joined(self, target: FromClause, on: ColumnElement[bool]) -> "Caller":
        """The same, with ``target`` outer-joined first: its columns can then name the project."""
        return Caller(self.source.outerjoin(target, on), self.columns, self.project_cap, self.where)


def _caller(proof: type[Token] | type[BrowserSession]) -> Caller:
    by_token = proof is Token
    return Caller(
        source=proof.__table__.join(User.__table__, User.id == proof.user_id),
        columns=(
            User.id.label("caller_id"),
            User.name.label("caller_name"),
            User.is_admin.label("caller_is_admin"),
            User.is_active.label("caller_is_active"),
            proof.secret_hash.label("caller_secret_hash"),
            proof.expires_at.label("caller_expires_at"),
            (Token.revoked_at if by_token else null()).label("caller_revoked_at"),
            (Token.role if by_token else null()).label("caller_role_cap"),
            (Token.project_id if by_token else null()).label("caller_project_cap"),
        ),
        project_cap=Token.project_id if by_token else null(),
        where=proof.id == bindparam("credential_id"),
    )


CALLERS: Mapping[CredentialKind, Caller] = {
    CredentialKind.TOKEN: _caller(Token),
    CredentialKind.SESSION: _caller(BrowserSession),
}

STANDING_COLUMNS = (
    Project.id.label("standing_project_id"),
    Project.slug.label("standing_project"),
    Project.allow_self_review.label("standing_allow_self_review"),
    Project.scheme_version.label("standing_scheme_version"),
    Project.updated_at.label("standing_changed_at"),
    Membership.role.label("standing_role"),
    ChangeHead.epoch.label("standing_epoch"),
    ChangeHead.sequence.label("standing_sequence"),
)


def actor_of(row: Row[Any] | None, credential: Credential) -> Actor:
    """The actor whom a row with ``Caller.columns`` describes.

    Raises:
        Unauthenticated: see ``admitted``.
    """
    row = admitted(row, credential)
    return Actor(
        id=row.caller_id,
        name=row.caller_name,
        is_admin=row.caller_is_admin,
        role_cap=row.caller_role_cap,
        project_cap=row.caller_project_cap,
        expires_at=row.caller_expires_at if credential.kind is CredentialKind.TOKEN else None,
        shown=(credential.kind, credential.id),
    )


def admitted(row: Row[Any] | None, credential: Credential) -> Row[Any]:
    """The row itself, if the credential is good now.

    Raises:
        Unauthenticated: when the credential is unknown, wrong, revoked, expired or its user's
            deactivated: always in the same words.
    """
    if row is None or not credential.fits(row.caller_secret_hash) or not holds(row):
        raise Unauthenticated("The token or session is not valid, or no longer.")
    return row


def holds(row: Row[Any]) -> bool:
    """Whether what the caller showed lets its user in now, the secret aside."""
    return (
        row.caller_is_active
        and row.caller_revoked_at is None
        and (row.caller_expires_at is None or row.caller_expires_at > now())
    )


def standing_of(row: Row[Any], actor: Actor) -> Standing | None:
    """What the actor is in the project of a row with ``STANDING_COLUMNS``; None if it is hidden."""
    if row.standing_project_id is None:
        return None
    role = Role.MANAGER if row.caller_is_admin else row.standing_role
    return Standing(
        actor=actor,
        project_id=row.standing_project_id,
        project=row.standing_project,
        role=narrower(role, actor.role_cap),
        epoch=row.standing_epoch,
        sequence=row.standing_sequence,
        scheme_version=row.standing_scheme_version,
        changed_at=row.standing_changed_at,
        allow_self_review=row.standing_allow_self_review,
    )


async def seen_by(
    db: Session,
    credential: Credential,
    statements: Mapping[CredentialKind, Select[Any]],
    what: str,
    **parameters: object,
) -> tuple[Standing, Row[Any]]:
    """What the caller is in the project of what they ask for, and the row that has both.

    Args:
        db: a session.
        credential: who asks.
        statements: for each kind of it one with ``Caller.columns`` and ``STANDING_COLUMNS``.
        what: what the parameters name, in words.
        parameters: those of the statement, but for the credential's.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such thing or the caller may not see it.
    """
    statement = statements[credential.kind]
    parameters["credential_id"] = credential.id
    row = admitted((await db.execute(statement, parameters)).one_or_none(), credential)
    standing = standing_of(row, actor_of(row, credential))
    if standing is None:
        raise NotFound(f"There is no such {what}.")
    return standing, row


class Lately(Generic[V]):
    """What was read for a token within the last second, for as long as the token is good.

    What changed in a project meanwhile shows in the epoch, which a write names and a list compares,
    so what is left is that a token works for a second after another process revoked it or
    deactivated its user. That an administrator is none any more shows in no epoch: of them nothing
    is kept, and nothing of people who signed in. Nobody is refused for what is kept: who would be
    is looked up anew.
    """

    def __init__(self) -> None:
        """Keeps nothing yet, and 4,096 values at most."""
        self._recent: RecentCache[tuple[UUID, Hashable], tuple[Row[Any], V]] = RecentCache(4096)

    def get(self, db: Session, credential: Credential, key: Hashable = None) -> V | None:
        """What was read of ``key`` for whoever shows this token, if it is still good."""
        known = self._recent.get(db.source, (credential.id, key))
        if known is None:
            return None
        row, value = known
        with suppress(Unauthenticated):
            admitted(row, credential)
            return value
        return None

    @staticmethod
    def moment() -> float:
        """Now, to be said of what is asked for next."""
        return RecentCache.moment()

    def put(
        self,
        db: Session,
        credential: Credential,
        row: Row[Any],
        value: V,
        *,
        asked: float,
        key: Hashable = None,
    ) -> None:
        """Keep what was read in a ``row`` with ``Caller.columns``, ``asked`` for at that moment."""
        if credential.kind is CredentialKind.TOKEN and not row.caller_is_admin:
            self._recent.put(db.source, (credential.id, key), (row, value), asked=asked)

    def forget(self, db: Session) -> None:
        """Keep nothing until this session is left: it changes what is read."""
        self._recent.forget(db)
