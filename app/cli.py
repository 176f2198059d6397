"""The same commands, from a shell.

Whoever has the shell has the database, so nobody is asked for a token here, but for those commands
that ask another Stet. What is refused is one line on standard error and an exit status: 1 for what
was asked, 2 for how. Never a traceback.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError

from app.annotations.schemas import AnnotationFilter
from app.core import tracing
from app.core.connect import connect
from app.core.database import FAILURES, Database, Moved, reason
from app.core.errors import NotFound, Problem, Unavailable, Unprocessable
from app.core.permissions import Actor
from app.core.settings import InvalidSettings, remote, settings
from app.core.vocabulary import Role, Status
from app.exports import content
from app.exports import queries as exports
from app.exports.corpus import living
from app.exports.files import whole
from app.formats.codecs import Format, codec, reader
from app.formats.losses import Kind
from app.imports import commands as imports
from app.imports.files import items_of
from app.imports.schemas import ImportMode, ImportReport
from app.projects import commands as projects
from app.projects import queries as project_queries
from app.remote import pull
from app.remote.client import Client, Refusal, Unreachable
from app.remote.progress import progress
from app.users import commands as users
from app.users import queries as user_queries
from app.users.schemas import TokenIn, UserIn

T = TypeVar("T")

_SHOWN_REFUSALS = 20

app = typer.Typer(
    help="Stet annotates text. Settings are STET_* variables or a .env file.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="People.", no_args_is_help=True)
token = typer.Typer(help="What people and scripts authenticate by.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(token, name="token")


def main() -> None:
    """What the shell runs. Other packages add commands by the entry points ``stet.commands``."""
    for entry in entry_points(group="stet.commands"):
        app.command(entry.name)(entry.load())
    try:
        app()
    except REFUSALS as error:
        for line in _words(error):
            typer.echo(f"stet: {line}", err=True)
        raise SystemExit(2 if isinstance(error, InvalidSettings | ValidationError) else 1) from None


REFUSALS: tuple[type[Exception], ...] = (
    InvalidSettings,
    ValidationError,
    Problem,
    Moved,
    Refusal,
    Unreachable,
    pull.ForeignDirectory,
    *FAILURES,
)


def _words(error: Exception) -> Iterator[str]:
    match error:
        case ValidationError():
            yield from (f"{item['loc'][0]}: {item['msg']}." for item in error.errors())
        case Unprocessable(errors=refused) | Refusal(errors=refused) if refused:
            yield from _refusals(refused)
            if len(refused) > 1:
                yield str(error)
        case InvalidSettings() | Problem() | Refusal() | Unreachable() | pull.ForeignDirectory():
            yield str(error)
        case Moved():
            yield "The project was changed meanwhile; nothing was written. Run it again."
        case OSError() if error.filename is not None:
            yield f"{error.filename}: {error.strerror}."
        case _:
            yield f"The database that STET_DATABASE_URL names cannot be used: {reason(error)}."


def _refusals(refused: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The first of the refusals, a line each: where it stands in the file, and why."""
    for item in refused[:_SHOWN_REFUSALS]:
        line = f"line {item['line']}" if "line" in item else ""
        places = (item.get("file"), line, item.get("pointer"), item.get("parameter"))
        where = " ".join(str(place) for place in places if place)
        yield f"{where}: {item['detail']}" if where else str(item["detail"])


