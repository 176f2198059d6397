"""Serving, and what keeps the database well."""

from importlib.metadata import version
from pathlib import Path

import typer

from app.cli.running import run
from app.core import tracing
from app.core.characters import harmless
from app.core.database import Database
from app.core.errors import Unavailable
from app.core.settings import InvalidSettings, settings


def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API until stopped."""
    from app.operations import queries as operations
    from app.operations.server import serving

    tracing.check()
    given = {"host": host, "port": port, "workers": workers}
    update = {name: value for name, value in given.items() if value is not None}
    chosen = settings().model_copy(update=update)

    async def check(database: Database) -> str:
        if database.dialect == "sqlite" and chosen.workers > 1:
            raise InvalidSettings(
                "SQLite has one writer, so one worker serves it. For more workers, use PostgreSQL."
            )
        unfit = operations.unfit(await operations.current(database))
        if unfit is not None:
            raise Unavailable(unfit)
        return await operations.engine(database)

    engine = run(check)

    def announce(address: str) -> None:
        of_workers = "one worker" if chosen.workers == 1 else f"{chosen.workers} workers"
        url = chosen.public_url.rstrip("/") or address
        typer.echo(f"Stet {version('stet')} on {engine}, {of_workers}. Ctrl-C stops it.\n")
        typer.echo(f"  address     {url}")
        typer.echo(f"  API         {url}/docs\n")

    serving.serve(chosen, announce)


def migrate() -> None:
    """Bring the database's tables to those of this release."""
    from alembic import command
    from alembic.util import CommandError

    from app.operations import queries as operations
    from app.operations.sqlite import files as sqlite_files

    sqlite_files.make(settings())
    before = run(operations.current)
    if before != operations.head() and operations.unfit(before) is None:
        typer.echo(f"The database is at revision {before}, of a later release; nothing is to do.")
        return
    try:
        with sqlite_files.in_use(settings()):
            command.upgrade(operations.alembic_config(), "head")
    except CommandError as error:
        why = f"The migrations of this release do not fit the database: {error}"
        raise Unavailable(why) from None
    after = run(operations.current)
    if before == after:
        typer.echo(f"The database is at revision {after} already.")
    else:
        typer.echo(f"The database is at revision {after} now.")


def examine() -> None:
    """Say what is well and what is ill of the settings, the database and what is stored."""
    from app.operations.doctor import examination as doctor

    async def work(database: Database) -> bool:
        well = True
        async for finding in doctor.examine(database, settings()):
            # What is damaged may be anything.
            detail = harmless(finding.detail)
            typer.echo(f"{'well' if finding.ok else 'ILL '}  {finding.what}: {detail}")
            well = well and finding.ok
        return well

    if not run(work):
        raise typer.Exit(1)


def back_up(file: Path) -> None:
    """Copy the SQLite database to a new file."""
    from app.operations.sqlite import backup

    typer.echo(f"Wrote {file}: {backup.write(settings(), file)}.")


def restore(file: Path, *, replace: bool) -> None:
    """Put a backup in the place of the SQLite database."""
    from app.operations.sqlite import restoring

    done = restoring.restore(settings(), file, replace=replace)
    typer.echo(f"Restored {done.path}: {done.contents}.")
    if done.aside is not None:
        typer.echo(f"What was there is {done.aside} now.")
    if done.unfit is not None:
        typer.echo(done.unfit)
