"""The other half of ``conll``: lines of tokens and tags to documents."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from app.core.errors import InvalidFile, InvalidJson, Problem, TooLarge
from app.formats import values
from app.formats.identity import DocumentIds, annotation_id
from app.formats.jsonl import MAX_LINE_BYTES, Lines
from app.formats.quoting import Quoting
from app.formats.record import Head, Item, Place
from app.text.arrival import sha256

PARTICULARS = ("external_id", "title", "language", "source_url", "published_on", "metadata")
COLUMNS = ("ID", "FORM", "START", "END")
GLOBAL = "# global.columns = "
NEWDOC = "# newdoc id = "
DOCUMENT = "# stet.document = "

_DOCSTART = "-DOCSTART-"
_TAG = re.compile(r"O|_|(?P<mark>[BIEMLSU])-(?P<label>.+)", re.DOTALL)
# What is a comment even if it ends like a tag; other lines that begin so may be the token "#".
_COMMENT = re.compile(r"#\s*(newdoc|newpar|[\w.:-]+\s+=)(\s|$)")
_OFFSET = re.compile(r"[0-9]{1,9}", re.ASCII)


class _Document:
    """A document that is being read: the spans that are whole, and in each column an open one."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.name: str | None = None
        self.held: dict[str, Any] | None = None
        self.problem: Item | None = None
        self.bytes = 0
        self._pieces: list[str] = []
        self._length = 0
        self._gap = ""
        self._open: dict[int, tuple[str, int, int, int]] = {}
        self._spans: list[tuple[int, int, str, int]] = []

    def place(self, form: str) -> tuple[int, int]:
        """Where a token without offsets comes to stand in the text that the tokens make."""
        start = self._length + len(self._gap)
        self._pieces += (self._gap, form)
        self._length = start + len(form)
        self._gap = " "
        return start, self._length

    def end_sentence(self) -> None:
        """The next token begins another. Only where offsets are known does a span go on into it."""
        if self.held is None:
            self._gap = "\n" if self._length else ""
            self._close_all()

    def tag(self, column: int, tag: str, start: int, end: int, line: int) -> None:
        """Take a token's tag in one of the columns of tags.

        Raises:
            InvalidFile: when it has no tag's form.
        """
        if tag == "O" and not self._open:
            return
        found = _TAG.fullmatch(tag)
        if found is None:
            raise InvalidFile(f"“{tag[:80]}” is no tag, such as B-claim, I-claim or O.")
        mark, label = found["mark"], found["label"]
        before = self._open.get(column)
        if before is not None and label == before[0] and mark in {"I", "M", "E", "L"}:
            self._open[column] = (label, before[1], end, before[3])
        else:
            self._close(column)
            if mark is not None:
                self._open[column] = (label, start, end, line)
        if mark in {"E", "L", "S", "U"}:
            self._close(column)

    def _close(self, column: int) -> None:
        if column in self._open:
            label, start, end, line = self._open.pop(column)
            self._spans.append((start, end, label, line))

    def _close_all(self) -> None:
        for column in list(self._open):
            self._close(column)

    def item(self, number: int, ids: DocumentIds) -> Item | None:
        """What was read, as the file's document of that number; None where nothing was."""
        if self.problem is not None:
            return self.problem
        self._close_all()
        if self.held is not None:
            # With its digest, a byte order mark at the text's beginning is known to be part of it.
            value = {**self.held, "sha256": sha256(self.held["text"])}
        elif self._length:
            value = {"title": f"document {number}", "text": "".join(self._pieces)}
        else:
            return None
        id = self._named(value) or ids.next(str(value.get("title")), value["text"])
        value["id"] = str(id)
        annotations: list[dict[str, Any]] = []
        places: dict[str, Place] = {}
        quoting = Quoting(value["text"])
        for start, end, tagged, line in sorted(self._spans):
            label = tagged if self.held is None else unquote(tagged)
            places[f"/annotations/{len(annotations)}"] = Place(line, "")
            annotations.append(
                {
                    "id": str(annotation_id(id, label, start, end, 0)),
                    "label": label,
                    "start": start,
                    "end": end,
                    "quote": quoting.cut(start, end),
                }
            )
        value["annotations"] = annotations
        return Item(self.line, value, places=places, size=self.bytes)

    def _named(self, value: dict[str, Any]) -> UUID | None:
        """The id that the file gives; one that is no UUID is an external id."""
        if self.name is None:
            return None
        try:
            return UUID(self.name)
        except ValueError:
            value.setdefault("external_id", self.name)
            return None


class Reader:
    """Tokens to values, however the bytes are cut."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """The file names its labels itself."""
        self._lines = Lines()
        self._ids = DocumentIds()
        self._columns: list[str] = []
        self._document: _Document | None = None
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
        line = line.removesuffix("\r").removeprefix("\ufeff" if number == 1 else "")
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

    def _current(self, number: int, size: int) -> _Document:
        if self._document is None:
            self._document = _Document(number)
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
        return known or len(fields) < 2 or _TAG.fullmatch(fields[-1]) is None

    def _comment(self, document: _Document, line: str) -> None:
        if line.startswith(GLOBAL):
            self._columns = line.removeprefix(GLOBAL).split()
        elif line.startswith(NEWDOC):
            document.name = line.removeprefix(NEWDOC).strip() or None
        elif line.startswith(DOCUMENT):
            held = values.parse(line.removeprefix(DOCUMENT).encode())
            if not isinstance(held, dict) or not isinstance(held.get("text"), str):
                raise InvalidFile("The document is no JSON object with a text.")
            self._check_columns()
            document.held = {name: held[name] for name in (*PARTICULARS, "text") if name in held}

    def _check_columns(self) -> None:
        # Another line that names columns may stand anywhere.
        if tuple(self._columns[: len(COLUMNS)]) != COLUMNS:
            raise InvalidFile(f"The file's first line names no columns {' '.join(COLUMNS)}.")

    def _token(self, document: _Document, fields: list[str], number: int) -> None:
        if document.held is not None:
            self._check_columns()
            if len(fields) != len(self._columns):
                raise InvalidFile(f"It has {len(fields)} columns and not {len(self._columns)}.")
            _, form, *offsets = fields[: len(COLUMNS)]
            if not all(map(_OFFSET.fullmatch, offsets)):
                raise InvalidFile(f"“{' '.join(offsets)[:80]}” are no offsets.")
            start, end = map(int, offsets)
            if document.held["text"][start:end] != form:
                raise InvalidFile(f"The text from {start} to {end} is not “{form[:80]}”.")
            for column, tag in enumerate(fields[len(COLUMNS) :]):
                document.tag(column, tag, start, end, number)
            return
        place = self._columns.index("FORM") if "FORM" in self._columns else 0
        if len(fields) < max(2, place + 1):
            raise InvalidFile("It has too few columns for a token and its tag.")
        if not fields[place]:
            raise InvalidFile("It has no token.")
        document.tag(0, fields[-1], *document.place(fields[place]), number)

    def _ended(self) -> Iterator[Item]:
        document, self._document = self._document, None
        if document is not None:
            item = document.item(self._number + 1, self._ids)
            if item is not None:
                self._number += 1
                yield item
