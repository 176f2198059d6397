"""The elements of a JSON array, one at a time, however the bytes are cut.

Only brackets and strings are looked at here; each element, and what stands around the array, is
for ``body.parse`` to read.
"""

import re
from collections.abc import Iterator

from app.core import body
from app.core.errors import InvalidFile, InvalidJson

MAX_ELEMENT_BYTES = 256 * 1024 * 1024
"""How long an element may be: a document of the longest text with all its annotations has room."""
MAX_AROUND_BYTES = 1024 * 1024
"""How much may stand before and after the array."""
MAX_DEPTH = body.MAX_DEPTH + 10
"""How deep brackets may nest: what goes past it is told of the file, not of an element.

Each bracket is a step of Python's here, so that megabytes of them would take minutes.
"""

# What a string goes on with, up to its closing quotation mark or to where the bytes end.
_STRING = rb'(?:[^"\\]++|\\.)*+'
_REST_OF_STRING = re.compile(_STRING, re.DOTALL)
# What is passed over: whole strings, and all that is no bracket; between elements also no comma.
_INSIDE = re.compile(rb'(?:[^"\[\]{}]++|"%b")*+' % _STRING, re.DOTALL)
_BETWEEN = re.compile(rb'(?:[^"\[\]{},]++|"%b")*+' % _STRING, re.DOTALL)


class Elements:
    """Cuts the bytes of a file into the elements of one array."""

    def __init__(self, member: str | None = None, what: str = "a JSON array") -> None:
        """The array is the file, or the named member of the object that the file is.

        ``what`` the file must be is said of one that is something else.
        """
        self._opens, self._key = b"[", None
        self._what = what
        if member is not None:
            self._opens = b"{"
            self._key = re.compile(rb'[{,]\s*"%b"\s*:\s*\Z' % member.encode())
        self._waiting = bytearray()
        self._around = bytearray()
        self._at = 0
        self._depth = 0
        # At which depth the elements stand: that of the array, once it has begun.
        self._array = 0
        self._in_string = False
        self._ended = False
        self._commas = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The elements that end in this chunk.

        Raises:
            InvalidFile: when the file is something else, or an element is too long or nested
                too deep.
        """
        self._waiting += chunk
        while not self._ended and (mark := self._next()):
            element = self._marked(mark)
            if element is not None:
                yield element
        if self._array == 0 or self._ended:
            self._check_around(chunk)
        elif len(self._waiting) > MAX_ELEMENT_BYTES:
            raise InvalidFile(f"An element is longer than {MAX_ELEMENT_BYTES} bytes.")

    def close(self) -> None:
        """Checks that the file was whole.

        Raises:
            InvalidFile: when it is cut off, holds something else, or goes on behind its end.
        """
        if self._array and not self._ended:
            raise InvalidFile("The file is cut off: its array does not end.")
        try:
            # The array itself was taken out, so that this is the same file with an empty one.
            body.parse(bytes(self._around + self._waiting))
        except InvalidJson as problem:
            raise InvalidFile(f"Around the array the file is no JSON: {problem.detail}") from None
        if not self._ended:
            raise self._other()

    def _next(self) -> bytes:
        """The next mark; nothing if it may come with the next chunk."""
        if self._in_string:
            self._pass_over(_REST_OF_STRING)
            if self._waiting[self._at : self._at + 1] != b'"':
                return b""
            self._in_string = False
            self._at += 1
        between = self._array and self._depth == self._array
        self._pass_over(_BETWEEN if between else _INSIDE)
        mark = bytes(self._waiting[self._at : self._at + 1])
        self._at += len(mark)
        if mark == b'"':
            # Its end is not here yet, and is looked for from where these bytes end.
            self._in_string = True
            self._pass_over(_REST_OF_STRING)
            return b""
        return mark

    def _pass_over(self, pattern: re.Pattern[bytes]) -> None:
        found = pattern.match(self._waiting, self._at)
        self._at = self._at if found is None else found.end()

    def _marked(self, mark: bytes) -> bytes | None:
        """The element that the mark ends, if it ends one."""
        if mark == b",":
            self._commas = True
            return self._cut()
        if mark in b"[{":
            if self._array == 0 and self._is_array(mark):
                self._array = self._depth + 1
                self._around += self._waiting[: self._at]
                self._drop()
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise InvalidFile(f"The file is nested deeper than {MAX_DEPTH}.")
        elif self._depth == self._array > 0:
            element = self._cut()
            self._around += b"]"
            self._ended = True
            return element if self._commas or element.strip() else None
        else:
            self._depth -= 1
        return None

    def _is_array(self, mark: bytes) -> bool:
        if self._depth == 0 and (mark != self._opens or self._waiting[: self._at - 1].strip()):
            raise self._other()
        if self._key is None:
            return True
        return (
            mark == b"["
            and self._depth == 1
            # Only the last bytes are looked at: else a file of many arrays would take its square.
            and self._key.search(self._waiting, max(0, self._at - 200), self._at - 1) is not None
        )

    def _cut(self) -> bytes:
        element = bytes(self._waiting[: self._at - 1])
        self._drop()
        return element

    def _drop(self) -> None:
        del self._waiting[: self._at]
        self._at = 0

    def _check_around(self, chunk: bytes) -> None:
        if self._depth == 0 and chunk.strip():
            raise self._other()
        if len(self._around) + len(self._waiting) > MAX_AROUND_BYTES:
            raise (
                self._other()
                if self._array == 0
                else InvalidFile(f"More than {MAX_AROUND_BYTES} bytes stand behind the array.")
            )

    def _other(self) -> InvalidFile:
        return InvalidFile(f"The file is not {self._what}.")
