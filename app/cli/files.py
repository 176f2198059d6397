"""Projects out and files in: of the database here, or of another Stet."""

from collections.abc import Collection
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Annotated

import typer

from app.annotations.schemas import AnnotationFilter
from app.cli.refusals import lines_of
from app.cli.running import run
from app.core.database import Database
from app.core.settings import remote, settings
from app.core.vocabulary import Status
from app.exports import content
from app.exports import queries as exports
from app.exports.corpus import living
from app.exports.files import whole
from app.formats.codecs import Format, codec, reader
from app.formats.losses import Kind
from app.imports import commands as imports
from app.imports.files import items_of
from app.imports.schemas import ImportMode, ImportReport
from app.projects import queries as project_queries
from app.remote import pull
from app.remote.client import Client
from app.remote.progress import progress

app = typer.Typer()

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
    for line in lines_of(report.refusals):
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
