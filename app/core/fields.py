"""Field types that every resource shares: how a time, a slug or a line of text looks in JSON."""

import datetime as dt
import json
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from app.core.blanks import is_blank
from app.core.characters import PRINTABLE, control_character
from app.core.timestamps import rfc3339


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


def _told_defaults(schema: dict[str, Any]) -> None:
    # What has a default is always there, to generators of clients, even in a request.
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if default is not None:
            # The defaults of what is inside are told there.
            said = json.dumps({} if isinstance(default, dict) else default)
            field["description"] = f"{field.get('description', '')} `{said}` if left out.".strip()


class In(BaseModel):
    """What a caller may say: unknown fields are refused, and nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra=_told_defaults
    )


class Patch(In):
    """What is to change: what is left out stays, so no field has a default to tell of."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class Out(BaseModel):
    """What Stet answers."""

    model_config = ConfigDict(frozen=True)


INT64: dict[str, Any] = {"format": "int64"}
"""How the OpenAPI document says that a sequence may need more than 32 bits."""

Timestamp = Annotated[
    dt.datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-11-23T09:00:00.000000Z"]}
    ),
]
"""A moment in UTC with six digits of fraction, ending in ``Z``."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_out(value: object) -> object:
    # Of strings and numbers pydantic takes more: seconds since 1970, a time without seconds.
    if isinstance(value, dt.datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    lost = isinstance(value, str) and _RFC3339.fullmatch(value.replace(" ", "+"))
    raise PydanticCustomError(
        "moment",
        "A moment is written as RFC 3339 has it, such as 2026-11-23T09:00:00Z{hint}",
        {"hint": "; a + in a query is written %2B" if lost else ""},
    )


def _in_utc(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise PydanticCustomError(
            "moment", "In UTC, it is in none of the years 1 to 9999"
        ) from None


TimestampIn = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_in_utc)
]
"""A moment with its offset from UTC, as RFC 3339 writes it; in UTC from here on."""


def printable(value: str) -> str:
    """The text itself, for a validator; one with control characters is refused."""
    position = control_character(value)
    if position is not None:
        raise unprintable(value, position)
    return value


def unprintable(text: str, position: int, *, at: str = "") -> PydanticCustomError:
    """The refusal of a text, ``at`` a pointer within the value, for what stands at a position.

    It counts code points: which unit the caller counts in is known where it is answered.
    """
    return PydanticCustomError(
        "control-character",
        "A control character other than tab, newline and carriage return is refused",
        {"text": text, "position": position, "at": at},
    )


# Behind the limits of length, which pydantic would else count in items.
_printable = AfterValidator(printable)
_described = Field(json_schema_extra={"pattern": PRINTABLE})

Prose = Annotated[str, StringConstraints(max_length=10_000), _printable, _described]
"""Free text without control characters."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=1000), _printable, _described]
"""A short text that is not empty."""


def _seen(value: str) -> str:
    if is_blank(value):
        raise PydanticCustomError("blank", "Something of it must be seen; this is blank")
    return value


Title = Annotated[
    Line,
    AfterValidator(_seen),
    Field(description="White space and characters that nobody sees are not enough."),
]
"""A line by which people know something, and so see."""

_MOST_BYTES = 2000


def _indexable(value: str) -> str:
    # An index of PostgreSQL's holds keys of 2,704 bytes, and there is an id beside it.
    if len(value.encode()) > _MOST_BYTES:
        raise PydanticCustomError(
            "string_too_long", "It should have at most {most} bytes in UTF-8", {"most": _MOST_BYTES}
        )
    return value


ExternalId = Annotated[Line, AfterValidator(_indexable)]
"""A name that somebody else has for something: a line that an index can hold."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
"""Lower-case letters, digits and inner hyphens, at most 64."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
"""A user's name: lower-case letters, digits, and inside also dot, hyphen and underscore."""


def _offset(value: Any) -> int:
    if type(value) is not int:
        raise PydanticCustomError("offset-not-integer", "An offset is a JSON integer")
    return value


Offset = Annotated[int, BeforeValidator(_offset)]
"""An offset into a text. Its range is checked against the text, not here."""
