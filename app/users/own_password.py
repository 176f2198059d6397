"""Changing one's own password, by the one that one has."""

from sqlalchemy import delete, update

from app.audit.commands import record
from app.core.database import Session
from app.core.errors import InvalidValue
from app.core.permissions import Actor
from app.core.timestamps import now_after
from app.core.vocabulary import AuditAction
from app.models import BrowserSession, User
from app.users import credentials, queries
from app.users.credentials import Credential, CredentialKind
from app.users.schemas import PasswordIn


async def change(db: Session, actor: Actor, given: PasswordIn, *, by: Credential) -> None:
    """Give the actor another password, and end their browser sessions but the one they ask ``by``.

    Their tokens stay.

    Raises:
        InvalidValue: when the current password is another one, or they have none; or the new one is
            too easily guessed.
        Moved: when the actor would not be let in by now as who they were.
    """
    user = await queries.by_name(db, actor.name)
    # Many may wait for their turn at this, and others want a connection.
    await db.rest()
    fits = await credentials.password_fits(given.current_password, user and user.password_hash)
    wrong = InvalidValue("/current_password", "It is not your password.")
    if user is None or not fits:
        raise wrong
    new_hash = await credentials.hash_new(given.password, actor.name)
    await db.begin()
    # The WHERE is the guard: of two who change it at once, one no longer knows it.
    changed = await db.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == user.password_hash, User.is_active)
        .values(
            version=User.version + 1,
            updated_at=now_after(user.updated_at),
            password_hash=new_hash,
        )
    )
    if changed.rowcount == 0:
        raise wrong
    # Now that the row is held: whoever takes their tokens and sessions away was before, or waits.
    await queries.check_unchanged(db, actor)
    others = BrowserSession.user_id == user.id
    if by.kind is CredentialKind.SESSION:
        others &= BrowserSession.id != by.id
    await db.execute(delete(BrowserSession).where(others))
    # All that is told of a password.
    changes = {"password": ("set", "set")}
    await record(db, actor, AuditAction.USER_UPDATED, changes, user_id=user.id)
