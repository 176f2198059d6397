"""Who may do what: the whole policy, in one table.

A role stands in one project. An admin is a manager of every project, and alone sees and changes
users and makes projects. Two rules depend on the annotation and not on the role, and so stand with
the commands: one edits and withdraws one's own, and nobody decides on their own.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.errors import Forbidden
from app.core.vocabulary import Role


class Act(StrEnum):
    """Something that a role may or may not do."""

    READ = "read, list, export and follow changes"
    ANNOTATE = "create annotations and relations, edit and withdraw one's own"
    ADD_DOCUMENTS = "add documents and import"
    REVIEW = "decide on others' annotations, edit and withdraw any"
    MANAGE = "change members, scheme, settings and documents"


_READER = frozenset({Act.READ})
_ANNOTATOR = _READER | {Act.ANNOTATE, Act.ADD_DOCUMENTS}
_REVIEWER = _ANNOTATOR | {Act.REVIEW}
_MANAGER = _REVIEWER | {Act.MANAGE}

POLICY: Mapping[Role, frozenset[Act]] = {
    Role.READER: _READER,
    Role.ANNOTATOR: _ANNOTATOR,
    Role.REVIEWER: _REVIEWER,
    Role.MANAGER: _MANAGER,
}

_RANK = {role: rank for rank, role in enumerate(POLICY)}


def may(role: Role, act: Act) -> bool:
    """Whether the role may do it."""
    return act in POLICY[role]


def least(act: Act) -> Role:
    """The lowest role that may do it."""
    return next(role for role, acts in POLICY.items() if act in acts)


def narrower(role: Role, cap: Role | None) -> Role:
    """The lower of a member's role and the role that a token was narrowed to, if it was."""
    return role if cap is None or _RANK[role] <= _RANK[cap] else cap


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking. The caps are what their token was narrowed to, if it was."""

    id: UUID
    name: str
    is_admin: bool
    """Whether the user is an admin, and so may see every project, however narrow their token."""
    role_cap: Role | None = None
    project_cap: UUID | None = None
    expires_at: dt.datetime | None = None
    """When their token expires, if it does."""
    shown: tuple[str, UUID] | None = None
    """The kind and the id of the token or session that they came by; None at a shell."""

    @property
    def by_shell(self) -> bool:
        """Whether somebody at a shell acts in their name, where nobody is asked who they are."""
        return self.shown is None

    @property
    def narrowed(self) -> bool:
        """Whether they came by a token that may do less than its user."""
        return self.role_cap is not None or self.project_cap is not None

    @property
    def administers(self) -> bool:
        """Whether they may see and change users and make projects, by what they came by."""
        return self.is_admin and not self.narrowed


@dataclass(frozen=True, slots=True)
class Standing:
    """What an actor is in one project, and the state of its log in which that was read."""

    actor: Actor
    project_id: UUID
    project: str
    """The project's slug."""
    role: Role
    epoch: int
    sequence: int
    """Where the log ended then."""
    scheme_version: int
    changed_at: dt.datetime
    """When the project or its scheme was changed last."""
    allow_self_review: bool

    def require(self, act: Act) -> None:
        """Raise unless the role may do it.

        Raises:
            Forbidden: naming the least role that may.
        """
        if not may(self.role, act):
            raise Forbidden(f"It takes the role {least(act)} or above to {act}.")
