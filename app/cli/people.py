"""Users and their tokens."""

import sys

import typer

from app.cli.running import run
from app.core.database import Database
from app.core.errors import NotFound
from app.core.permissions import Actor
from app.core.stdio import standard_output
from app.core.vocabulary import Role
from app.projects import members
from app.projects import queries as project_queries
from app.users import commands as users
from app.users import queries as user_queries
from app.users.schemas import TokenIn, UserIn, UserPatch


def add_user(
    name: str, project: str | None, role: Role | None, *, admin: bool, password_stdin: bool
) -> None:
    """Add a user, or give one that there is a role in a project."""
    if (project is None) != (role is None):
        raise typer.BadParameter("--project and --role go together.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    new = UserIn(name=name, password=password, is_admin=admin)

    async def work(database: Database) -> bool:
        async with database.session(writes=True) as db:
            await db.begin()
            is_new = await user_queries.by_name(db, name) is None
            if is_new or project is None or admin or password_stdin:
                await users.create(db, None, new)
            if project is not None and role is not None:
                by = await project_queries.first_manager(db, project)
                standing = await project_queries.standing_as(db, by, project)
                member = await project_queries.member(db, standing.project_id, name)
                seen = member and member.version
                await members.put(db, standing, name, seen, role)
            return is_new

    if run(work):
        typer.echo(f"Added {name}.")
        if not password_stdin:
            typer.echo(f"Without a password, {name} uses tokens: stet token create {name} --name …")
    if project is not None:
        typer.echo(f"{name} is {role} of {project}.")


def revoke(name: str) -> None:
    """Revoke all tokens of a user, and end their browser sessions."""

    async def work(database: Database) -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            seen = (await user_queries.user(db, name)).version
            await users.edit(db, None, name, seen, UserPatch(revoke_tokens=True))

    run(work)
    typer.echo(f"Revoked all tokens of {name}, and ended their browser sessions.")


def create_token(name: str, label: str) -> None:
    """Make a token and print it: none is made that nobody could see."""
    standard_output()

    async def work(database: Database) -> None:
        async with database.session(writes=True) as db:
            found = await user_queries.user(db, name)
            if not found.is_active:
                raise NotFound("The user is deactivated.")
            actor = Actor(id=found.id, name=found.name, is_admin=found.is_admin)
            # Before the commit: what cannot be written takes the token with it.
            typer.echo((await users.create_token(db, actor, TokenIn(name=label))).token)

    run(work)
