"""Reading in the order of a project's log."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.database import Holding, Session
from app.core.errors import InvalidParameter
from app.core.paging import Paging
from app.core.permissions import Standing
from app.core.vocabulary import Order
from app.models import Change, ChangeHead


def holding(standing: Standing, seen: int | None = None) -> Holding:
    """Whether a session sees the project's log as far as the caller has ``seen`` it.

    If they do not say, it is as far as it went when they were let in.

    Raises:
        InvalidParameter: when it does not go so far.
    """
    wanted = standing.sequence if seen is None else seen
    check_reaches(standing.sequence, wanted, "Stet-Snapshot")

    async def holds(db: Session) -> bool:
        return await end(db, standing.project_id) >= wanted

    return holds


def check_reaches(last: int, wanted: int, parameter: str) -> None:
    """Raise unless a log that ends at ``last`` reaches what the parameter says was seen of it.

    It never ends before what it has told, unless it was put back from a copy.

    Raises:
        InvalidParameter: when it does not; it says where the log ends.
    """
    if wanted > last:
        raise InvalidParameter(
            parameter, f"The project's log ends at {last}: it has no change {wanted}."
        )


async def end(db: Session, project_id: UUID) -> int:
    """The sequence of the last change in a project's log; -1 where the project is not known yet."""
    query = select(ChangeHead.sequence).where(ChangeHead.project_id == project_id)
    found: int | None = (await db.execute(query)).scalar_one_or_none()
    return -1 if found is None else found


# By the index's end: an aggregate would read all of a log. A race that is refused on PostgreSQL has
# taken a number, so a log may end above its last entry.
LAST_ENTRY = (
    select(Change.sequence)
    .where(Change.project_id == ChangeHead.project_id)
    .order_by(Change.sequence.desc())
    .limit(1)
    .correlate(ChangeHead)
    .scalar_subquery()
)
"""The sequence of the last entry in the log of a project; null where there is none."""


async def has_news(db: Session, project_id: UUID, after: int) -> bool:
    """Whether a project's log has an entry after this one."""
    query = select(LAST_ENTRY).select_from(ChangeHead).where(ChangeHead.project_id == project_id)
    last: int | None = (await db.execute(query)).scalar_one()
    return last is not None and last > after


def in_order(
    query: Select[Any],
    sequence: ColumnElement[int] | InstrumentedAttribute[int],
    order: Order,
    pages: Paging,
) -> Select[Any]:
    """One page of a query by the sequence at which its rows were created, and one row beyond.

    Sequences become visible in their own order, so a walk from the oldest misses nothing that is
    written meanwhile.
    """
    after = pages.after(int)
    newest = order is Order.NEWEST
    if after is not None:
        query = query.where(sequence < after[0] if newest else sequence > after[0])
    return query.order_by(sequence.desc() if newest else sequence).limit(pages.limit + 1)
