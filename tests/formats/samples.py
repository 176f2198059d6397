"""Documents to write, constant ones, and how much memory that takes."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

from app.core.errors import InvalidFile
from app.formats.codecs import Codec, Reader
from app.formats.record import AnnotationRecord, DocumentRecord, Item, RelationRecord
from tests import make
from tests.formats import records

TEXT = "😀 Kyiv says “no”,\nand 🇺🇦 <again>\tcafe\u0301 & да.\u2028End"


def annotation(number: int, start: int, end: int, **said: object) -> AnnotationRecord:
    """An annotation of ``TEXT``, plain but for what is said."""
    plain = AnnotationRecord(
        id=make.id_of(100 + number),
        external_id=None,
        label="plain",
        start=start,
        end=end,
        quote=TEXT[start:end],
        fragments=None,
        attributes={},
        note=None,
        origin="human",
        confidence=None,
        author="anna",
        edited_by="anna",
        status="pending",
        decided_by=None,
        decided_at=None,
        version=1,
        created_at=make.MOMENT,
        updated_at=make.MOMENT,
    )
    return replace(plain, **said)  # type: ignore[arg-type]


def _part(start: int, end: int) -> dict[str, object]:
    return {"start": start, "end": end, "quote": TEXT[start:end]}


MARK = annotation(
    1,
    2,
    24,
    label="mark",
    external_id="m/1",
    note="one\n“two” \\n <three>",
    attributes={
        "text": "a b\n<c> & \ufffe \uffff",
        "texts": ["x", "", " y\n"],
        "kind": "two",
        "kinds": ["один", "two"],
        "sure": True,
        "count": 2**53 - 1,
        "score": 0.1,
        "where": _part(18, 21),
    },
)
SPLIT = annotation(
    2,
    0,
    26,
    label="strict",
    attributes={"why": "w"},
    note="short",
    fragments=[_part(0, 6), _part(22, 26)],
)
PLAIN = annotation(3, 34, 40, origin="model", confidence=0.25)
DOCUMENT = DocumentRecord(
    id=make.id_of(1),
    external_id="doc/1",
    title="A “title” & more",
    text=TEXT,
    language="en",
    source_url="https://example.org/a?b=c&d",
    published_on=make.MOMENT.date(),
    metadata={"desk": "мир"},
    revision=1,
    sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
    bom_removed=False,
    newlines_converted=0,
    version=1,
    created_by="maria",
    created_at=make.MOMENT,
    updated_at=make.MOMENT,
    annotations=[SPLIT, MARK, PLAIN],
    relations=[
        RelationRecord(make.id_of(5), "joins", PLAIN.id, MARK.id, "anna", make.MOMENT),
    ],
)


def written(codec: Codec, *documents: DocumentRecord) -> bytes:
    """The file."""
    writer = codec.writer(records.HEAD)
    return b"".join([*map(writer.write, documents), *writer.close()])


def read(codec: Codec, content: bytes) -> list[Item]:
    """The file's items, fed whole."""
    assert codec.reader is not None
    return fed(codec.reader(records.HEAD), [content])


def fed(reader: Reader, pieces: list[bytes]) -> list[Item]:
    """The items of a file that comes in pieces."""
    return [*chain.from_iterable(map(reader.feed, pieces)), *reader.close()]


def refused(codec: Codec, content: bytes) -> str:
    """Why the file is refused as a whole."""
    try:
        read(codec, content)
    except InvalidFile as problem:
        return problem.detail
    raise AssertionError("The file was read.")


def many(count: int) -> Iterator[DocumentRecord]:
    """Small documents."""
    for number in range(count):
        yield replace(
            DOCUMENT, id=make.id_of(10_000 + number), annotations=[PLAIN], relations=[], metadata={}
        )


def cut(content: bytes, size: int = 5000) -> list[bytes]:
    """The file in pieces."""
    return [content[start : start + size] for start in range(0, len(content), size)]


def peak(act: Callable[[], object]) -> int:
    """How many bytes of memory it holds at most."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peak_of_writing(codec: Codec, count: int) -> int:
    """Of writing so many small documents to nowhere."""

    def write() -> None:
        writer = codec.writer(records.HEAD)
        for document in many(count):
            writer.write(document)
        for _ in writer.close():
            pass

    return peak(write)


def peak_of_reading(codec: Codec, pieces: list[bytes]) -> int:
    """Of reading a file that is held elsewhere."""

    def read_() -> None:
        assert codec.reader is not None
        reader = codec.reader(records.HEAD)
        for piece in pieces:
            for _ in reader.feed(piece):
                pass
        for _ in reader.close():
            pass

    return peak(read_)
