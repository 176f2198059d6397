"""A file that an export goes to."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.core.parts import part_of


@contextmanager
def whole(path: Path | None) -> Iterator[BinaryIO]:
    """The file to write to, which stands under its name only once it is whole.

    None is standard output.
    """
    if path is None:
        yield sys.stdout.buffer
    elif path.exists() and not path.is_file():
        # A pipe or a device is not replaced.
        with path.open("wb") as file:
            yield file
    else:
        target = path.resolve()
        with part_of(target, 0o666) as part:
            with part.open("wb") as file:
                yield file
            part.replace(target)
