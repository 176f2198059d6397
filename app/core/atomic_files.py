"""Files that take the place of others once they are whole."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def part_of(file: Path, mode: int = 0o600) -> Iterator[Path]:
    """A new file beside another, for this caller alone; what is left of it afterwards is removed.

    Args:
        file: what the new file is to become.
        mode: who may use it, as far as the umask lets them; else its owner alone.
    """
    # As tempfile names its files, which however are always their owner's alone.
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    with known_as(file):
        part.touch(mode, exist_ok=False)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def known_as(file: Path) -> Iterator[None]:
    """Name this file in what the operating system refuses, which names a part of it or none."""
    try:
        yield
    except OSError as error:
        error.filename = str(file)
        raise
