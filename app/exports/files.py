"""A file that an export goes to."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
