"""A document of a ``conll`` file that is being read: its tokens, their places and their tags."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from app.core.errors import InvalidFile
from app.formats.conll_spans import Column
from app.formats.conll_words import NUMBER, Range, pass_node, take, take_range, take_word
from app.formats.identity import DocumentIds, annotation_id
from app.formats.quoting import Quoting
from app.formats.record import Item, Place
from app.text.normalization import sha256
from app.text.tokens import trimmed

COLUMNS = ("ID", "FORM", "START", "END")
OWN = "STET:"
"""What the names of the labels' columns begin with: a label may have any name, also ``FORM``."""

_TOKEN_AND_TAG = 2
_GLUED = "SpaceAfter=No"
"""What CoNLL-U has under ``MISC`` of a token with no blank behind it."""
_OFFSET = re.compile(r"[0-9]{1,9}", re.ASCII)


class Document:
    """What is known of it so far."""

    def __init__(self, line: int) -> None:
        """Begins in that line, with nothing."""
        self.line = line
        self.name: str | None = None
        self.held: dict[str, Any] | None = None
        """What Stet wrote of it."""
        self.problem: Item | None = None
        self.bytes = 0
        self._pieces: list[str] = []
        self._length = 0
        self._gap = ""
        self._columns: dict[tuple[int, str], Column] = {}
        self._words: Range | None = None
        # Of columns without names, whether the first may be the tokens' numbers, and the last one.
        self._counts = True
        self._has_counted = False
        self._number: int | None = None
        self._in_sentence = False

    def end_sentence(self) -> None:
        """The next token begins another. Only where offsets are known does a span go on into it."""
        self._words = None
        self._in_sentence = False
        if self.held is None:
            self._gap = "\n" if self._length else ""
            self._close_all()

    def own(self, text: str, names: Sequence[str], fields: Sequence[str], line: int) -> None:
        """Take a token of a document that Stet wrote, which has that text.

        Raises:
            InvalidFile: when it is not in the text, or has something else for a tag.
        """
        check_columns(names)
        _check_number(names, fields)
        _, form, *offsets = fields[: len(COLUMNS)]
        if not all(map(_OFFSET.fullmatch, offsets)):
            raise InvalidFile(f"“{' '.join(offsets)[:80]}” are no offsets.")
        start, end = map(int, offsets)
        if text[start:end] != form:
            raise InvalidFile(f"The text from {start} to {end} is not “{form[:80]}”.")
        for place in range(len(COLUMNS), len(fields)):
            self._column(place, names[place]).take(fields[place], start, end, line)

    def named(self, names: Sequence[str], fields: Sequence[str], line: int) -> None:
        """Take a line of columns that the file names: which of them hold tags, the end will tell.

        Raises:
            InvalidFile: when it has no token, or other columns.
        """
        _check_number(names, fields)
        place = names.index("FORM") if "FORM" in names else int(names[0] == "ID")
        if len(fields) < max(_TOKEN_AND_TAG, place + 1):
            raise InvalidFile("It has too few columns for a token and its tag.")
        form = _form(fields[place])
        number = fields[names.index("ID")] if "ID" in names else "0"
        found = NUMBER.fullmatch(number)
        if found is None:
            raise InvalidFile(f"“{number[:80]}” is no number of a token, such as 1, 2-3 or 3.1.")
        values = [
            (self._column(at, name), value)
            for at, (name, value) in enumerate(zip(names, fields, strict=True))
            if at != place and name != "ID"
        ]
        blank = "MISC" not in names or _GLUED not in fields[names.index("MISC")].split("|")
        if found["node"] is not None:
            pass_node(values, line)
        elif found["last"] is not None:
            start, end = self._place(form, blank=blank)
            self._words = Range(int(found["first"]), int(found["last"]), start, end)
            take_range(self._words, values, line)
        elif self._words is not None and self._words.first <= int(number) <= self._words.last:
            take_word(self._words, values, line)
        else:
            start, end = self._place(form, blank=blank)
            take(values, start, end, line)

    def unnamed(self, fields: Sequence[str], line: int) -> None:
        """Take a token and its tag, which stand in the first and in the last column.

        Raises:
            InvalidFile: when one of them does not.
        """
        if len(fields) < _TOKEN_AND_TAG:
            raise InvalidFile("It has too few columns for a token and its tag.")
        form = _form(fields[0])
        self._count(fields)
        self._column(0, "").take(fields[-1], *self._place(form), line)

    def item(self, number: int, ids: DocumentIds) -> Item | None:
        """What was read, as the file's document of that number; None where nothing was."""
        if self.problem is not None:
            return self.problem
        if self.held is not None:
            # With its digest, a byte order mark at the text's beginning is known to be part of it.
            particulars = {name: it for name, it in self.held.items() if name != "annotations"}
            value = {**particulars, "sha256": sha256(self.held["text"])}
        elif self._length:
            value = {"title": f"document {number}", "text": "".join(self._pieces)}
        else:
            return None
        self._close_all()
        try:
            spans = sorted(self._spans())
        except _Spoilt as spoilt:
            return Item(spoilt.line, None, spoilt.problem)
        id = self._named_id(value) or ids.next(str(value.get("title")), value["text"])
        value["id"] = str(id)
        annotations: list[dict[str, Any]] = []
        places: dict[str, Place] = {}
        quoting = Quoting(value["text"])
        known = _known(self.held, quoting)
        taken = {str(one["id"]) for some in known.values() for one in some}
        seen: Counter[tuple[str, int, int]] = Counter()
        for start, end, label, line in spans:
            said = (label, start, end)
            places[f"/annotations/{len(annotations)}"] = Place(line, "")
            if known.get(said):
                annotations.append(known[said].pop(0))
                continue
            new = str(annotation_id(id, label, start, end, seen[said]))
            while new in taken:
                seen[said] += 1
                new = str(annotation_id(id, label, start, end, seen[said]))
            taken.add(new)
            annotations.append(
                {
                    "id": new,
                    "label": label,
                    "start": start,
                    "end": end,
                    "quote": quoting.cut(start, end),
                }
            )
        value["annotations"] = annotations
        return Item(self.line, value, places=places, size=self.bytes)

    def _place(self, form: str, *, blank: bool = True) -> tuple[int, int]:
        """Where a token without offsets comes to stand in the text that the tokens make.

        Behind it comes a ``blank``, or the next token at once, if it is of the same sentence.
        """
        start = self._length + len(self._gap)
        self._pieces += (self._gap, form)
        self._length = start + len(form)
        self._gap = " " if blank else ""
        return start, self._length

    def _column(self, place: int, name: str) -> Column:
        key = (place, name)
        if key not in self._columns:
            self._columns[key] = Column(name)
        return self._columns[key]

    def _close_all(self) -> None:
        for column in self._columns.values():
            column.close()

    def _count(self, fields: Sequence[str]) -> None:
        """Look whether the first column, where it may be another than the tokens', counts them."""
        found = NUMBER.fullmatch(fields[0])
        if found is None or len(fields) == _TOKEN_AND_TAG:
            self._counts = False
        elif found["last"] is None and found["node"] is None:
            number = int(fields[0])
            goes_on = self._number is not None and number == self._number + 1
            self._counts &= goes_on or (number <= 1 and not self._in_sentence)
            self._has_counted |= goes_on
            self._number = number
            self._in_sentence = True

    def _spans(self) -> Iterator[tuple[int, int, str, int]]:
        """The spans of the columns that hold tags: start, end, label, and the line of each.

        Raises:
            _Spoilt: when a line spoils one of them, or none of them holds tags.
        """
        if self._counts and self._has_counted:
            names = "# global.columns = ID FORM …"
            detail = f"The first column counts: name the columns in the file's first line, {names}"
            raise _Spoilt(self.line, InvalidFile(detail))
        columns = [column for column in self._columns.values() if column.holds_tags]
        if self.held is None and not columns:
            detail = "None of its columns holds tags, such as B-claim, I-claim or O."
            raise _Spoilt(self.line, InvalidFile(detail))
        for column in columns:
            if column.problem is not None:
                raise _Spoilt(*column.problem)
            encoded = self.held is not None or column.name.startswith(OWN)
            for start, end, label, line in column.spans:
                yield start, end, unquote(label) if encoded else label, line

    def _named_id(self, value: dict[str, Any]) -> UUID | None:
        """The id that the file gives; one that is no UUID is an external id."""
        if self.name is None:
            return None
        try:
            return UUID(self.name)
        except ValueError:
            value.setdefault("external_id", self.name)
            return None


