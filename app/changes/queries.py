"""Reading in the order of a project's log."""

from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.paging import Paging
from app.core.vocabulary import Order


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
