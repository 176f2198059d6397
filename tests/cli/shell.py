"""``stet`` as a person or a script runs it: a process of its own, in a folder of its own.

Whoever needs the program itself, to stop it or to give it a terminal, starts ``STET``.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.forking import environment, forked

STET = str(Path(sys.executable).with_name("stet"))
_SECONDS = 60


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
        process = forked(arguments, folder, environment(url, **settings), streams)
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
        process.join()
        stdout, stderr = (stream.read_text(encoding="utf-8") for stream in streams[1:])
    assert process.exitcode == status, f"{process.exitcode}\n{stdout}{stderr}"
    assert "Traceback" not in stderr
    return subprocess.CompletedProcess(arguments, status, stdout, stderr)
