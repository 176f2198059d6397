"""Annotations that the caller may see."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from app.annotations import page_cache
from app.annotations.filters import check_attributes, matching
from app.annotations.page_cache import TEXT_ORDER
from app.annotations.rowjson import LISTED, annotations_page
from app.annotations.schemas import AnnotationFilter, AnnotationOut, measured
from app.annotations.seen import AUTHOR, COLUMNS, DIGEST, with_people
from app.annotations.selectivity import Places, look_up
from app.annotations.versions import FIRST_VERSIONS, VERSIONS
from app.core.database import Moved, Session
from app.core.database.page_budget import ONE_MORE
from app.core.database.prepared import fixed
from app.core.database.rowjson import read_page
from app.core.errors import SpanEmpty, SpanReversed, Unprocessable
from app.core.jsontext import dump_json
from app.core.paging import Paging, Written
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit, Order
from app.documents.queries import digests as digests_of
from app.documents.queries import text_of
from app.documents.seen import STANDS, SeenDocument, as_recalled
from app.models import Annotation, Relation
from app.text.offsets import Ruler, to_code_points

ROWS = with_people((*COLUMNS, DIGEST))
"""Annotations with the names of their people and the digest of their text."""

_BY_ID = fixed(ROWS.where(Annotation.id == bindparam("annotation_id")))


async def by_id(db: Session, id: UUID) -> Row[Any] | None:
    """An annotation's row, whoever asks and whether or not it was withdrawn."""
    return (await db.execute(_BY_ID, {"annotation_id": id})).one_or_none()


async def by_external_id(db: Session, document_id: UUID, external_id: str) -> Row[Any] | None:
    """The row of the document's annotation with that external id, unless it was withdrawn."""
    query = ROWS.where(
        Annotation.document_id == document_id,
        Annotation.external_id == external_id,
        Annotation.withdrawn_at.is_(None),
    )
    return (await db.execute(query)).one_or_none()


async def first_version(db: Session, id: UUID) -> Row[Any] | None:
    """What an annotation said when it was created, if it was changed since."""
    query = FIRST_VERSIONS.where(VERSIONS.c.annotation_id == id)
    return (await db.execute(query)).one_or_none()


async def out(db: Session, standing: Standing, row: Any, unit: OffsetUnit) -> AnnotationOut:
    """One annotation in the caller's unit; ``row`` is one of ``ROWS``."""
    ruler = None
    if unit is not OffsetUnit.CODE_POINTS:
        text = await text_of(db, row.document_id, row.revision, row.sha256)
        ruler = Ruler(text, unit)
    return AnnotationOut.of(row, standing.project, unit, ruler)


_OF_DOCUMENT = (
    LISTED.where(Annotation.document_id == bindparam("document_id"))
    .order_by(Annotation.start, Annotation.end, Annotation.sequence)
    .limit(ONE_MORE)
)
_ALL_OF_DOCUMENT = matching(_OF_DOCUMENT, AnnotationFilter(), AUTHOR.c.name, "")


def _written(query: Select[Any], dialect: str, *, whole: bool) -> Select[Any]:
    page = annotations_page(query, dialect, TEXT_ORDER, marked=whole)
    return page.add_columns(STANDS.label("stands"))


_ALL_WRITTEN = {
    dialect: fixed(_written(_ALL_OF_DOCUMENT, dialect, whole=True))
    for dialect in ("postgresql", "sqlite")
}


async def _page(
    db: Session,
    row: Row[Any],
    unit: OffsetUnit,
    pages: Paging,
    document: SeenDocument | None = None,
) -> Written:
    """The page that the database wrote, with its offsets in the caller's unit.

    If all of it is of one ``document``, nothing is asked about texts that are kept.
    """
    json: str = row.json or ""
    if unit is not OffsetUnit.CODE_POINTS:
        items: list[dict[str, Any]] = from_json(f"[{json}]")
        known = {} if document is None else {(document.id, document.revision): document.sha256}
        digests = known or await digests_of(db, {_text(item)[0] for item in items})
        # A text after the other: all of them together may be larger than memory.
        for text, its_own in groupby(sorted(items, key=_text), _text):
            ruler = Ruler(await text_of(db, *text, digests.get(text, "")), unit)
            if not ruler.identical:
                for item in its_own:
                    item.update(measured(item, ruler))
        json = dump_json(items)[1:-1]
    return pages.written(row, json)


def _text(item: Mapping[str, Any]) -> tuple[UUID, int]:
    """Which text an annotation's offsets lie in."""
    return UUID(item["document_id"]), item["revision"]


