"""Which annotations a filter means, in the words of either database."""

import re
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    true,
)

from app.annotations.schemas import AnnotationFilter
from app.annotations.selectivity import Places
from app.core.database import Session
from app.core.database.functions import called
from app.core.errors import InvalidParameter
from app.core.permissions import Standing
from app.models import POSITION, Annotation, DocumentWords, User, having
from app.projects import queries as projects
from app.text.substring import as_regular_expression, contains, fold
from app.text.words import keys_within, run_within

_Named = User.__table__.alias("named")
_CONTAINS = called("contains_folded", 2, contains)


def matching(
    query: Select[Any],
    given: AnnotationFilter,
    author: ColumnElement[str],
    dialect: str,
    *,
    places: Places | None = None,
) -> Select[Any]:
    """A query over annotations, narrowed to those that the filter means.

    ``places`` is what ``rarity.look_up`` found of its quote; without it the index is asked for all
    keys.
    """
    conditions: list[ColumnElement[bool]] = [Annotation.withdrawn_at.is_(None)]
    if given.label:
        conditions.append(Annotation.label.in_(given.label))
    if given.status:
        conditions.append(Annotation.status.in_(given.status))
    if len(given.author) == 1:
        # Known by their id before anything is read, so that an index has what they wrote in order.
        named = select(_Named.c.id).where(_Named.c.name == given.author[0])
        conditions.append(Annotation.author_id == named.scalar_subquery())
    elif given.author:
        conditions.append(author.in_(given.author))
    if given.origin:
        conditions.append(Annotation.origin.in_(given.origin))
    if given.document is not None:
        conditions.append(Annotation.document_id == given.document)
    if given.updated_after is not None:
        conditions.append(Annotation.updated_at > given.updated_after)
    for place, (name, value) in enumerate(given.attributes):
        conditions.append(_attribute_is(place, name, value, dialect))
    if given.quote_contains is not None:
        places = places or Places(keys_within(given.quote_contains))
        conditions += _quote_contains(given.quote_contains, places, dialect)
    return query.where(and_(*conditions))


def _quote_contains(part: str, places: Places, dialect: str) -> list[ColumnElement[bool]]:
    """The quote contains the part.

    A quote is cut from its document's text, so only documents need be looked into whose texts have
    the words in the part, and the pieces of those at its edges. So the index of documents serves
    for quotes too, and no annotation pays for one when it is written.
    """
    conditions: list[ColumnElement[bool]] = []
    if places.keys:
        few = places.few
        have = having(places.keys, dialect) if few is None else DocumentWords.id.in_(few)
        documents = select(DocumentWords.document_id).where(
            have, _words_hold(run_within(part), dialect)
        )
        conditions.append(Annotation.document_id.in_(documents))
    if dialect == "postgresql":
        conditions.append(Annotation.quote.op("~")(as_regular_expression(part)))
    else:
        conditions.append(getattr(func, _CONTAINS)(Annotation.quote, fold(part)) == true())
    return conditions


def _words_hold(run: str, dialect: str) -> ColumnElement[bool]:
    """The words of the document hold these, or one of its words was cut.

    Many documents have all the pieces of a part, and few of them the part: without this, each
    annotation of all of those would be looked at.
    """
    held: ColumnElement[bool] = POSITION[dialect](DocumentWords.text, run) > 0
    some = DocumentWords.__table__.alias("some").c
    return or_(held, DocumentWords.id.in_(select(some.id).where(some.cut)))


# A JSON number, as a query may hold it (RFC 8259, section 6).
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")

_ATTRIBUTE_IS = {
    "postgresql": """
        CASE json_typeof(annotations.attributes -> :name)
        WHEN 'object' THEN false
        WHEN 'array' THEN EXISTS (
            SELECT 1 FROM json_array_elements_text(annotations.attributes -> :name) AS item
            WHERE item = :value)
        WHEN 'number' THEN (annotations.attributes ->> :name)::double precision = :number
        ELSE annotations.attributes ->> :name = :value END""",
    "sqlite": """
        EXISTS (
            SELECT 1 FROM json_each(annotations.attributes) AS attribute
            WHERE attribute.key = :name AND CASE attribute.type
            WHEN 'object' THEN false
            WHEN 'array' THEN EXISTS (
                SELECT 1 FROM json_each(attribute.value) AS item WHERE item.value = :value)
            WHEN 'true' THEN :value = 'true'
            WHEN 'false' THEN :value = 'false'
            WHEN 'text' THEN attribute.value = :value
            ELSE attribute.value = :number END)""",
}


def _attribute_is(place: int, name: str, value: str, dialect: str) -> ColumnElement[bool]:
    """An attribute equals the value, or is a list that holds it; a span equals nothing."""
    number = float(value) if _NUMBER.fullmatch(value) else None
    # SQLAlchemy calls what a column is compared with by the column's name, as ``name_1``.
    bound = {
        f"attribute_{kind}_{place}": bindparam(f"attribute_{kind}_{place}", given, type_=type_)
        for kind, given, type_ in (
            ("name", name, Text()),
            ("value", value, Text()),
            ("number", number, Double()),
        )
    }
    sql = re.sub(r":(name|value|number)\b", rf":attribute_\1_{place}", _ATTRIBUTE_IS[dialect])
    used = [parameter for key, parameter in bound.items() if f":{key}" in sql]
    return text(sql).bindparams(*used)  # type: ignore[return-value]  # a text clause is a condition


async def check_attributes(db: Session, standing: Standing, given: AnnotationFilter) -> None:
    """Raise unless some label of the project's scheme has each attribute that the filter names.

    Raises:
        InvalidParameter: for a name that no label has; it would silently match nothing.
    """
    unknown = await unknown_attribute(db, standing, given)
    if unknown is not None:
        raise InvalidParameter(
            f"attribute.{unknown.name}"[:200], unknown.detail, allowed=unknown.allowed
        )


class UnknownAttribute(NamedTuple):
    """An attribute that no label has, and those that some label has."""

    name: str
    allowed: list[str]
    detail: str = "No label of the scheme has such an attribute."


async def unknown_attribute(
    db: Session, standing: Standing, given: AnnotationFilter
) -> UnknownAttribute | None:
    """The first attribute of the filter that no label of the project's scheme has; else None."""
    if not given.attributes:
        return None
    scheme = await projects.scheme(db, standing)
    known = {name for attributes in scheme.labels.values() for name in attributes}
    for name, _ in given.attributes:
        if name not in known:
            return UnknownAttribute(name, sorted(known))
    return None
