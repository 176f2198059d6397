"""``stet`` as a person or a script runs it: a process of its own, in a folder of its own.

Most of what a call takes is importing. So ``stet`` here is forked from a process that has imported
it already, and given a command line, an environment, a folder and three streams, as a shell does.
Whoever needs the program itself, to stop it or to give it a terminal, starts ``STET``.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.cli import main

STET = str(Path(sys.executable).with_name("stet"))
_SECONDS = 60

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["app.cli", "app.exports.files", "seeds.plant"])


def environment(database_url: str | None, **settings: str) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    inherited = {name: at for name, at in os.environ.items() if not name.startswith("STET_")}
    if database_url is not None:
        inherited["STET_DATABASE_URL"] = database_url
    return {**inherited, **settings}


def stet(
    *arguments: str,
    url: str | None,
    folder: Path,
    stdin: str = "",
    status: int = 0,
    **settings: str,
) -> subprocess.CompletedProcess[str]:
    """Run ``stet`` to its end, which must be with this exit status."""
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, stream) for stream in ("stdin", "stdout", "stderr")]
        for stream in streams:
            stream.write_bytes(b"")
        streams[0].write_text(stdin, encoding="utf-8")
        process = _forks.Process(
            target=_run, args=(arguments, folder, environment(url, **settings), streams)
        )
        process.start()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
        process.join()
        stdout, stderr = (stream.read_text(encoding="utf-8") for stream in streams[1:])
    assert process.exitcode == status, f"{process.exitcode}\n{stdout}{stderr}"
    assert "Traceback" not in stderr
    return subprocess.CompletedProcess(arguments, status, stdout, stderr)


def _run(
    arguments: Sequence[str], folder: Path, given: Mapping[str, str], streams: Sequence[Path]
) -> None:
    """Be ``stet``, in the forked process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(given)
    for number, (stream, flags) in enumerate(
        zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)
    ):
        os.dup2(os.open(stream, flags), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8")  # noqa: PTH123, SIM115  # of a number, for the process
        for number, mode in enumerate(("r", "w", "w"))
    )
    sys.argv = ["stet", *arguments]
    main()
