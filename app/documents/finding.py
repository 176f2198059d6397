"""Which documents a query finds, and in which order, in the words of either database."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from app.core.database.page_budget import octets
from app.core.errors import InvalidParameter
from app.core.paging import Paging
from app.models import POSITION, Document, DocumentWords, having
from app.text.search_query import MOST, SearchQuery
from app.text.words import line


def sought(q: str) -> SearchQuery:
    """What a query looks for.

    Raises:
        InvalidParameter: when it has no word that must occur, or too many terms.
    """
    sought = SearchQuery.parse(q)
    if not sought.terms:
        raise InvalidParameter("q", "It has no word that a document must have.")
    if len(sought.terms) + len(sought.excluded) > MOST:
        raise InvalidParameter("q", f"At most {MOST} words and phrases are looked for.")
    return sought


def found_by(sought: SearchQuery, project_id: UUID, dialect: str, *, ranked: bool) -> Any:
    """The ids of the project's documents in which the terms are, and ``rank`` if that is asked."""
    position = POSITION[dialect]
    title, text = DocumentWords.title, DocumentWords.text

    def within(column: Any, term: tuple[str, ...]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = position(column, line(term)) > 0
        return found

    words = dict.fromkeys(word for term in sought.terms for word in term)
    phrases = (term for term in sought.terms if len(term) > 1)
    conditions = [
        having([*words], dialect, project_id=project_id),
        *(or_(within(title, term), within(text, term)) for term in phrases),
        *(and_(~within(title, term), ~within(text, term)) for term in sought.excluded),
    ]

    # As in BM25, each further occurrence counts for less, and in a long text all of them do; one
    # in the title counts more than any number in the text. Whole numbers, so that a cursor is exact
    # and both databases agree. A text's length is in bytes: to count its characters, and those of
    # it without the term, takes PostgreSQL six times as long as all the rest.
    length = cast(octets(text), BigInteger)
    rare = 1 + length // 2000
    rank: Any = literal(0, BigInteger)
    for term in sought.terms if ranked else ():
        shortened = octets(func.replace(text, line(term), " "))
        times = (length - shortened) // (len(line(term).encode()) - 1)
        rank += 1000 - 1000 * rare // (times + rare)
        rank += case((within(title, term), 1000), else_=0)
    columns = (DocumentWords.document_id, rank.label("rank"))
    # Each rank is worked out once, not again for each use of it.
    return select(*columns).where(*conditions).cte("found").prefix_with("MATERIALIZED")


def best_first(query: Select[Any], rank: ColumnElement[int], pages: Paging) -> Select[Any]:
    """One page of a query by rank, then age, and one row beyond.

    A new title moves its own document, and no other.
    """
    after = pages.after(int, int)
    if after is not None:
        key = tuple_(-rank, Document.sequence)
        query = query.where(
            key > tuple_(literal(-after[0], BigInteger), literal(after[1], BigInteger))
        )
    return query.order_by(rank.desc(), Document.sequence).limit(pages.limit + 1)
