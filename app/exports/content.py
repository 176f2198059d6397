"""An export as a stream of bytes, in any format, and the report of what a format loses."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from prometheus_client import Counter as Measured

from app.core.database import Session
from app.exports import lines, queries
from app.exports.corpus import Corpus
from app.exports.schemas import Example, LossOut, LossReport
from app.formats.codecs import Format, codec
from app.formats.losses import Kind, lost
from app.formats.record import Head

DOCUMENTS = Measured(
    "stet_exported_documents_total", "Documents that were streamed out by exports.", ["format"]
)


async def stream(
    db: Session, corpus: Corpus, format: Format, head: Head
) -> AsyncIterator[tuple[int, bytes]]:
    """The corpus in the format, some documents at a time: how many, and their bytes.

    Args:
        db: a snapshot; it must last as long as the iteration.
        corpus: what to export.
        format: what to write.
        head: of which project it is.
    """
    if format is Format.JSONL:
        async for batch in queries.batches(db, corpus):
            yield batch.documents, await lines.lines(db, corpus, batch)
        return
    writer = codec(format).writer(head)
    async for batch in queries.batches(db, corpus):
        records = await queries.records(db, corpus, batch)
        # In a thread, so that the loop goes on.
        written = await asyncio.to_thread(lambda some: b"".join(map(writer.write, some)), records)
        yield batch.documents, written
    rest = iter(writer.close())
    while (piece := await asyncio.to_thread(next, rest, None)) is not None:
        yield 0, piece


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
    async for batch in queries.batches(db, corpus):
        for record in await queries.records(db, corpus, batch):
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
