"""A file that an export goes to."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Any, BinaryIO

from app.core.atomic_files import known_as, part_of
from app.core.stdio import standard_output


@contextmanager
def whole(path: Path | None) -> Iterator[BinaryIO]:
    """The file to write to, which stands under its name only once it is whole.

    None is standard output.
    """
    if path is None:
        output = standard_output()
        yield output
        # What is refused only now is still this command's to say.
        output.flush()
    elif path.exists() and not path.is_file():
        # A pipe or a device is not replaced.
        with _opened(path, path) as file:
            yield file
    else:
        target = path.resolve()
        with part_of(target, 0o666) as part:
            with _opened(part, path) as file:
                yield file
            part.replace(target)


def _opened(path: Path, name: Path) -> BinaryIO:
    return BufferedWriter(_Named(path, name))


class _Named(FileIO):
    """A file that has its name also where a write is refused, as on a full disk."""

    def __init__(self, path: Path, name: Path) -> None:
        super().__init__(path, "wb")
        self._name = name

    def write(self, piece: Any, /) -> int:
        """As any file."""
        with known_as(self._name):
            return super().write(piece)
