"""Projects out and files in: of the database here, or of another Stet."""

from collections.abc import Collection
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import typer

from app.annotations.schemas import AnnotationFilter
from app.cli import others
from app.cli.refusals import lines_of, tell
from app.cli.running import run
from app.core.database import Database
from app.core.jsontext import shown
from app.core.settings import settings
from app.core.stdio import standard_output
from app.core.vocabulary import ImportMode, Status
from app.exports import content
from app.exports import queries as exports
from app.exports.corpus import living
from app.exports.files import whole
from app.exports.schemas import LossReport
from app.formats.codecs import Format, codec, reader
from app.formats.kinds import Kind
from app.imports import commands as imports
from app.imports.files import items_of
from app.imports.schemas import ImportReport
from app.projects import queries as project_queries
from app.remote.client import Client
from app.remote.progress import progress


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a project is exported, and what it is written in."""

    format: Format
    status: tuple[Status, ...]
    label: tuple[str, ...]
    annotated: bool


def export_project(
    project: str,
    chosen: Chosen,
    output: Path | None,
    *,
    dry_run: bool,
    url: str | None,
    token_file: typer.FileText | None,
) -> None:
    """Write a project to a file."""
    given = AnnotationFilter(status=chosen.status, label=chosen.label)
    format = chosen.format
    if dry_run:
        # What it says is all that it does.
        standard_output()

    async def work(database: Database) -> None:
        async with database.snapshot() as db:
            id, sequence = await exports.snapshot_of(db, project)
            corpus = living(id, given, db.dialect, annotated=chosen.annotated)
            head = await project_queries.head_of(db, id, sequence)
            if dry_run:
                _show(await content.losses(db, corpus, format))
                return
            total = await exports.count(db, corpus)
            with whole(output) as file, progress("Documents", total) as advance:
                async with aclosing(content.stream(db, corpus, format, head)) as pieces:
                    async for documents, written in pieces:
                        file.write(written)
                        advance(documents)
            _warn(format, codec(format).loses)

    def ask(client: Client) -> None:
        only = {"status": chosen.status, "label": chosen.label, "annotated": chosen.annotated}
        if dry_run:
            _show(client.losses(format, **only))
            return
        with client.export(format, **only) as export:
            with whole(output) as file, progress("Bytes", None) as advance:
                for piece in export.pieces:
                    file.write(piece)
                    advance(len(piece))
            _warn(format, export.loses)

    client = others.client(url, token_file, project)
    if client is None:
        run(work)
    else:
        with client:
            ask(client)


def _show(report: LossReport) -> None:
    typer.echo(shown(report.model_dump_json(indent=1)))


def _warn(format: Format, loses: Collection[str]) -> None:
    """Say on standard error which of the things that matter most the format does not hold."""
    for kind in (Kind.FRAGMENTS, Kind.ATTRIBUTES, Kind.RELATIONS):
        if kind in loses:
            typer.echo(f"{format} holds no {kind}; --dry-run says what was lost.", err=True)


def import_file(
    project: str,
    file: Path,
    by: str | None,
    format: Format,
    mode: ImportMode,
    *,
    dry_run: bool,
    url: str | None,
    token_file: typer.FileText | None,
) -> None:
    """Read a file into a project."""
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

    client = others.client(url, token_file, project)
    if client is None:
        report = run(work)
    else:
        with client:
            report = ask(client)
    tell(lines_of(report.refusals))
    for what, tally in (
        ("Would create" if dry_run else "Created", report.created),
        ("Unchanged", report.unchanged),
        ("Refused", report.refused),
    ):
        counts = ", ".join(f"{kind} {count}" for kind, count in tally.model_dump().items())
        if what != "Refused" or report.refusals:
            typer.echo(f"{what}: {counts}.")
