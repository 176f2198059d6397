"""The same commands, from a shell.

Whoever has the shell has the database, so nobody is asked for a token here, but for those commands
that ask another Stet. What is refused is one line on standard error and an exit status: 1 for what
was asked, 2 for how. Never a traceback.
"""

from importlib.metadata import entry_points

import typer
from pydantic import ValidationError

from app.cli import files, people, upkeep
from app.cli.refusals import REFUSALS, words
from app.core.settings import InvalidSettings

__all__ = ["app", "main"]

app = typer.Typer(
    help="Stet annotates text. Settings are STET_* variables or a .env file.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for commands in (upkeep.app, people.app, files.app):
    app.add_typer(commands)


def main() -> None:
    """What the shell runs. Other packages add commands by the entry points ``stet.commands``."""
    others = typer.Typer()
    for entry in entry_points(group="stet.commands"):
        others.command(entry.name)(entry.load())
    app.add_typer(others)
    try:
        app()
    except REFUSALS as error:
        for line in words(error):
            typer.echo(f"stet: {line}", err=True)
        raise SystemExit(2 if isinstance(error, InvalidSettings | ValidationError) else 1) from None
