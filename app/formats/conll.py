"""CoNLL-U Plus: a token a line, and a column a label, so that overlaps of labels survive.

Columns are named in the first line: the token's number in its sentence, the token, where it starts
and ends in the text, and for each label of the scheme, as ``STET:label``, ``B-label``, ``I-label``
or ``O``. A token is split where a span begins or ends inside it, so that spans are read back with
the bounds they had. Comments before a document's first token hold the document with its text and
the ids of its annotations, as JSON. The columns say what is annotated: what is added there is new,
and of what is deleted there nothing is left.

Read too are files of others, separated by tabs or blanks. Where they name their columns, as CoNLL-U
Plus does, every column of tags is read; where they do not, a token and its tag in a line's first
and last column, as CoNLL-2003 has it. Tags may be IOB, IOB2, BIOES or BILOU.
"""

import json
from collections import Counter, deque
from collections.abc import Collection, Iterator
from itertools import chain, islice

from app.core.jsontext import one_line
from app.formats.conll_document import COLUMNS, OWN
from app.formats.conll_reading import DOCUMENT, GLOBAL, NEWDOC, PARTICULARS, Reader
from app.formats.kinds import Kind
from app.formats.losses import Loss
from app.formats.record import AnnotationRecord, DocumentRecord, Head
from app.text.tokens import sentence_ends, tokens, trimmed

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer", "measure"]

SUFFIX = "conll"
LOSES = frozenset(
    {
        Kind.FRAGMENTS,
        Kind.ATTRIBUTES,
        Kind.LIST_ATTRIBUTES,
        Kind.SPAN_ATTRIBUTES,
        Kind.NOTES,
        Kind.ORIGIN,
        Kind.CREATED_BY,
        Kind.AUTHORS,
        Kind.STATUS,
        Kind.DECISIONS,
        Kind.RELATIONS,
        Kind.HISTORY,
        Kind.OVERLAPS,
        Kind.BOUNDS,
    }
)

_LINES_AT_ONCE = 10_000
# What is held of an annotation beside its tags, which are believed where they say something else.
_BESIDE = ("id", "external_id", "label", "start", "end")


def measure(record: DocumentRecord) -> Iterator[Loss]:
    """Annotations that are left out, because tokens hold no blanks and a column no overlaps.

    They are those of nothing but blanks, and those that overlap an earlier one of their label.
    """
    for annotation, _, _, kind in _runs(record):
        if kind is not None:
            words = annotation.quote
            yield Loss(kind, annotation.id, words if len(words) <= 80 else f"{words[:79]}…")


def _runs(record: DocumentRecord) -> Iterator[tuple[AnnotationRecord, int, int, Kind | None]]:
    """Each annotation with its bounds here, equal if it is left out, and what kind of loss that is.

    An annotation with gaps is one run from its first word to its last. Blanks at its ends are in no
    token, and so stand beside its id alone.
    """
    ends: dict[str, int] = {}
    for annotation in record.annotations:
        start, end = trimmed(record.text, annotation.start, annotation.end)
        if start < end and start < ends.get(annotation.label, 0):
            yield annotation, start, start, Kind.OVERLAPS
            continue
        if start < end:
            ends[annotation.label] = end
        yield annotation, start, end, None if start < end else Kind.BOUNDS


class Writer:
    """Records to tokens."""

    def __init__(self, head: Head) -> None:
        """A column for each label of the head's scheme."""
        self._labels = {label: place for place, label in enumerate(head.labels)}
        self._names = [_encoded(label) for label in self._labels]
        self._columns = [*COLUMNS, *_columns(self._labels)]
        self._outside = "\tO" * len(self._names)
        self._begun = False

    def write(self, record: DocumentRecord) -> bytes:
        """The document's comments, and its sentences, each with a blank line behind it."""
        runs = [run for run in _runs(record) if run[1] < run[2]]
        particulars = {
            **{name: getattr(record, name) for name in (*PARTICULARS, "text")},
            "annotations": [{name: getattr(it, name) for name in _BESIDE} for it, *_ in runs],
        }
        held = one_line(json.dumps(particulars, ensure_ascii=False, default=str))
        written = bytearray()
        # A document without a token ends in a blank line too.
        lines = chain(
            (*self._first(), f"{NEWDOC}{record.id}", f"{DOCUMENT}{held}"),
            self._sentences(record.text, [(start, end, it.label) for it, start, end, _ in runs]),
            ("",),
        )
        # A text of millions of characters has as many tokens, which are never there all at once.
        while some := list(islice(lines, _LINES_AT_ONCE)):
            written += "\n".join([*some, ""]).encode()
        return bytes(written)

    def _sentences(self, text: str, runs: list[tuple[int, int, str]]) -> Iterator[str]:
        coming = deque(sorted(runs))
        under_way: dict[int, tuple[int, str]] = {}
        ends = chain(sentence_ends(text), (len(text),))
        sentence_end = next(ends)
        number = 0
        for start, end in tokens(text, (bound for *bounds, _ in runs for bound in bounds)):
            if start >= sentence_end:
                while start >= sentence_end:
                    sentence_end = next(ends)
                if number:
                    yield ""
                number = 0
            number += 1
            tail = self._tags(start, coming, under_way)
            yield f"{number}\t{text[start:end]}\t{start}\t{end}{tail}"

    def _tags(
        self, at: int, coming: deque[tuple[int, int, str]], under_way: dict[int, tuple[int, str]]
    ) -> str:
        """What stands behind the token there; a run is ``under_way`` by its column, to an end."""
        for column in [column for column, (end, _) in under_way.items() if end <= at]:
            del under_way[column]
        while coming and coming[0][0] <= at:
            _, end, label = coming.popleft()
            under_way[self._labels[label]] = end, "B-"
        if not under_way:
            return self._outside
        row = ["O"] * len(self._names)
        for column, (end, mark) in under_way.items():
            row[column] = mark + self._names[column]
            under_way[column] = end, "I-"
        return "\t" + "\t".join(row)

    def _first(self) -> Iterator[str]:
        if not self._begun:
            self._begun = True
            yield f"{GLOBAL}{' '.join(self._columns)}"

    def close(self) -> Iterator[bytes]:
        """The names of the columns, where no document has brought them."""
        for line in self._first():
            yield f"{line}\n".encode()


def _columns(labels: Collection[str]) -> Iterator[str]:
    """The names of the labels' columns, which differ by more than their case: some readers drop it.

    The capitals of labels that differ by nothing else are encoded.
    """
    alike = Counter(label.lower() for label in labels)
    for label in labels:
        name = _encoded(label, capitals=alike[label.lower()] > 1)
        yield f"{OWN}{name}"


def _encoded(label: str, *, capitals: bool = False) -> str:
    """The label without blanks, which separate the names of columns, and perhaps capitals."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in it.encode())
        if it == "%" or it.isspace() or (capitals and it != it.lower())
        else it
        for it in label
    )
