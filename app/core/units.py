"""Which offset unit a request and its answer count in."""

from typing import Annotated

from fastapi import Depends, Query

from app.core.vocabulary import OffsetUnit


async def _unit(
    offset_unit: Annotated[
        OffsetUnit, Query(description="What every offset in the request and the answer counts.")
    ] = OffsetUnit.CODE_POINTS,
) -> OffsetUnit:
    return offset_unit


Unit = Annotated[OffsetUnit, Depends(_unit)]
