"""What every problem is."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something that the caller asked for was not done."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, **members: object) -> None:
        """``detail`` is one sentence or two for the caller; ``members`` extend the problem."""
        super().__init__(detail)
        self.detail = detail
        self.members: Mapping[str, object] = members
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 has it, ready for JSON."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    @classmethod
    def example(cls) -> Self:
        """One such problem, for the documentation."""
        return cls(cls.title + ".")
