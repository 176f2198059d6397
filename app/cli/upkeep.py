"""Serving, and what keeps the database well."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from app.cli.running import run
from app.core import tracing
from app.core.database import Database
from app.core.errors import Unavailable
from app.core.settings import InvalidSettings, settings

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.")] = None,
) -> None:
    """Serve the API until stopped; what runs then is finished first."""
    # Imported by the commands that need them: to import them takes longer than most commands.
    from app.operations import queries as operations  # noqa: PLC0415
    from app.operations import serving  # noqa: PLC0415

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


@app.command()
def migrate() -> None:
    """Bring the database's tables to those of this release."""
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    from app.operations import queries as operations  # noqa: PLC0415
    from app.operations import sqlite_files  # noqa: PLC0415

    before = run(operations.current)
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


@app.command("doctor")
def examine() -> None:
    """Look whether settings, database, tables and all that is stored are well; else exit with 1."""
    from app.operations import doctor  # noqa: PLC0415

    async def work(database: Database) -> bool:
        well = True
        async for finding in doctor.examine(database, settings()):
            typer.echo(f"{'well' if finding.ok else 'ILL '}  {finding.what}: {finding.detail}")
            well = well and finding.ok
        return well

    if not run(work):
        raise typer.Exit(1)


@app.command("backup")
def back_up(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Copy the SQLite database to a new FILE: one consistent moment, whatever is written meanwhile.

    FILE is there once it is whole. For PostgreSQL there is pg_dump.
    """
    from app.operations import backup  # noqa: PLC0415

    typer.echo(f"Wrote {file}: {backup.write(settings(), file)}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the present database under another name.")
    ] = False,
) -> None:
    """Put a backup in the place of the SQLite database, which nobody may have open meanwhile."""
    from app.operations import restoring  # noqa: PLC0415

    done = restoring.restore(settings(), file, replace=replace)
    typer.echo(f"Restored {done.path}: {done.contents}.")
    if done.aside is not None:
        typer.echo(f"What was there is {done.aside} now.")
    if done.unfit is not None:
        typer.echo(done.unfit)
