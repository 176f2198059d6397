"""Pages of documents' lists that were read before, and whether they would be the same today.

Whoever opens a document sees, most often, what somebody saw before. To write fifty annotations as
JSON takes the database five times as long as to say which versions of which annotations they are;
so that is asked each time, and what was written for the same ones is answered again. Nothing here
is relied on without that look. Who may see it is found out as ever, before or by the same
statement.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from app.annotations.rowjson import marks
from app.core.cache import LruCache
from app.core.database import Moved, Session
from app.core.database.page_budget import ONE_MORE
from app.core.database.prepared import fixed
from app.core.paging import Paging, Written
from app.core.vocabulary import OffsetUnit
from app.documents.seen import STANDS, SeenDocument, as_recalled
from app.models import Annotation

TEXT_ORDER = ("start", "end", "sequence")
"""The columns that a document's annotations are sorted by."""

# Of a process: some two thousand pages of fifty annotations.
_BYTES = 64 * 1024 * 1024

_ROWS: Select[Any] = select(Annotation.version, Annotation.updated_at).add_columns(
    *(Annotation.__table__.c[name] for name in TEXT_ORDER)
)
_ROWS = (
    _ROWS.where(
        Annotation.document_id == bindparam("document_id"), Annotation.withdrawn_at.is_(None)
    )
    .order_by(Annotation.start, Annotation.end, Annotation.sequence)
    .limit(ONE_MORE)
)
_MARKS = {
    dialect: fixed(marks(_ROWS, dialect, TEXT_ORDER).add_columns(STANDS.label("stands")))
    for dialect in ("postgresql", "sqlite")
}


@dataclass(frozen=True, slots=True)
class _CachedPage:
    page: Written
    marks: str


_pages: LruCache[Hashable, _CachedPage] = LruCache(
    _BYTES, lambda cached: len(cached.page.json) + len(cached.marks)
)


async def get(
    db: Session, document: SeenDocument, unit: OffsetUnit, pages: Paging
) -> Written | None:
    """The first page of a document, if it is kept and would be the same now.

    Raises:
        Moved: when the document was recalled, and may be another by now.
    """
    cached = _pages.get(_key(db, document, unit, pages))
    if cached is None:
        return None
    parameters = as_recalled(document) | {"limit": pages.limit}
    found = (await db.execute(_MARKS[db.dialect], parameters)).one()
    if document.recalled and not found.stands:
        raise Moved
    return cached.page if found.marks == cached.marks else None


def put(
    db: Session,
    document: SeenDocument,
    unit: OffsetUnit,
    pages: Paging,
    page: Written,
    marks: str,
) -> None:
    """Keep the first page of a document, which was read with these ``marks``."""
    _pages.put(_key(db, document, unit, pages), _CachedPage(page, marks))


def _key(db: Session, document: SeenDocument, unit: OffsetUnit, pages: Paging) -> Hashable:
    # The page's own cursor says what list it is ``of``; of another text, a unit counts otherwise.
    text = (document.revision, document.sha256)
    return db.source, document.id, text, unit, pages.of, pages.limit
