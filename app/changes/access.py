"""How far a project's log goes in an answer, and how far the caller needs it to go."""

from typing import Annotated, Any

from fastapi import Header
from pydantic import BeforeValidator

from app.core.fields import INT64

LAST = 2**63 - 1
"""No sequence is greater."""

SNAPSHOT: dict[str, Any] = {
    "Stet-Snapshot": {
        "description": "The sequence of the last change in the snapshot.",
        "schema": {"type": "integer", **INT64},
    }
}
"""The header that every answer has which shows a project as it was at one moment."""

SeenSequence = Annotated[
    int | None,
    Header(
        alias="Stet-Snapshot",
        ge=0,
        le=LAST,
        json_schema_extra=INT64,
        description="The sequence of the last change that the caller needs, as an earlier answer's "
        "`Stet-Snapshot` had it: the answer holds that and all before it, and perhaps no more. One "
        "that is not in the log yet is refused. If left out, the answer holds all that was written "
        "before it was asked for.",
    ),
]

LastEvent = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=LAST,
        json_schema_extra=INT64,
        description="Instead of `after`, by a browser that comes back: the id of an event is the "
        "sequence of a change.",
    ),
    # Of a browser that has seen no event yet, it is empty: no number, so behind the bounds of one.
    BeforeValidator(lambda id: id or None),
]
