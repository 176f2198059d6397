"""The same commands, from a shell.

Whoever has the shell has the database, so nobody is asked for a token here, but for those commands
that ask another Stet. What is refused is one line on standard error and an exit status: 1 for what
was asked, 2 for how. Never a traceback.
"""

import sys
from importlib.metadata import entry_points

import typer

from app.cli.command_line import app
from app.core.stdio import closed_input

__all__ = ["app", "main"]


def main() -> None:
    """What the shell runs. Other packages add commands by the entry points ``stet.commands``."""
    for argument in sys.argv[1:]:
        # Python has such characters for bytes that are no UTF-8. No database takes them.
        if any("\ud800" <= character <= "\udfff" for character in argument):
            typer.echo(f"stet: The argument {argument!a} is not UTF-8.", err=True)
            raise SystemExit(2)
    if sys.stdin is None:
        sys.stdin = closed_input()
    others = typer.Typer()
    for entry in entry_points(group="stet.commands"):
        others.command(entry.name)(entry.load())
    app.add_typer(others)
    try:
        app()
    except Exception as error:
        # Here, not above: all that may be refused takes long to import.
        from app.cli import refusals

        if not isinstance(error, refusals.REFUSALS):
            raise
        refusals.tell(refusals.words(error))
        raise SystemExit(refusals.status(error)) from None
