"""Standard input and output, which whoever starts a command may have closed."""

import sys
from errno import EBADF
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Any, BinaryIO, TextIO


def standard_output() -> BinaryIO:
    """Standard output, for bytes.

    Raises:
        OSError: when it is closed.
    """
    if sys.stdout is None:
        raise OSError(EBADF, "It is closed", "Standard output")
    return sys.stdout.buffer


def closed_input() -> TextIO:
    """What stands for a standard input that is closed: to read it raises ``OSError``."""
    return TextIOWrapper(BufferedReader(_Closed()), "utf-8")


class _Closed(RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any, /) -> int:
        raise OSError(EBADF, "It is closed", "Standard input")
