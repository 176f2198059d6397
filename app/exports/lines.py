"""JSON Lines that the database writes itself: byte for byte what ``formats.jsonl`` writes.

Turning rows into Python's values and those into JSON took most of an export; here the rows never
become values (``core.database.rowjson``). What the two must agree on is the order of the fields.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from itertools import chain
from typing import Any, cast

from sqlalchemy import Select, case, literal, literal_column, select

from app.core.database import Session, Snapshot
from app.core.database.columns import Json
from app.core.database.rowjson import json_array, json_lines, json_object
from app.core.jsontext import one_line
from app.exports.corpus import Corpus
from app.exports.queries import Batch, batches, within

_NOTHING = literal_column("'[]'", Json)


async def read(db: Snapshot, corpus: Corpus) -> AsyncGenerator[Sequence[str]]:
    """The lines of the corpus without their newlines, by age of the documents, in batches.

    PostgreSQL writes JSON on one processor for each connection, and for nearly all of the time that
    an export takes. So two batches are read at once where there are two connections.
    """
    statement = _statement(corpus, db.dialect)

    async def lines(of: Session, batch: Batch) -> Sequence[str]:
        return (await of.execute(statement, batch.bounds)).scalars().all()

    following = batches(db, corpus)
    while (first := await anext(following, None)) is not None:
        second = await anext(following, None)
        if second is None:
            yield await lines(db, first)
            return
        # Whoever takes nothing of an export keeps one connection, and not two.
        async with db.beside() as beside:
            if beside is None:
                both = [await lines(db, first), await lines(db, second)]
            else:
                both = await _both(lines(db, first), lines(beside, second))
        yield [*chain(*both)]


async def _both(*reading: Awaitable[Sequence[str]]) -> list[Sequence[str]]:
    """What both have read; if one fails, once the other has ended too."""
    ended = await asyncio.gather(*reading, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return cast("list[Sequence[str]]", ended)


def joined(some: Sequence[str]) -> bytes:
    """The lines as a file has them."""
    return one_line("".join(f"{line}\n" for line in some)).encode()


def _statement(corpus: Corpus, dialect: str) -> Select[Any]:
    document = corpus.documents.subquery("document").c
    line = (
        select(
            document.id,
            document.external_id,
            document.title,
            document.language,
            document.source_url,
            document.published_on,
            document.metadata,
            document.version,
            document.created_by,
            document.created_at,
            document.updated_at,
            document.revision,
            document.sha256,
            json_object(
                select(document.bom_removed, document.newlines_converted).correlate(
                    document.id.table
                ),
                dialect,
            ).label("normalized"),
            document.text,
            literal("code_points").label("offset_unit"),
            json_array(_annotations(corpus, document, dialect), dialect).label("annotations"),
            json_array(_relations(corpus, document), dialect).label("relations"),
        )
        .where(within(document.sequence))
        .order_by(document.sequence)
    )
    return json_lines(line, dialect)


def _annotations(corpus: Corpus, document: Any, dialect: str) -> Select[Any]:
    row = corpus.annotations.subquery("annotation").c
    return (
        select(
            row.id,
            row.external_id,
            row.label,
            row.start,
            row.end,
            row.quote,
            row.fragments,
            row.attributes,
            row.note,
            row.origin,
            row.confidence,
            row.author,
            row.edited_by,
            row.status,
            row.decided_by,
            row.decided_at,
            row.version,
            row.created_at,
            row.updated_at,
            # Most were never decided on: those cost no look-up.
            case(
                (row.version > 1, json_array(_decisions(corpus, row), dialect)), else_=_NOTHING
            ).label("decisions"),
        )
        .where(row.document_id == document.id)
        .correlate(document.id.table)
        .order_by(row.start, row.end, row.sequence)
    )


def _decisions(corpus: Corpus, annotation: Any) -> Select[Any]:
    row = corpus.decisions.subquery("decision").c
    return (
        select(row.version, row.verdict, row.comment, row.reviewer, row.decided_at)
        .where(row.annotation_id == annotation.id, row.version < annotation.version)
        .correlate(annotation.id.table)
        .order_by(row.version)
    )


def _relations(corpus: Corpus, document: Any) -> Select[Any]:
    row = corpus.relations.subquery("relation").c
    return (
        select(
            row.id,
            row.type,
            row.source_id.label("source"),
            row.target_id.label("target"),
            row.author,
            row.created_at,
        )
        .where(row.document_id == document.id)
        .correlate(document.id.table)
        .order_by(row.sequence)
    )
