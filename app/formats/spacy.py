"""spaCy's DocBin: each document's tokens, and its spans in groups, one a label.

Tokens are cut at the spans' ends and blanks are tokens where they must be, so that each document's
text and each span's bounds are exactly what they are here. A span's id is the annotation's;
``doc.user_data["stet"]`` holds the document's particulars and the annotations' external ids.

A DocBin is one map in MessagePack, compressed, in which all documents' tokens stand before all
documents' spaces, and so on (``spacy.tokens.DocBin.to_bytes``). The parts are therefore gathered in
temporary files, as ``to_bytes`` has them, and put together at the end. Each may be as long as
4 GiB, the most that MessagePack holds: some 500 million tokens.
"""

import json
import struct
import weakref
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np
import srsly
from spacy.strings import get_string_id
from spacy.tokens import DocBin

from app.formats.kinds import Kind
from app.formats.record import DocumentRecord, Head
from app.text.tokens import tokens

SUFFIX = "spacy"
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
    }
)

# So many texts are known to be in the file; then it begins anew, and what comes again stands there
# twice, which its reader does not mind.
_KNOWN_STRINGS = 50_000
_PIECE_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 1024 * 1024
# What SpanGroup.to_bytes packs of a span: the ids of its own id, of its entry in a knowledge base
# and of its label, and its bounds in tokens and in characters.
_SPAN = struct.Struct(">QQQllll")


class _Part:
    """A part of the file that grows: bytes, or the items of an array."""

    def __init__(self, files: ExitStack) -> None:
        file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # the stack closes it
        self._file = files.enter_context(file)
        self.items = 0

    def add(self, piece: bytes, items: int = 0) -> None:
        """At its end."""
        self._file.write(piece)
        self.items += items

    def as_bytes(self) -> Iterator[bytes]:
        """As MessagePack has a string of bytes."""
        yield b"\xc6" + struct.pack(">I", self._file.tell())
        yield from self._pieces()

    def as_array(self) -> Iterator[bytes]:
        """As MessagePack has an array."""
        yield _array_of(self.items)
        yield from self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece


def _array_of(items: int) -> bytes:
    return b"\xdd" + struct.pack(">I", items)


class Writer:
    """Records to a DocBin."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """Opens temporary files, which are gone when the writer is closed or given up."""
        files = ExitStack()
        self._end = weakref.finalize(self, files.close)
        self._tokens, self._spaces, self._lengths = _Part(files), _Part(files), _Part(files)
        self._strings, self._groups, self._user_data = _Part(files), _Part(files), _Part(files)
        self._documents = 0
        self._known: dict[str, int] = {}
        # srsly.msgpack_dumps looks for plugins at each call, which takes half a millisecond.
        self._pack: Callable[[object], bytes] = srsly.msgpack.Packer(use_bin_type=True).pack

    def write(self, record: DocumentRecord) -> bytes:
        """Nothing yet: a DocBin is put together at its end."""
        if len(self._known) >= _KNOWN_STRINGS:
            self._known.clear()
        bounds, spaces = _words(record)
        self._documents += 1
        words = [self._id(record.text[start:end]) for start, end in bounds]
        self._tokens.add(np.asarray(words, dtype="uint64").tobytes())
        self._spaces.add(np.asarray(spaces, dtype=bool).tobytes())
        self._lengths.add(np.asarray([len(words)], dtype="int32").tobytes())
        self._groups.add(self._pack(self._packed_groups(record, bounds)), 1)
        self._user_data.add(self._pack(self._pack({"stet": _particulars(record)})), 1)
        return b""

    def _id(self, text: str) -> int:
        """The number by which spaCy knows a text, which from now on stands in the file."""
        id = self._known.get(text)
        if id is None:
            id = self._known[text] = get_string_id(text)
            self._strings.add(self._pack(text), 1)
        return id

    def _packed_groups(self, record: DocumentRecord, bounds: list[tuple[int, int]]) -> bytes:
        """``SpanGroups.to_bytes``: the names of groups by each group's ``SpanGroup.to_bytes``."""
        starts = {start: place for place, (start, _) in enumerate(bounds)}
        ends = {end: place + 1 for place, (_, end) in enumerate(bounds)}
        groups: dict[str, list[bytes]] = {}
        for it in record.annotations:
            ids = (self._id(str(it.id)), 0, self._id(it.label))
            span = _SPAN.pack(*ids, starts[it.start], ends[it.end], it.start, it.end)
            groups.setdefault(it.label, []).append(span)
        if not groups:
            return self._pack([])
        return self._pack(
            {
                self._pack({"name": label, "attrs": {}, "spans": spans}): [label]
                for label, spans in groups.items()
            }
        )

    def close(self) -> Iterator[bytes]:
        """The whole file."""
        squeezed = zlib.compressobj()
        for piece in self._map():
            if ready := squeezed.compress(piece):
                yield ready
        yield squeezed.flush()
        self._end()

    def _map(self) -> Iterator[bytes]:
        """The members of ``DocBin.to_bytes``, of a DocBin without attributes but the words."""
        empty = DocBin(attrs=[])
        parts = {
            "version": [self._pack(empty.version)],
            "attrs": [self._pack(empty.attrs)],
            "tokens": self._tokens.as_bytes(),
            "spaces": self._spaces.as_bytes(),
            "lengths": self._lengths.as_bytes(),
            "strings": self._strings.as_array(),
            "cats": self._of_each({}),
            "flags": self._of_each({"has_unknown_spaces": False}),
            "span_groups": self._groups.as_array(),
            "user_data": self._user_data.as_array(),
        }
        # A map of up to 15 members says how many in its first byte.
        yield bytes([0x80 | len(parts)])
        for name, pieces in parts.items():
            yield self._pack(name)
            yield from pieces

    def _of_each(self, value: dict[str, bool]) -> Iterator[bytes]:
        """An array that holds the same for each document."""
        yield _array_of(self._documents)
        one = self._pack(value)
        for _ in range(self._documents):
            yield one


def _particulars(record: DocumentRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "external_id": record.external_id,
        "title": record.title,
        "language": record.language,
        "source_url": record.source_url,
        "published_on": record.published_on and record.published_on.isoformat(),
        # As text: MessagePack holds no number beyond 64 bits.
        "metadata": json.dumps(record.metadata, ensure_ascii=False),
        "external_ids": {
            str(it.id): it.external_id for it in record.annotations if it.external_id is not None
        },
    }


def _words(record: DocumentRecord) -> tuple[list[tuple[int, int]], list[bool]]:
    """The tokens' bounds, and whether a blank that is in none of them follows each."""
    starts = {it.start for it in record.annotations}
    ends = {it.end for it in record.annotations}
    bounds = list(_covering(record.text, starts, ends))
    following = [start for start, _ in bounds[1:]]
    following.append(len(record.text))
    return bounds, [end < start for (_, end), start in zip(bounds, following, strict=False)]


def _covering(text: str, starts: set[int], ends: set[int]) -> Iterator[tuple[int, int]]:
    """Bounds of tokens that leave out at most one blank (U+0020) behind each.

    A blank is left out behind a word, unless a span begins or ends with it.
    """
    cuts = sorted(starts | ends)
    words = [*tokens(text, cuts), (len(text), len(text))]
    before = 0
    for start, end in words:
        gap = before
        if 0 < gap < start and text[gap] == " " and gap not in starts and gap + 1 not in ends:
            gap += 1
        if gap < start:
            inside = cuts[bisect_right(cuts, gap) : bisect_left(cuts, start)]
            yield from pairwise([gap, *inside, start])
        if start < end:
            yield start, end
        before = end
