"""How much of a project's log the caller has seen."""

from typing import Annotated

from fastapi import Header

LAST = 2**63 - 1
"""No sequence is greater."""

SeenSequence = Annotated[
    int | None,
    Header(
        alias="Stet-Snapshot",
        ge=0,
        le=LAST,
        description="A change that the caller has seen: the answer holds it and all before it, and "
        "may be of a replica that is behind otherwise. If left out, it holds all that was written "
        "before it was asked for.",
    ),
]
