"""The files that an import reads: only what is documented is raised, however they are cut.

What the bytes mean: a letter for what the file is, the size of the pieces that it comes in, and
the file. An archive may be given as its members, for no chance makes a checksum right.
"""

import io
import warnings
import zipfile
from collections.abc import Sequence
from typing import Any

from app.core.errors import InvalidFile, Problem, Unprocessable
from app.formats.codecs import Format, codec
from app.formats.record import Head, Item
from app.imports.records import people_of, record_of
from tests import make

HEAD = Head(project="demo", scheme=make.TYPED_SCHEME, scheme_version=1)

WAYS: dict[bytes, tuple[Format, bool]] = {
    b"j": (Format.JSONL, False),
    b"c": (Format.CONLL, False),
    b"d": (Format.DOCCANO, False),
    b"l": (Format.LABEL_STUDIO, False),
    b"w": (Format.WEB_ANNOTATION, False),
    b"b": (Format.BRAT, False),
    b"u": (Format.UIMA_CAS, False),
    b"B": (Format.BRAT, True),
    b"U": (Format.UIMA_CAS, True),
}
"""Each letter's format, and whether the archive comes as its members."""

# Each is imported by its name only when it is asked for; so the fuzzer sees what it does.
_CODECS = {format: codec(format) for format, _ in WAYS.values()}

_MEMBER, _NAME = b"\xff\xfe", b"\xff\xff"
"""What parts the members, and each one's name from its content: nothing that UTF-8 has."""


def imports(data: bytes) -> None:
    """A file is read or refused, and the same in pieces as in one.

    Raises:
        AssertionError: when the pieces make a difference.
    """
    way = WAYS.get(data[:1])
    if way is None or len(data) < 2:
        return
    format, as_members = way
    file = _archive(data[2:]) if as_members else data[2:]
    # Each piece costs something, so of long files the pieces are longer.
    size = 1 + data[1] + len(file) // 500
    whole = _read(format, [file])
    pieces = [file[start : start + size] for start in range(0, len(file), size)]
    assert _comparable(_read(format, pieces)) == _comparable(whole)
    for item in whole or ():
        if item.problem is None:
            _take(item.value)


def _archive(content: bytes) -> bytes:
    sink = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(sink, "w") as archive:
        # Of two members with one name the reader is to complain.
        warnings.simplefilter("ignore", UserWarning)
        for member in content.split(_MEMBER):
            name, _, words = member.partition(_NAME)
            archive.writestr(zipfile.ZipInfo(name.decode("utf-8", "ignore") or "_"), words)
    return sink.getvalue()


def members_of(archive: bytes) -> bytes:
    """The archive as ``imports`` takes its members."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = opened.namelist()
        return _MEMBER.join(name.encode() + _NAME + opened.read(name) for name in names)


def _read(format: Format, pieces: Sequence[bytes]) -> list[Item] | None:
    """The items; None when the file is refused."""
    reader = _CODECS[format].reader
    assert reader is not None
    opened = reader(HEAD)
    try:
        found = [item for piece in pieces for item in opened.feed(piece)]
        return [*found, *opened.close()]
    except InvalidFile:
        return None


def _comparable(items: Sequence[Item] | None) -> Any:
    return items and [
        (item.line, repr(item.value), _said(item.problem), item.file, item.places) for item in items
    ]


def _said(problem: Problem | None) -> Any:
    return problem and (problem.code, problem.detail, problem.members)


def _take(value: Any) -> None:
    try:
        record = record_of(value)
    except Unprocessable:
        return
    assert len(record.annotations) == len(record.line.annotations)
    people_of(record.line)
