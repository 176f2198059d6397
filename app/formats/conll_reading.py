"""The other half of ``conll``: lines of tokens and tags to documents."""

import re
from collections.abc import Iterator

from app.core.errors import InvalidFile, InvalidJson, Problem, TooLarge
from app.formats import values
from app.formats.conll_document import Document, check_columns
from app.formats.conll_spans import is_tag
from app.formats.identity import DocumentIds
from app.formats.jsonl import MAX_LINE_BYTES, Lines
from app.formats.record import Head, Item

PARTICULARS = ("external_id", "title", "language", "source_url", "published_on", "metadata")
GLOBAL = "# global.columns = "
NEWDOC = "# newdoc id = "
DOCUMENT = "# stet.document = "

_DOCSTART = "-DOCSTART-"
# What is a comment even if it ends like a tag; other lines that begin so may be the token "#".
_COMMENT = re.compile(r"#\s*(newdoc|newpar|[\w.:-]+\s+=)(\s|$)")


class Reader:
    """Tokens to values, however the bytes are cut."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """The file names its labels itself."""
        self._lines = Lines()
        self._ids = DocumentIds()
        self._columns: list[str] = []
        self._document: Document | None = None
        self._in_sentence = False
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The documents that are known to end in this chunk, for the next one has begun."""
        for number, line in self._lines.feed(chunk):
            yield from self._take(number, line)

    def close(self) -> Iterator[Item]:
        """The last document."""
        for number, line in self._lines.close():
            yield from self._take(number, line)
        yield from self._ended()

    def _take(self, number: int, raw: bytes) -> Iterator[Item]:
        try:
            line = raw.decode()
        except UnicodeDecodeError as error:
            self._refuse(number, InvalidFile(f"It is not UTF-8: byte {error.start} fits nothing."))
            return
        line = line.removesuffix("\r")
        if not line.strip():
            self._in_sentence = False
            if self._document is not None:
                self._document.end_sentence()
            return
        fields = line.split("\t") if "\t" in line else line.split()
        comment = not self._in_sentence and self._is_comment(line, fields)
        if fields[0] == _DOCSTART or (comment and line.startswith("# newdoc")):
            yield from self._ended()
            self._in_sentence = False
        document = self._current(number, len(raw) + 1)
        if document.problem is not None or fields[0] == _DOCSTART:
            return
        try:
            if comment:
                self._comment(document, line)
            else:
                self._in_sentence = True
                self._token(document, fields, number)
        except (InvalidFile, InvalidJson, TooLarge) as problem:
            self._refuse(number, problem)

    def _current(self, number: int, size: int) -> Document:
        if self._document is None:
            self._document = Document(number)
        self._document.bytes += size
        if self._document.bytes > MAX_LINE_BYTES:
            raise InvalidFile(
                f"The document of line {self._document.line} is longer than the {MAX_LINE_BYTES} "
                "bytes of a document."
            )
        return self._document

    def _refuse(self, number: int, problem: Problem) -> None:
        """The document is not read further; the line is told."""
        document = self._current(number, 0)
        if document.problem is None:
            document.problem = Item(number, None, problem)

    def _is_comment(self, line: str, fields: list[str]) -> bool:
        if not line.startswith("#"):
            return False
        known = self._columns[:1] == ["ID"] or _COMMENT.match(line) is not None
        return known or len(fields) < 2 or not is_tag(fields[-1])

    def _comment(self, document: Document, line: str) -> None:
        if line.startswith(GLOBAL):
            self._columns = line.removeprefix(GLOBAL).split()
        elif line.startswith(NEWDOC):
            document.name = line.removeprefix(NEWDOC).strip() or None
        elif line.startswith(DOCUMENT):
            held = values.parse(line.removeprefix(DOCUMENT).encode())
            if not isinstance(held, dict) or not isinstance(held.get("text"), str):
                raise InvalidFile("The document is no JSON object with a text.")
            check_columns(self._columns)
            kept = (*PARTICULARS, "text", "annotations")
            document.held = {name: held[name] for name in kept if name in held}

    def _token(self, document: Document, fields: list[str], number: int) -> None:
        if document.held is not None:
            document.own(document.held["text"], self._columns, fields, number)
        elif self._columns:
            document.named(self._columns, fields, number)
        else:
            document.unnamed(fields, number)

    def _ended(self) -> Iterator[Item]:
        document, self._document = self._document, None
        if document is not None:
            item = document.item(self._number + 1, self._ids)
            if item is not None:
                self._number += 1
                yield item
