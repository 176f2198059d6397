"""How far a project's log goes in an answer, and how far the caller needs it to go."""

from typing import Annotated, Any

from fastapi import Header

from app.core.shapes import INT64

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