async def of_document(
    db: Session,
    document: SeenDocument,
    given: AnnotationFilter,
    unit: OffsetUnit,
    pages: Paging,
    *,
    start: int | None = None,
    end: int | None = None,
) -> Written:
    """A document's annotations in text order: by start, then end, then age.

    ``start`` and ``end``, in ``unit``, keep those that share at least a character with that
    stretch; of a discontinuous annotation, those whose envelope does.

    Raises:
        OffsetOutOfRange: when ``start`` or ``end`` lies outside the text.
        OffsetInsideCharacter: when one of them splits a character.
        SpanEmpty: when they are equal.
        SpanReversed: when ``start`` lies behind ``end``.
        InvalidParameter: when the page would be too long.
        Moved: when the document was recalled, and may be another by now.
    """
    query = _ALL_OF_DOCUMENT
    if not given.everything:
        query = matching(_OF_DOCUMENT, given, AUTHOR.c.name, db.dialect)
    if start is not None or end is not None:
        query = await _within(db, document, query, unit, start, end)
    after = pages.after(int, int, int)
    if after is not None:
        order = tuple_(Annotation.start, Annotation.end, Annotation.sequence)
        query = query.where(order > tuple_(*(literal(part, BigInteger) for part in after)))
    whole = query is _ALL_OF_DOCUMENT
    page = await page_cache.get(db, document, unit, pages) if whole else None
    if page is None:
        parameters = as_recalled(document) | {
            "limit": pages.limit,
            "project": document.standing.project,
            "offset_unit": unit,
        }
        statement = _ALL_WRITTEN[db.dialect] if whole else _written(query, db.dialect, whole=False)
        row = await read_page(db, statement, parameters)
        if document.recalled and not row.stands:
            raise Moved
        # Where every unit counts alike, what is stored is what every caller counts.
        alike = document.measures_alike(unit)
        page = await _page(db, row, OffsetUnit.CODE_POINTS if alike else unit, pages, document)
        if whole and row.json is not None:
            page_cache.put(db, document, unit, pages, page, row.marks)
    return page


async def _within(
    db: Session,
    document: SeenDocument,
    query: Select[Any],
    unit: OffsetUnit,
    start: int | None,
    end: int | None,
) -> Select[Any]:
    words = await text_of(db, document.id, document.revision, document.sha256)
    try:
        first, last = _stretch(words, start, end, unit)
    except Unprocessable as refusal:
        raise refusal.in_query() from None
    return query.where(Annotation.end > first, Annotation.start < last)


def _stretch(words: str, start: int | None, end: int | None, unit: OffsetUnit) -> tuple[int, int]:
    """Both bounds in code points; where one is left out, that end of the text."""
    first, last = 0, len(words)
    if start is not None:
        first = to_code_points(words, start, unit, pointer="/start")
    if end is not None:
        last = to_code_points(words, end, unit, pointer="/end")
    if start is not None and end is not None and first >= last:
        if first == last:
            raise SpanEmpty("/end", "The end equals the start: no span shares a character with it.")
        raise SpanReversed("/end", "The end lies before the start.")
    return first, last


# SQLite knows nothing of how often a word occurs. Where many documents have it, the list in its own
# order soon has a page of matches; where few have it, they are the shorter way, as one document is,
# and a plus keeps SQLite from the other (https://www.sqlite.org/optoverview.html, "Disqualifying
# WHERE terms").
_PROJECT_ID = literal_column("+annotations.project_id", Annotation.__table__.c.project_id.type)
_SEQUENCE = literal_column("+annotations.sequence", BigInteger)


def _by_age(
    given: AnnotationFilter,
    dialect: str,
    newest: bool,
    follows: bool,
    places: Places | None = None,
) -> Select[Any]:
    """A page of a project's annotations, as it is ``written``.

    Parameters are ``project_id`` too and, if the page follows another, ``after``. Sequences become
    visible in their own order, so a walk from the oldest misses nothing that is written meanwhile.
    """
    is_one = dialect == "sqlite" and given.document is not None
    few = is_one or (places is not None and places.few is not None)
    project_id: Any = _PROJECT_ID if few else Annotation.project_id
    sequence: Any = _SEQUENCE if few else Annotation.sequence
    query = LISTED.where(project_id == bindparam("project_id"))
    if follows:
        after = bindparam("after", type_=BigInteger)
        query = query.where(sequence < after if newest else sequence > after)
    query = matching(query, given, AUTHOR.c.name, dialect, places=places)
    query = query.order_by(sequence.desc() if newest else sequence).limit(ONE_MORE)
    return annotations_page(query, dialect, ("-sequence",) if newest else ("sequence",))


# Building one takes as long as running it, and most lists are asked for again: a review queue, the
# next page. What a quote asks for depends on what is stored.
_known_by_age = lru_cache(maxsize=32)(_by_age)


async def of_project(
    db: Session,
    standing: Standing,
    given: AnnotationFilter,
    unit: OffsetUnit,
    pages: Paging,
    order: Order,
) -> Written:
    """The project's annotations by age, newest or oldest first.

    Raises:
        InvalidParameter: when the filter names an attribute that the scheme does not have, or the
            page would be too long.
    """
    await check_attributes(db, standing, given)
    after = pages.after(int)
    shape = (given, db.dialect, order is Order.NEWEST, after is not None)
    part = given.quote_contains
    places = None if part is None else await look_up(db, part)
    parameters: dict[str, Any] = {
        "project_id": standing.project_id,
        "limit": pages.limit,
        "project": standing.project,
        "offset_unit": unit,
    }
    if after is not None:
        parameters["after"] = after[0]
    statement = _known_by_age(*shape) if places is None else _by_age(*shape, places)
    return await _page(db, await read_page(db, statement, parameters), unit, pages)


async def living_relations_of(db: Session, annotation_id: UUID) -> Sequence[Row[Any]]:
    """The relations that an annotation is an end of, with the labels of both ends."""
    source, target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")
    query = (
        select(
            *Relation.__table__.c,
            source.c.label.label("source_label"),
            target.c.label.label("target_label"),
        )
        .join(source, source.c.id == Relation.source_id)
        .join(target, target.c.id == Relation.target_id)
        .where(
            or_(Relation.source_id == annotation_id, Relation.target_id == annotation_id),
            Relation.withdrawn_at.is_(None),
        )
        .order_by(Relation.sequence)
    )
    return (await db.execute(query)).all()
