"""The commands, their arguments and options; what each does is imported once it is asked for.

That takes several times as long as to say how it is called, so nothing here imports it but the
functions, and what these need for their signatures is light: words, no settings and no database.
"""

from pathlib import Path
from typing import Annotated

import typer

from app.core.vocabulary import ImportMode, Role, Status
from app.formats.codecs import Format

app = typer.Typer(
    help="Stet annotates text. Settings are STET_* variables or a .env file.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="People.", no_args_is_help=True)
token = typer.Typer(help="What people and scripts authenticate by.", no_args_is_help=True)

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


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.")] = None,
) -> None:
    """Serve the API until stopped; what runs then is finished first."""
    from app.cli import upkeep

    upkeep.serve(host, port, workers)


@app.command()
def migrate() -> None:
    """Bring the database's tables to those of this release."""
    from app.cli import upkeep

    upkeep.migrate()


@app.command()
def doctor() -> None:
    """Look whether settings, database, tables and all that is stored are well; else exit with 1."""
    from app.cli import upkeep

    upkeep.examine()


@app.command()
def backup(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Copy the SQLite database to a new FILE: one consistent moment, whatever is written meanwhile.

    FILE is there once it is whole. For PostgreSQL there is pg_dump.
    """
    from app.cli import upkeep

    upkeep.back_up(file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the present database under another name.")
    ] = False,
) -> None:
    """Put a backup in the place of the SQLite database, which nobody may have open meanwhile."""
    from app.cli import upkeep

    upkeep.restore(file, replace=replace)


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
    from app.cli import people

    people.add_user(name, project, role, admin=admin, password_stdin=password_stdin)


@user.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="Whose tokens they are.")]) -> None:
    """Revoke all tokens of a user for good, and end their browser sessions."""
    from app.cli import people

    people.revoke(name)


@token.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="USER", help="Whose token it is.")],
    label: Annotated[str, typer.Option("--name", help="What it is for.")],
) -> None:
    """Make a token and print it, alone; nothing ever shows it again."""
    from app.cli import people

    people.create_token(name, label)


app.add_typer(user, name="user")
app.add_typer(token, name="token")


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
    from app.cli import files

    files.export_project(
        project,
        files.Chosen(format, tuple(status or ()), tuple(label or ()), annotated=annotated),
        output,
        dry_run=dry_run,
        url=url,
        token_file=token_file,
    )


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
    from app.cli import files

    files.import_file(
        project, file, by, format, mode, dry_run=dry_run, url=url, token_file=token_file
    )


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
    from app.cli import others

    others.pull(url, project, directory, token_file, follow=follow)
