"""Which offset unit a request and its answer count in."""

from typing import Annotated

from fastapi import Depends, Query, Request

from app.core.vocabulary import OffsetUnit


async def _unit(
    offset_unit: Annotated[
        OffsetUnit, Query(description="What every offset in the request and the answer counts.")
    ] = OffsetUnit.CODE_POINTS,
) -> OffsetUnit:
    return offset_unit


Unit = Annotated[OffsetUnit, Depends(_unit)]


def unit_of(request: Request) -> OffsetUnit:
    """The unit of a request that was refused; code points where it names none that there is."""
    named = request.query_params.get("offset_unit")
    return next((unit for unit in OffsetUnit if unit == named), OffsetUnit.CODE_POINTS)
