"""What an annotation says, checked against its scheme and its text. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from app.annotations.schemas import SpanFields
from app.core.errors import Unprocessable, refuse
from app.core.refusals import of_validation
from app.core.vocabulary import OffsetUnit
from app.projects.scheme import Scheme
from app.text.spans import Verified, verify, verify_annotation


@dataclass(frozen=True, slots=True)
class Words:
    """A text and the unit in which the caller counts it."""

    text: str
    unit: OffsetUnit


def checked(
    scheme: Scheme,
    words: Words,
    *,
    label: str,
    span: SpanFields,
    fragments: Sequence[SpanFields] | None,
    attributes: Mapping[str, Any],
) -> dict[str, Any]:
    """The columns of an annotation that says this; offsets in code points, quotes cut from the text.

    Raises:
        Unprocessable: with every refusal at once: label, attributes, span and fragments.
    """
    refusals = scheme.refusals(label, attributes)
    placed: dict[str, Any] = {}
    try:
        placed = span_columns(
            verify_annotation(
                words.text,
                span.given(),
                None if fragments is None else [fragment.given() for fragment in fragments],
                words.unit,
            )
        )
    except Unprocessable as refusal:
        refusals.append(refusal)
    stored = located(scheme, words, label, attributes, refusals)
    refuse(refusals)
    return {"label": label, "attributes": stored, **placed}


def described(
    scheme: Scheme, words: Words, label: str, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns of a label and its attributes alone, where the span stays as it is.

    Raises:
        Unprocessable: with every refusal at once.
    """
    refusals = scheme.refusals(label, attributes)
    stored = located(scheme, words, label, attributes, refusals)
    refuse(refusals)
    return {"label": label, "attributes": stored}


def span_columns(verified: Verified) -> dict[str, Any]:
    """The columns of a verified span."""
    return {
        "start": verified.start,
        "end": verified.end,
        "quote": verified.quote,
        "fragments": verified.fragments and [asdict(part) for part in verified.fragments],
        "warnings": [
            {
                "code": "splits-grapheme",
                "pointer": warning.pointer,
                "detail": "The span splits what a reader sees as one character.",
                "offset": warning.offset,
                "before": warning.before,
                "after": warning.after,
            }
            for warning in verified.warnings
        ]
        or None,
    }


def located(
    scheme: Scheme,
    words: Words,
    label: str,
    attributes: Mapping[str, Any],
    refusals: list[Unprocessable],
) -> dict[str, Any]:
    """The attributes with their spans verified; what is refused is added to ``refusals``."""
    spans = scheme.spans_of(label)
    stored = dict(attributes)
    for name, value in attributes.items():
        if name in spans and isinstance(value, dict):
            pointer = f"/attributes/{name}"
            try:
                given = SpanFields.model_validate(value).given()
                stored[name] = asdict(verify(words.text, given, words.unit, pointer=pointer))
            except ValidationError as error:
                found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
                refusals.append(of_validation(found).under(pointer))
            except Unprocessable as refusal:
                refusals.append(refusal)
    return stored
