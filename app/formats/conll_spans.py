"""A column of tags to spans, one token after another."""

import re

from app.core.errors import InvalidFile

_TAG = re.compile(r"O|_|(?P<mark>[BIEMLSU])-(?P<label>.+)", re.DOTALL)
_NOTHING = frozenset({"O", "_"})
# What CoNLL-U itself has in its columns is of other kinds, though a lemma may look like a tag:
# E-Mail, S-Bahn.
_STANDARD = frozenset(
    {"ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"}
)


def is_tag(value: str) -> bool:
    """Whether the value has a tag's form: ``B-claim``, ``I-claim``, ``O`` and their like."""
    return _TAG.fullmatch(value) is not None


def not_a_tag(value: str) -> InvalidFile:
    """Why a line is refused that has this value where a tag should be."""
    return InvalidFile(f"“{value[:80]}” is no tag, such as B-claim, I-claim or O.")


def is_marked(value: str) -> bool:
    """Whether the value is a tag of some label."""
    return value not in _NOTHING and is_tag(value)


class Column:
    """A document's values in one column, and the spans that they make if they are tags."""

    def __init__(self, name: str) -> None:
        """``name`` is the column's, empty where the file names none."""
        self.name = name
        self.spans: list[tuple[int, int, str, int]] = []
        """Those that are whole: start, end, label, and the line where it begins."""
        self.problem: tuple[int, InvalidFile] | None = None
        """The first line whose value spoils the column, if it is one of tags."""
        self._open: tuple[str, int, int, int] | None = None
        self._tags = 0
        self._others = 0

    @property
    def holds_tags(self) -> bool:
        """Whether it is a column of tags, as far as its values tell.

        Most of them are, so that a slip in one does not make the others vanish with it. Of the
        columns that CoNLL-U knows all must be.
        """
        if self.name in _STANDARD:
            return self._tags > 0 and not self._others
        return self._tags >= self._others

    def doubt(self, value: str, line: int, problem: InvalidFile) -> None:
        """Note a value that cannot be taken."""
        if is_tag(value):
            self._tags += value != "_"
        else:
            self._others += 1
        if self.problem is None:
            self.problem = line, problem

    def take(self, value: str, start: int, end: int, line: int) -> None:
        """Take the tag of the token between these offsets.

        Raises:
            InvalidFile: when it has no tag's form.
        """
        if value == "O" and self._open is None:
            self._tags += 1
            return
        found = _TAG.fullmatch(value)
        if found is None:
            raise not_a_tag(value)
        self._tags += value != "_"
        mark, label = found["mark"], found["label"]
        before = self._open
        if before is not None and label == before[0] and mark in {"I", "M", "E", "L"}:
            self._open = (label, before[1], end, before[3])
        else:
            self.close()
            if mark is not None:
                self._open = (label, start, end, line)
        if mark in {"E", "L", "S", "U"}:
            self.close()

    def close(self) -> None:
        """The span that is open ends."""
        if self._open is not None:
            label, start, end, line = self._open
            self.spans.append((start, end, label, line))
            self._open = None
