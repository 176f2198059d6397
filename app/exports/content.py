"""An export as a stream of bytes, in any format, and the report of what a format loses."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from prometheus_client import Counter as Measured

from app.core.database import Session, Snapshot
from app.core.prefetching import Prefetching
from app.exports import lines, queries
from app.exports.corpus import Corpus
from app.exports.schemas import Example, LossOut, LossReport
from app.formats.codecs import Format, Writer, codec
from app.formats.kinds import Kind
from app.formats.losses import lost
from app.formats.record import DocumentRecord, Head

DOCUMENTS = Measured(
    "stet_exported_documents_total", "Documents that were streamed out by exports.", ["format"]
)


Pieces = Prefetching[tuple[int, bytes]]
"""An export, some documents at a time: how many, and their bytes."""


def stream(db: Snapshot, corpus: Corpus, format: Format, head: Head) -> Pieces:
    """The corpus in the format; some documents are read while those before them are sent.

    Args:
        db: a snapshot; close the pieces before it.
        corpus: what to export.
        format: what to write.
        head: of which project it is.
    """
    return Prefetching(
        _lines(db, corpus) if format is Format.JSONL else _pieces(db, corpus, format, head)
    )


async def digest(db: Snapshot, corpus: Corpus) -> str:
    """The SHA-256 of the corpus as ``jsonl``, as 64 hexadecimal digits."""
    made = hashlib.sha256()
    async with aclosing(Prefetching(_lines(db, corpus))) as pieces:
        async for _, piece in pieces:
            made.update(piece)
    return made.hexdigest()


async def _lines(db: Snapshot, corpus: Corpus) -> AsyncGenerator[tuple[int, bytes]]:
    async with aclosing(Prefetching(lines.read(db, corpus))) as read:
        async for some in read:
            # In a thread, so that the loop goes on.
            yield len(some), await asyncio.to_thread(lines.joined, some)


async def _pieces(
    db: Session, corpus: Corpus, format: Format, head: Head
) -> AsyncGenerator[tuple[int, bytes]]:
    writer = codec(format).writer(head)
    async with aclosing(Prefetching(_records(db, corpus))) as read:
        async for some in read:
            # In a thread, so that the loop goes on.
            yield len(some), await asyncio.to_thread(_written, writer, some)
    rest = iter(writer.close())
    while (piece := await asyncio.to_thread(next, rest, None)) is not None:
        yield 0, piece


async def _records(db: Session, corpus: Corpus) -> AsyncGenerator[list[DocumentRecord]]:
    async for batch in queries.batches(db, corpus):
        yield await queries.records(db, corpus, batch)


def _written(writer: Writer, records: Sequence[DocumentRecord]) -> bytes:
    return b"".join(map(writer.write, records))


async def counted(pieces: AsyncIterator[tuple[int, bytes]], format: Format) -> AsyncIterator[bytes]:
    """The bytes of a stream, whose documents are measured as they are taken."""
    documents_of = DOCUMENTS.labels(format)
    async for documents, piece in pieces:
        yield piece
        documents_of.inc(documents)


async def losses(db: Session, corpus: Corpus, format: Format) -> LossReport:
    """What of the corpus the format cannot hold."""
    chosen = codec(format)
    counts: Counter[str] = Counter()
    times: Counter[Kind] = Counter()
    examples: dict[Kind, Example] = {}
    async for records in _records(db, corpus):
        for record in records:
            counts["documents"] += 1
            counts["annotations"] += len(record.annotations)
            counts["relations"] += len(record.relations)
            for loss in (*lost(record, chosen.loses), *chosen.measure(record)):
                times[loss.kind] += 1
                if times[loss.kind] == 1:
                    examples[loss.kind] = Example(
                        document=record.id, subject=loss.subject, what=loss.example
                    )
    return LossReport(
        format=format,
        documents=counts["documents"],
        annotations=counts["annotations"],
        relations=counts["relations"],
        losses=[
            LossOut(kind=kind, count=times[kind], example=examples[kind])
            for kind in Kind
            if kind in times
        ],
    )
