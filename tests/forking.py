"""``stet`` in a process that is forked, not started: most of what a start takes is importing.

The process that is forked from has imported all of it, and does nothing else. What it is forked to
be gets a command line, an environment, a folder and three streams, as from a shell.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.cli import main

_forks = multiprocessing.get_context("forkserver")
_IMPORTED_ONCE_ASKED_FOR = [
    *(f"app.cli.{name}" for name in ("files", "others", "people", "refusals", "upkeep")),
    "seeds.example",
]
_forks.set_forkserver_preload(["app.main", "app.cli", *_IMPORTED_ONCE_ASKED_FOR])


def environment(database_url: str | None, **settings: str) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    inherited = {name: at for name, at in os.environ.items() if not name.startswith("STET_")}
    if database_url is not None:
        inherited["STET_DATABASE_URL"] = database_url
    return {**inherited, **settings}


def forked(
    arguments: Sequence[str], folder: Path, given: Mapping[str, str], streams: Sequence[Path]
) -> BaseProcess:
    """``stet`` with these arguments, begun in that folder; its exit code is that of the program.

    Args:
        arguments: what stands behind ``stet``.
        folder: where it runs.
        given: its whole environment.
        streams: files for standard input, output and error.
    """
    process = _forks.Process(target=_run, args=(arguments, folder, given, streams))
    process.start()
    return process


def _run(
    arguments: Sequence[str], folder: Path, given: Mapping[str, str], streams: Sequence[Path]
) -> None:
    """Be ``stet``, in the forked process."""
    # A group of its own: a signal for the tests is none for it.
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(given)
    modes = (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_APPEND)
    for number, (stream, flags) in enumerate(zip(streams, modes, strict=True)):
        os.dup2(os.open(stream, flags), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8")  # noqa: PTH123, SIM115  # of a number, for the process
        for number, mode in enumerate(("r", "w", "w"))
    )
    sys.argv = ["stet", *arguments]
    main()
