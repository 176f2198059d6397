"""What an annotation says, checked against its scheme and its text. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.annotations.schemas import AnnotationPatch, SpanFields
from app.core.errors import InvalidValue, RelationNotAllowed, Unprocessable, as_one, refuse
from app.core.jsontext import same_json
from app.core.validation import of_content
from app.core.vocabulary import OffsetUnit, Origin
from app.projects.scheme import Scheme, as_stored
from app.text.spans import (
    REFUSED,
    SplitsGrapheme,
    most_explained,
    split_graphemes,
    verify,
    verify_annotation,
)

Columns = dict[str, Any]

SAID = ("label", "start", "end", "fragments", "attributes", "note", "confidence")
"""The columns that make two annotations say the same: a quote follows from its offsets."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text and the unit in which the caller counts it."""

    text: str
    unit: OffsetUnit


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the columns of two annotations, or of two versions of one, say the same.

    ``1`` and ``true`` do not, although to Python they are equal.
    """
    return all(one[name] == other[name] for name in SAID if name != "attributes") and same_json(
        in_one_form(one["attributes"]), in_one_form(other["attributes"])
    )


def in_one_form(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as they are compared: ``1`` and ``1.0`` say the same.

    Some formats bring back the one as the other.
    """
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in attributes.items()
    }


