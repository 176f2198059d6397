"""How a reader says that a document is not read, while others of its file may be."""

from typing import Any

from app.core.errors import InvalidFile


class Refused(Exception):
    """Why a document is not read, and where in its file that stands."""

    def __init__(
        self, detail: str, pointer: str = "", *, line: int = 1, file: str | None = None
    ) -> None:
        self.line = line
        self.file = file
        self.problem = InvalidFile(detail)
        # The problem's own list is what a report of refusals is made of.
        self.problem.errors[0]["pointer"] = pointer


def the_object(value: Any, pointer: str, whose: str) -> dict[str, Any]:
    """The value, which ``whose`` format has an object for."""
    if not isinstance(value, dict):
        raise Refused(f"{whose} has an object here.", pointer)
    return value
