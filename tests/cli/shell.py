"""``stet`` as a person or a script runs it: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

STET = str(Path(sys.executable).with_name("stet"))


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
    ended = subprocess.run(
        (STET, *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(url, **settings),
        timeout=60,
        check=False,
    )
    assert ended.returncode == status, f"{ended.returncode}\n{ended.stdout}{ended.stderr}"
    assert "Traceback" not in ended.stderr
    return ended
