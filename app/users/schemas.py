"""Users, tokens and sessions, as they come in and go out."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.core.fields import (
    In,
    Line,
    Name,
    Out,
    Patch,
    Slug,
    Timestamp,
    TimestampIn,
    Title,
    printable,
)
from app.core.vocabulary import Role
from app.users.passwords import SHORTEST

Password = Annotated[
    str, StringConstraints(min_length=SHORTEST, max_length=1000), AfterValidator(printable)
]
_GivenPassword = Annotated[str, StringConstraints(max_length=1000)]


class SessionIn(In):
    """A sign-in."""

    username: Line
    password: _GivenPassword


class UserIn(In):
    """A new user."""

    name: Name
    display_name: Title | None = None
    password: Password | None = Field(
        default=None, description="Without one, the user can only use tokens."
    )
    is_admin: bool = False


class UserPatch(Patch):
    """What of a user can change; a name never does."""

    display_name: Title | None = None
    password: Password | None = Field(
        default=None,
        description="A new one ends the user's browser sessions; null leaves them tokens alone.",
    )
    is_admin: bool = False
    is_active: bool = True
    revoke_tokens: bool = Field(
        default=False,
        description="With `true`, all of the user's tokens are revoked, for good, and their "
        "browser sessions end.",
    )


class UserOut(Out):
    """A user."""

    id: UUID
    name: str
    display_name: str | None
    is_admin: bool
    is_active: bool
    version: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> "UserOut":
        """The user of a row of ``users``."""
        return cls.model_validate(row, from_attributes=True)


class MembershipOut(Out):
    """One of a user's projects."""

    project: str
    role: Role


class MeOut(Out):
    """Who is asking, and what they are where."""

    id: UUID
    name: str
    display_name: str | None
    is_admin: bool = Field(description="An admin's token that was narrowed administers nothing.")
    memberships: list[MembershipOut] = Field(
        description="Of an admin's token that was narrowed, every project that it sees."
    )


class PasswordIn(In):
    """Another password of one's own."""

    current_password: _GivenPassword
    password: Password


class TokenIn(In):
    """A new token of one's own, narrowed if it is to do less than its user may."""

    name: Title
    role: Annotated[Role, Field(strict=False)] | None = Field(
        default=None, description="The most that the token may be in any project."
    )
    project: Slug | None = Field(
        default=None, description="The one project that the token may see."
    )
    expires_at: TimestampIn | None = None


class TokenOut(Out):
    """A token, without its secret."""

    id: UUID
    name: str
    role: Role | None
    project: str | None
    version: int = 1
    created_at: Timestamp
    expires_at: Timestamp | None

    @classmethod
    def of(cls, row: Any) -> "TokenOut":
        """The token of a row of ``tokens`` and its project's slug."""
        return cls.model_validate(row, from_attributes=True)


class NewTokenOut(TokenOut):
    """A token when it is made: the one time that it is shown."""

    token: str