def run(work: Callable[[Database], Awaitable[T]]) -> T:
    """What ``work`` answers, given the database of the settings, which is closed after it."""

    async def connected() -> T:
        database = connect(settings())
        try:
            return await work(database)
        finally:
            await database.dispose()

    return asyncio.run(connected())


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

    from app.operations import backup  # noqa: PLC0415
    from app.operations import queries as operations  # noqa: PLC0415

    before = run(operations.current)
    try:
        with backup.in_use(settings()):
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
    from app.operations import backup  # noqa: PLC0415

    done = backup.restore(settings(), file, replace=replace)
    typer.echo(f"Restored {done.path}: {done.contents}.")
    if done.aside is not None:
        typer.echo(f"What was there is {done.aside} now.")
    if done.unfit is not None:
        typer.echo(done.unfit)


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Lower case; it never changes.")],
    project: Annotated[str | None, typer.Option(help="A project to be a member of.")] = None,
    role: Annotated[Role | None, typer.Option(help="What to be in it.")] = None,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password from standard input.")
    ] = False,
) -> None:
    """Add a user, or with --project give one that there is a role in it."""
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
                await projects.set_member(db, standing, name, seen, role)
            return is_new

    if run(work):
        typer.echo(f"Added {name}.")
        if not password_stdin:
            typer.echo(f"Without a password, {name} uses tokens: stet token create {name} --name …")
    if project is not None:
        typer.echo(f"{name} is {role} of {project}.")


@token.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="USER", help="Whose token it is.")],
    label: Annotated[str, typer.Option("--name", help="What it is for.")],
) -> None:
    """Make a token and print it, alone; nothing ever shows it again."""

    async def work(database: Database) -> str:
        async with database.session(writes=True) as db:
            found = await user_queries.user(db, name)
            if not found.is_active:
                raise NotFound("The user is deactivated.")
            actor = Actor(id=found.id, name=found.name, is_admin=found.is_admin, by_shell=True)
            return (await users.create_token(db, actor, TokenIn(name=label))).token

    typer.echo(run(work))


_Format = Annotated[Format, typer.Option("--format", help="What the file is written in.")]
_Url = Annotated[
    str | None,
    typer.Option("--url", help="Ask the Stet there, not the database; else STET_URL says so."),
]
# A token itself is no option: whoever has an account on the machine reads every command line.
_TokenFile = Annotated[
    typer.FileText | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        encoding="utf-8",
        # What is no text is no token either, and is refused as one.
        errors="replace",
        help="Its first line is the token of who asks, else STET_TOKEN; - is standard input.",
    ),
]


def _client(url: str | None, token_file: typer.FileText | None, project: str) -> Client | None:
    """The Stet to ask; None for the database."""
    given = remote()
    url = given.url if url is None else url
    if not url:
        if token_file is not None:
            raise typer.BadParameter("--token-file goes with --url.")
        return None
    token = given.token.get_secret_value() if token_file is None else token_file.readline()
    try:
        return Client(url, token.strip(), project)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("export")
def export_project(  # noqa: PLR0913  # an option each
    project: Annotated[str, typer.Argument(help="The project's slug.")],
    output: Annotated[Path | None, typer.Option(help="Else standard output.")] = None,
    status: Annotated[list[Status] | None, typer.Option(help="Only these; repeatable.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only these; repeatable.")] = None,
    format: _Format = Format.JSONL,
    *,
    annotated: Annotated[
        bool, typer.Option("--annotated", help="Leave out documents without such an annotation.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the format would lose.")
    ] = False,
    url: _Url = None,
    token_file: _TokenFile = None,
) -> None:
    """Write a project to a file: one consistent moment, whatever is written meanwhile."""
    given = AnnotationFilter(status=tuple(status or ()), label=tuple(label or ()))

    async def work(database: Database) -> None:
        async with database.snapshot() as db:
            id, sequence = await exports.snapshot_of(db, project)
            corpus = living(id, given, db.dialect, annotated=annotated)
            head = await project_queries.head_of(db, id, sequence)
            if dry_run:
                typer.echo((await content.losses(db, corpus, format)).model_dump_json(indent=1))
                return
            total = await exports.count(db, corpus)
            with whole(output) as file, progress("Documents", total) as advance:
                async with aclosing(content.stream(db, corpus, format, head)) as pieces:
                    async for documents, written in pieces:
                        file.write(written)
                        advance(documents)
            _warn(format, codec(format).loses)

    def ask(client: Client) -> None:
        chosen = {"status": status or (), "label": label or (), "annotated": annotated}
        if dry_run:
            typer.echo(client.losses(format, **chosen).model_dump_json(indent=1))
            return
        with client.export(format, **chosen) as export:
            with whole(output) as file, progress("Bytes", None) as advance:
                for piece in export.pieces:
                    file.write(piece)
                    advance(len(piece))
            _warn(format, export.loses)

    client = _client(url, token_file, project)
    if client is None:
        run(work)
    else:
        with client:
            ask(client)


