"""How the command line is called is told at once, without what any command does."""

import subprocess
import sys

import pytest

HEAVY = {"alembic", "app.core.database", "app.core.settings", "httpx", "sqlalchemy"}
PROGRAM = """
import sys
from app.cli import main
try:
    main()
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("--help",), 0), (("export", "--help"), 0), (("seed", "--help"), 0), (("export",), 2)],
    ids=str,
)
def test_telling_it_imports_nothing_that_takes_long(
    arguments: tuple[str, ...], status: int
) -> None:
    told = subprocess.run(
        (sys.executable, "-c", PROGRAM, *arguments), capture_output=True, text=True, check=False
    )

    assert told.returncode == status
    assert "Usage:" in told.stdout + told.stderr
    assert HEAVY & set(told.stderr.splitlines()) == set()