def unchanged(said: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether an edit leaves the columns as they are; a ``1`` for a ``1.0`` is an edit."""
    return same(said, stored) and same_json(said["attributes"], stored["attributes"])


def checked(
    scheme: Scheme,
    words: Words,
    *,
    label: str,
    span: SpanFields,
    fragments: Sequence[SpanFields] | None,
    attributes: Mapping[str, Any],
) -> tuple[Columns, Unprocessable | None]:
    """The columns of an annotation that says this: offsets in code points, quotes cut from it.

    With them comes why the scheme refuses it, where the text does not: an earlier scheme may have
    taken it, so that it is there already.

    Raises:
        Unprocessable: with every refusal at once: label, attributes, span and fragments.
    """
    unfit = scheme.refusals(label, attributes)
    spans = scheme.spans_of(label)
    columns = _together(
        unfit,
        lambda: _described(words, label, attributes, spans),
        lambda: _placed(words, span, fragments),
    )
    if not unfit:
        return columns, None
    why = as_one(unfit)
    # Whatever the scheme was, only a span was an object. Nobody is told what is wrong with these.
    others = {name for name, value in attributes.items() if isinstance(value, dict)} - spans
    try:
        found = _described(words, label, attributes, others, most=1)
    except Unprocessable:
        raise why from None
    columns["attributes"] |= {name: found["attributes"][name] for name in others}
    return columns, why


def edited(
    scheme: Scheme, words: Words, stored: Mapping[str, Any], patch: AnnotationPatch
) -> Columns:
    """The columns of a stored annotation as the patch wants them.

    Raises:
        Unprocessable: with every refusal at once.
    """
    fields = patch.model_fields_set
    if "label" in fields and not patch.label:
        raise InvalidValue("/label", "The label cannot be empty.")
    confidence = patch.confidence if "confidence" in fields else stored["confidence"]
    check_confidence(confidence, stored["origin"])
    attributes, counted = patch.attributes, words
    if "attributes" not in fields:
        # What is stored counts code points, whatever the caller counts.
        attributes, counted = stored["attributes"], Words(words.text, OffsetUnit.CODE_POINTS)
    label = patch.label if "label" in fields else stored["label"]
    moves = not fields.isdisjoint({*SpanFields.model_fields, "fragments"})
    unfit = scheme.refusals(label, attributes)
    columns = _together(
        unfit,
        lambda: _described(counted, label, attributes, scheme.spans_of(label)),
        lambda: _placed(words, patch, patch.fragments) if moves else _kept(stored),
    )
    refuse(unfit)
    note = patch.note if "note" in fields else stored["note"]
    return columns | {"note": note, "confidence": confidence}


def check_confidence(confidence: float | None, origin: Origin) -> None:
    """Raise unless whoever made the annotation may be more or less sure of it.

    Raises:
        InvalidValue: for a confidence in what a person made.
    """
    # What is imported may be a model's: only a manager's word is taken for that.
    if confidence is not None and origin is Origin.HUMAN:
        raise InvalidValue("/confidence", "An annotation of origin “human” has no confidence.")


_MOST_RELATIONS = 100
"""How many relations that stand in a label's way are told of: each with what the scheme allows."""


def keep_relations(scheme: Scheme, id: UUID, label: str, relations: Iterable[Any]) -> None:
    """Raise unless all relations of an annotation may join it under another label.

    Args:
        scheme: what allows them.
        id: the annotation's.
        label: what it is to be.
        relations: rows with the labels of both ends, as they are now.

    Raises:
        RelationNotAllowed: when one may not.
        InvalidBody: when several may not, with the first of them.
    """
    refusals: list[Unprocessable] = []
    for relation in relations:
        source = label if relation.source_id == id else relation.source_label
        target = label if relation.target_id == id else relation.target_label
        refusal = scheme.relation_refusal(relation.type, source, target)
        if refusal is None:
            continue
        refusals.append(
            RelationNotAllowed(
                "/label",
                f"{refusal.detail} Withdraw the relation first, or keep the label.",
                relation=str(relation.id),
                allowed=refusal.errors[0].get("allowed"),
            )
        )
        if len(refusals) == _MOST_RELATIONS:
            break
    refuse(refusals)


def _together(unfit: Sequence[Unprocessable], *parts: Callable[[], Columns]) -> Columns:
    """The columns of all parts and the warnings of each.

    Raises:
        Unprocessable: with the refusals of all, behind why they are ``unfit``.
    """
    columns: Columns = {}
    warnings: list[dict[str, Any]] = []
    refusals: list[Unprocessable] = []
    for part in parts:
        try:
            found = part()
        except Unprocessable as refusal:
            refusals.append(refusal)
        else:
            warnings += found.pop("warnings") or ()
            columns |= found
    if refusals:
        raise as_one([*unfit, *refusals])
    return columns | {"warnings": warnings or None}


def _placed(words: Words, span: SpanFields, fragments: Sequence[SpanFields] | None) -> Columns:
    """The columns of a span and its fragments, verified."""
    verified = verify_annotation(
        words.text,
        span.given(),
        None if fragments is None else [fragment.given() for fragment in fragments],
        words.unit,
    )
    return {
        "start": verified.start,
        "end": verified.end,
        "quote": verified.quote,
        "fragments": verified.fragments and [part._asdict() for part in verified.fragments],
        "warnings": [_warning(warning) for warning in verified.warnings],
    }


_ATTRIBUTES = "/attributes/"


def _kept(stored: Mapping[str, Any]) -> Columns:
    """The columns of a stored span that stays where it is."""
    warnings = stored["warnings"] or ()
    return {
        **{name: stored[name] for name in ("start", "end", "quote", "fragments")},
        "warnings": [one for one in warnings if not one["pointer"].startswith(_ATTRIBUTES)],
    }


def _described(
    words: Words,
    label: str,
    attributes: Mapping[str, Any],
    spans: Set[str],
    *,
    most: int = REFUSED,
) -> Columns:
    """The columns of a label and its attributes, of which those that are ``spans`` are verified.

    To say why a span is refused may take long, so it is said of ``most`` of them.
    """
    refusals: list[Unprocessable] = []
    stored = {name: as_stored(value) for name, value in attributes.items()}
    warnings: list[dict[str, Any]] = []
    for name, value in attributes.items():
        if name not in spans or not isinstance(value, dict):
            continue
        pointer = f"{_ATTRIBUTES}{name}"
        try:
            given = SpanFields.model_validate(value).given()
            span = verify(words.text, given, words.unit, pointer=pointer)
        except ValidationError as error:
            refusals.append(of_content(error).under(pointer))
        except Unprocessable as refusal:
            refusals.append(refusal)
        else:
            stored[name] = span._asdict()
            warnings += [_warning(one) for one in split_graphemes(words.text, span, pointer)]
        if len(refusals) == min(most, most_explained(words.text)):
            break
    refuse(refusals)
    return {"label": label, "attributes": stored, "warnings": warnings}


def _warning(warning: SplitsGrapheme) -> dict[str, Any]:
    return {
        "code": "splits-grapheme",
        "pointer": warning.pointer,
        "detail": "The span splits what a reader sees as one character.",
        "offset": warning.offset,
        "before": warning.before,
        "after": warning.after,
    }
