"""What of a stored row is not as it says. Pure: the rows come from ``integrity``."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from app.annotations.schemas import WarningOut
from app.core.errors import InvalidValue, Unprocessable
from app.core.vocabulary import OffsetUnit
from app.projects.scheme import Scheme
from app.text.normalization import sha256
from app.text.offsets import length
from app.text.spans import SpanIn, verify, verify_annotation
from app.text.words import are_settled, line, words

_WARNINGS = TypeAdapter(list[WarningOut])


def of_text(row: Any) -> Iterator[str]:
    """What is kept of a text and is not so: its SHA-256, or its length in a unit."""
    measured = length(row.text)
    found = {
        "sha256": sha256(row.text),
        **{unit.value: getattr(measured, unit.value) for unit in OffsetUnit},
    }
    wrong = [name for name, value in found.items() if getattr(row, name) != value]
    if wrong:
        yield " and ".join(wrong)


def of_words(row: Any) -> Iterator[str]:
    """What a document is found by and is not of its title or of its text.

    Where another release of Unicode may have made other words, they are not compared.
    """
    if row.title_words is None:
        return
    for name in ("title", "text"):
        said = getattr(row, name)
        if are_settled(said) and line(words(said)) != getattr(row, f"{name}_words"):
            yield f"words of the {name}"
    if row.title.isascii() and row.title_folded != row.title.casefold():
        yield "title without case"


def of_annotation(text: str | None, row: Any, scheme: Scheme | None) -> Iterator[str]:
    """What of a version of an annotation is not in the text as it says, or has no such shape.

    What lives also fits its project's scheme.
    """
    if text is None:
        yield f"revision {row.revision} is not there"
        return
    try:
        attributes = _verify(text, row)
        unfit = [] if scheme is None else scheme.refusals(row.label, attributes)
    except Unprocessable as misplaced:
        unfit = [misplaced]
    for refusal in unfit:
        yield f"{refusal.errors[0]['pointer']}: {refusal.errors[0]['code']}"


def _verify(text: str, row: Any) -> Mapping[str, Any]:
    """The attributes of what is as it says."""
    whole = _span("", {"start": row.start, "end": row.end, "quote": row.quote})
    fragments = None if row.fragments is None else _read("/fragments", row.fragments, list)
    if fragments is None:
        verify(text, whole, OffsetUnit.CODE_POINTS)
    else:
        parts = [_span(f"/fragments/{index}", part) for index, part in enumerate(fragments)]
        verify_annotation(text, whole, parts, OffsetUnit.CODE_POINTS)
    attributes: Mapping[str, Any] = _read("/attributes", row.attributes, dict)
    for name, value in attributes.items():
        if isinstance(value, dict):
            pointer = f"/attributes/{name}"
            verify(text, _span(pointer, value), OffsetUnit.CODE_POINTS, pointer=pointer)
    if row.warnings is not None:
        _warnings(row.warnings)
    return attributes


def _warnings(stored: str) -> None:
    try:
        _WARNINGS.validate_json(stored)
    except ValidationError:
        raise InvalidValue("/warnings", "They are no warnings.") from None


def _read(pointer: str, stored: str, kind: type[Any]) -> Any:
    try:
        value = from_json(stored)
    except ValueError:
        raise InvalidValue(pointer, "It is not JSON.") from None
    if not isinstance(value, kind):
        raise InvalidValue(pointer, "It is JSON of another type.")
    return value


_TYPES = {"start": int, "end": int, "quote": str}


def _span(pointer: str, stored: Any) -> SpanIn:
    if not isinstance(stored, dict):
        raise InvalidValue(pointer, "It is not a span.")
    for name, kind in _TYPES.items():
        # What is stored has all three: without offsets it would be looked for.
        if type(stored.get(name)) is not kind:
            raise InvalidValue(f"{pointer}/{name}", "A span has two offsets and a quote.")
    return SpanIn(stored["start"], stored["end"], stored["quote"])
