"""What pydantic refused, in the words of ``core.errors``."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.core import errors
from app.core.errors import Unprocessable
from app.core.vocabulary import OffsetUnit


def of_validation(
    found: Sequence[Mapping[str, Any]], unit: OffsetUnit = OffsetUnit.CODE_POINTS
) -> Unprocessable:
    """The problem for what pydantic refused in the path, the query, a header or the body.

    ``unit`` is what a position in it counts.
    """
    return errors.as_one([_refusal(item, unit) for item in found])


MAX_REFUSALS = 5_000
"""How much that is wrong with one body is listed: each takes two kilobytes of memory."""


def too_many(error: ValidationError) -> Unprocessable:
    """The problem for content in which more is wrong than can be listed."""
    found = f"{error.error_count()} things are refused, too many to be listed."
    return errors.InvalidBody([errors.InvalidValue("", found)])


def of_content(error: ValidationError, most: int = MAX_REFUSALS) -> Unprocessable:
    """The problem for what pydantic refused in content that it was given by itself."""
    return too_many(error) if error.error_count() > most else of_validation(in_body(error))


def in_body(error: ValidationError) -> list[dict[str, Any]]:
    """What pydantic refused, each in its place below the body, as ``of_validation`` takes it."""
    found = error.errors(include_url=False)
    return [{**item, "loc": ("body", *item["loc"])} for item in found]


_NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})


def reason(item: Mapping[str, Any]) -> str:
    """Why pydantic refused it, without a full stop, and without Python's words or our classes'."""
    message: str = item["msg"]
    return "Input should be an object" if item["type"] in _NO_OBJECT else message


def _refusal(item: Mapping[str, Any], unit: OffsetUnit) -> errors.Unprocessable:
    place, *rest = item["loc"]
    kind: str = item["type"]
    message = _sentence(reason(item))
    if place != "body":
        return errors.InvalidParameter(str(rest[0]) if rest else str(place), message)
    pointer = "".join(f"/{escaped(str(part))}" for part in rest)
    if kind == "missing":
        return errors.MissingField(pointer, "The field is required.")
    if kind == "extra_forbidden":
        return errors.UnknownField(pointer, "The resource has no such field.")
    context = item.get("ctx") or {}
    # What a whole object is refused for may lie at one place within it.
    pointer += context.get("at", "")
    if kind == errors.ControlCharacter.code:
        return errors.ControlCharacter(pointer, context["text"], context["position"], unit)
    return _BY_CODE.get(kind, errors.InvalidValue)(pointer, message)


_BY_CODE: dict[str, type[errors.Unprocessable]] = {
    problem.code: problem
    for problem in (
        errors.OffsetNotInteger,
        errors.InvalidScheme,
        errors.CommentRequired,
        errors.InvalidAttribute,
    )
}


def _sentence(message: str) -> str:
    return message if message.endswith(".") else f"{message}."


def escaped(part: str) -> str:
    """One part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