def _warn(format: Format, loses: Collection[str]) -> None:
    """Say on standard error which of the things that matter most the format does not hold."""
    for kind in (Kind.FRAGMENTS, Kind.ATTRIBUTES, Kind.RELATIONS):
        if kind in loses:
            typer.echo(f"{format} holds no {kind}; --dry-run says what was lost.", err=True)


@app.command("import")
def import_file(
    project: Annotated[str, typer.Argument(help="The project's slug.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    by: Annotated[
        str | None,
        typer.Option("--as", metavar="USER", help="Who imports; else its first manager."),
    ] = None,
    format: _Format = Format.JSONL,
    mode: Annotated[
        ImportMode, typer.Option(help="What becomes of the rest when a record is refused.")
    ] = ImportMode.ALL_OR_NOTHING,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what would be.")
    ] = False,
    url: _Url = None,
    token_file: _TokenFile = None,
) -> None:
    """Read a file into a project: all of it, or nothing if any of it is refused."""
    size = file.stat().st_size if file.is_file() else None

    async def work(database: Database) -> ImportReport:
        async with database.session(writes=False) as db:
            name = by or await project_queries.first_manager(db, project)
            standing = await project_queries.standing_as(db, name, project)
            head = await project_queries.head(db, standing)
        with file.open("rb") as opened, progress("Bytes", size) as advance:
            return await imports.import_items(
                database,
                standing,
                items_of(opened, reader(format, head), advance),
                mode=mode,
                dry_run=dry_run,
                max_chars=settings().max_text_chars,
            )

    def ask(client: Client) -> ImportReport:
        if by is not None:
            raise typer.BadParameter("--as is for the database; another Stet goes by the token.")
        chosen = {"format": format, "mode": mode, "dry_run": dry_run}
        with file.open("rb") as opened, progress("Bytes", size) as advance:
            return client.import_file(opened, size, advance, **chosen)

    client = _client(url, token_file, project)
    if client is None:
        report = run(work)
    else:
        with client:
            report = ask(client)
    for line in _refusals(report.refusals):
        typer.echo(f"stet: {line}", err=True)
    for what, tally in (
        ("Would create" if dry_run else "Created", report.created),
        ("Unchanged", report.unchanged),
        ("Refused", report.refused),
    ):
        counts = ", ".join(f"{kind} {count}" for kind, count in tally.model_dump().items())
        if what != "Refused" or report.refusals:
            typer.echo(f"{what}: {counts}.")


@app.command("pull")
def pull_project(
    url: Annotated[str, typer.Argument(help="Where the other Stet is.")],
    project: Annotated[str, typer.Argument(help="The project's slug.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)],
    token_file: _TokenFile = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written next, until Ctrl-C.")
    ] = False,
) -> None:
    """Keep a directory in step with a project of another Stet, a file a document.

    The first time, all comes; after that, what was changed. DIR/stet-pull.json says how far it is.
    """
    client = _client(url, token_file, project)
    if client is None:
        raise typer.BadParameter("The address is empty.", param_hint="URL")
    with client, pull.opened(client, directory) as kept:
        with progress("Bytes", None) as advance:
            typer.echo(kept.pull(advance))
        if follow:
            with suppress(KeyboardInterrupt):
                for pulled in kept.follow(lambda away: typer.echo(f"stet: {away}", err=True)):
                    typer.echo(pulled)
