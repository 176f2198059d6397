"""CoNLL-U Plus: a token a line, and a column a label, so that overlaps of labels survive.

Columns are named in the first line: the token's number in its sentence, the token, where it starts
and ends in the text, and for each label of the scheme ``B-label``, ``I-label`` or ``O``. A token is
split where a span begins or ends inside it, so that spans are read back with the bounds they had.
Comments before a document's first token hold the document with its text, as JSON.

Read too are files of others: a token and its tag in a line's first and last column, separated by
tabs or blanks, as CoNLL-2003 has it; tags may be IOB, IOB2, BIOES or BILOU.
"""

import json
import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from app.formats.conll_reading import COLUMNS, DOCUMENT, GLOBAL, NEWDOC, PARTICULARS, Reader
from app.formats.losses import Kind, Loss
from app.formats.record import AnnotationRecord, DocumentRecord, Head
from app.text.tokens import sentence_ends, tokens, trimmed

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer", "measure"]

SUFFIX = "conll"
LOSES = frozenset(
    {
        Kind.IDS,
        Kind.EXTERNAL_IDS,
        Kind.FRAGMENTS,
        Kind.ATTRIBUTES,
        Kind.LIST_ATTRIBUTES,
        Kind.SPAN_ATTRIBUTES,
        Kind.NOTES,
        Kind.ORIGIN,
        Kind.AUTHORS,
        Kind.STATUS,
        Kind.DECISIONS,
        Kind.RELATIONS,
        Kind.HISTORY,
        Kind.OVERLAPS,
        Kind.BOUNDS,
    }
)

# JSON leaves these as they are, and many a program ends a line at them.
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def measure(record: DocumentRecord) -> Iterator[Loss]:
    """Annotations that are left out or shortened, because tokens hold no blanks and a column one.

    One of nothing but blanks, and one that overlaps an earlier one of its label, are left out.
    """
    for annotation, _, _, kind in _runs(record):
        if kind is not None:
            words = annotation.quote
            yield Loss(kind, annotation.id, words if len(words) <= 80 else f"{words[:79]}…")


def _runs(record: DocumentRecord) -> Iterator[tuple[AnnotationRecord, int, int, Kind | None]]:
    """Each annotation with its bounds here, equal if it is left out, and what kind of loss that is.

    An annotation with gaps is one run from its first word to its last.
    """
    ends: dict[str, int] = {}
    for annotation in record.annotations:
        start, end = trimmed(record.text, annotation.start, annotation.end)
        if start < end and start < ends.get(annotation.label, 0):
            yield annotation, start, start, Kind.OVERLAPS
            continue
        if start < end:
            ends[annotation.label] = end
        whole = (start, end) == (annotation.start, annotation.end)
        yield annotation, start, end, None if whole else Kind.BOUNDS


class Writer:
    """Records to tokens."""

    def __init__(self, head: Head) -> None:
        """A column for each label of the head's scheme."""
        self._labels = {label: place for place, label in enumerate(head.labels)}
        self._names = [_encoded(label) for label in self._labels]
        self._outside = "\tO" * len(self._names)
        self._begun = False

    def write(self, record: DocumentRecord) -> bytes:
        """The document's comments, and its sentences, each with a blank line behind it."""
        particulars = {name: getattr(record, name) for name in (*PARTICULARS, "text")}
        held = json.dumps(particulars, ensure_ascii=False, default=str).translate(_LINE_ENDS)
        lines = [*self._first(), f"{NEWDOC}{record.id}", f"{DOCUMENT}{held}"]
        runs = [(it.label, start, end) for it, start, end, _ in _runs(record) if start < end]
        found = list(tokens(record.text, (bound for _, *bounds in runs for bound in bounds)))
        tags = self._tags(found, runs)
        ends = chain(sentence_ends(record.text), (len(record.text),))
        sentence_end = next(ends)
        number = 0
        for place, (start, end) in enumerate(found):
            if start >= sentence_end:
                while start >= sentence_end:
                    sentence_end = next(ends)
                if number:
                    lines.append("")
                number = 0
            number += 1
            form = record.text[start:end]
            tail = tags.get(place, self._outside)
            lines.append(f"{number}\t{form}\t{start}\t{end}{tail}")
        # A document without a token ends in a blank line too.
        return "\n".join([*lines, "", ""]).encode()

    def _tags(
        self, found: list[tuple[int, int]], runs: list[tuple[str, int, int]]
    ) -> dict[int, str]:
        """What stands behind each token that is in a span, by the token's place."""
        starts = {start: place for place, (start, _) in enumerate(found)}
        cells: dict[int, list[str]] = {}
        for label, start, end in runs:
            column = self._labels[label]
            mark = "B-"
            for place in range(starts[start], len(found)):
                if found[place][0] >= end:
                    break
                row = cells.setdefault(place, ["O"] * len(self._names))
                row[column] = mark + self._names[column]
                mark = "I-"
        return {place: "\t" + "\t".join(row) for place, row in cells.items()}

    def _first(self) -> Iterator[str]:
        if not self._begun:
            self._begun = True
            yield f"{GLOBAL}{' '.join([*COLUMNS, *self._names])}"

    def close(self) -> Iterator[bytes]:
        """The names of the columns, where no document has brought them."""
        for line in self._first():
            yield f"{line}\n".encode()


def _encoded(label: str) -> str:
    """The label without blanks, which separate the names of columns."""
    return re.sub(r"[%\s]", lambda found: quote(found[0]), label)
