"""Asking another Stet."""

from contextlib import suppress
from pathlib import Path

import typer

from app.cli.refusals import tell
from app.core.settings import remote
from app.remote import pull as pulling
from app.remote.client import Client
from app.remote.progress import progress


def client(url: str | None, token_file: typer.FileText | None, project: str) -> Client | None:
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


def pull(
    url: str, project: str, directory: Path, token_file: typer.FileText | None, *, follow: bool
) -> None:
    """Keep a directory in step with a project of another Stet."""
    found = client(url, token_file, project)
    if found is None:
        raise typer.BadParameter("The address is empty.", param_hint="URL")
    with found, pulling.opened(found, directory) as kept:
        with progress("Bytes", None) as advance:
            typer.echo(kept.pull(advance))
        if follow:
            with suppress(KeyboardInterrupt):
                for pulled in kept.follow(lambda away: tell([str(away)])):
                    typer.echo(pulled)