class _Spoilt(Exception):
    """A document that cannot be taken, by the line that is to be told."""

    def __init__(self, line: int, problem: InvalidFile) -> None:
        super().__init__()
        self.line = line
        self.problem = problem


def check_columns(names: Sequence[str]) -> None:
    """See that the file names the columns of a document that Stet wrote.

    Raises:
        InvalidFile: when it does not; another line that names columns may stand anywhere.
    """
    if tuple(names[: len(COLUMNS)]) != COLUMNS:
        raise InvalidFile(f"The file's first line names no columns {' '.join(COLUMNS)}.")


def _check_number(names: Sequence[str], fields: Sequence[str]) -> None:
    if len(fields) != len(names):
        raise InvalidFile(f"It has {len(fields)} columns and not {len(names)}.")


def _form(field: str) -> str:
    if not field:
        raise InvalidFile("It has no token.")
    return field


def _known(
    held: dict[str, Any] | None, quoting: Quoting
) -> dict[tuple[str, int, int], list[dict[str, Any]]]:
    """The annotations that Stet wrote of, by their label and the bounds that tokens give them."""
    found: dict[tuple[str, int, int], list[dict[str, Any]]] = {}
    listed = held.get("annotations") if held is not None else None
    for one in listed if isinstance(listed, list) else ():
        match one:
            case {"label": str() as label, "start": int() as start, "end": int() as end}:
                quote = quoting.cut(start, end) if 0 <= start < end else ""
            case _:
                continue
        if len(quote) == end - start > 0:
            first, last = trimmed(quote, 0, len(quote))
            value = {name: one.get(name) for name in ("id", "external_id")}
            value |= {"label": label, "start": start, "end": end, "quote": quote}
            found.setdefault((label, start + first, start + last), []).append(value)
    return found
