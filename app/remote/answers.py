"""What another Stet answers, as far as it is relied on; what else it says is not looked at."""

from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.core.validation import reason
from app.imports.schemas import ImportReport


class Foreign(Exception):
    """It is no answer of a Stet; the message says what is wrong, without a full stop."""


class Answer(BaseModel):
    """Nothing is converted, and what a later Stet may add is passed over."""

    model_config = ConfigDict(strict=True, frozen=True)


_Id = Annotated[UUID, Field(strict=False)]
_Number = Annotated[int, Field(ge=0, lt=2**63)]

_PARTS = {"annotation", "relation"}
_NUMBER: TypeAdapter[int] = TypeAdapter(_Number)


class Part(Answer):
    """An annotation or a relation of a document."""

    id: _Id


class Document(Answer):
    """A line of an export."""

    id: _Id
    annotations: list[Part]
    relations: list[Part]


class State(Answer):
    """What an entry's subject became."""

    document_id: _Id | None = None


class Entry(Answer):
    """A line of a log."""

    sequence: _Number
    kind: str
    subject: _Id | None
    state: State | None

    @property
    def about(self) -> str:
        """What was written: ``document``, ``annotation``, ``relation`` or something else."""
        return self.kind.partition(".")[0]

    @model_validator(mode="after")
    def _says_of_which(self) -> Self:
        is_part = self.about in _PARTS
        if (is_part or self.about == "document") and self.subject is None:
            raise PydanticCustomError("entry", "It has no subject")
        if is_part and self.state is not None and self.state.document_id is None:
            raise PydanticCustomError("entry", "Its state has no document_id")
        return self

    @property
    def part(self) -> UUID | None:
        """The annotation or relation that it is about."""
        return self.subject if self.about in _PARTS else None

    @property
    def document(self) -> UUID | None:
        """The document that it is about, if it says so."""
        if self.about == "document":
            return self.subject
        return None if self.part is None or self.state is None else self.state.document_id


class Refused(Answer):
    """One of several things that were refused, and where it stands."""

    detail: str
    line: _Number | None = None
    file: str | None = None
    pointer: str | None = None
    parameter: str | None = None

    def shown(self) -> dict[str, Any]:
        """What a shell shows of it."""
        return self.model_dump(exclude_none=True)


class Problem(Answer):
    """A problem, as ``application/problem+json`` has it."""

    detail: str
    errors: list[Refused] = []


class Imported(ImportReport):
    """The report of an import, each refusal as a shell shows it."""

    @field_validator("refusals")
    @classmethod
    def _shown(cls, refusals: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [Refused.model_validate(refused).shown() for refused in refusals]


Answered = TypeVar("Answered", bound=Answer)


def read(kind: type[Answered], said: bytes) -> Answered:
    """What JSON says.

    Raises:
        Foreign: when it says nothing of the kind.
    """
    try:
        return kind.model_validate(orjson.loads(said))
    except orjson.JSONDecodeError:
        raise Foreign("it is no JSON") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "/".join(str(place) for place in first["loc"])
        raise Foreign(f"{where}: {reason(first)}" if where else reason(first)) from None


def number(said: str) -> int:
    """A sequence as a header writes it, in digits.

    Raises:
        Foreign: when it is none.
    """
    try:
        if not said.isascii() or not said.isdecimal():
            raise Foreign("it is no number")
        return _NUMBER.validate_strings(said)
    except ValidationError as error:
        raise Foreign(error.errors()[0]["msg"]) from None
