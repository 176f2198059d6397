"""Annotations, as they come in and go out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.fields import ExternalId, In, Offset, Out, Patch, Prose, Timestamp
from app.core.vocabulary import OffsetUnit, Origin, Status
from app.text.offsets import Ruler
from app.text.spans import SpanIn

_Context = Annotated[str, StringConstraints(max_length=1000)]


class SpanFields(In):
    """A span: offsets and the words between them, or the words alone, for the server to find."""

    start: Offset | None = Field(default=None, description="Where it begins, from 0.")
    end: Offset | None = Field(default=None, description="Where it ends: the first that is out.")
    # As long as any text may be: what a request takes of memory, the limit of its body bounds.
    quote: str | None = Field(default=None, description="The words, exactly as in the text.")
    prefix: _Context | None = Field(default=None, description="What stands before the quote.")
    suffix: _Context | None = Field(default=None, description="What stands after the quote.")

    def given(self) -> SpanIn:
        """The span as ``text.spans`` takes it."""
        return SpanIn(self.start, self.end, self.quote, self.prefix, self.suffix)


Fragments = list[SpanFields]
Attributes = Annotated[dict[str, Any], Field(max_length=200)]
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class AnnotationIn(SpanFields):
    """A new annotation."""

    id: Annotated[UUID, Field(strict=False)] | None = Field(
        default=None, description="Made by the client, so that creating can be retried."
    )
    external_id: ExternalId | None = Field(default=None, description="Unique in the document.")
    label: Annotated[str, StringConstraints(max_length=1000)]
    fragments: Fragments | None = Field(
        default=None, description="Two or more spans in order, when it is discontinuous."
    )
    attributes: Attributes = {}
    note: Prose | None = None
    origin: Literal["human", "model"] = "human"
    confidence: Confidence | None = Field(default=None, description="A model's, from 0 to 1.")


class AnnotationPatch(SpanFields, Patch):
    """What can change. Span fields, fragments too, are replaced together, attributes as a whole."""

    label: Annotated[str, StringConstraints(max_length=1000)] = ""
    fragments: Fragments | None = None
    attributes: Attributes = {}
    note: Prose | None = None
    confidence: Confidence | None = None


class SpanOut(Out):
    """A span and the words in it."""

    start: int
    end: int
    quote: str


class WarningOut(Out):
    """Something that was accepted and may not have been meant."""

    code: str = Field(examples=["splits-grapheme"])
    pointer: str
    detail: str
    offset: int
    before: int = Field(description="The nearest bound before, in the answer's offset unit.")
    after: int = Field(description="The nearest bound after.")


@dataclass(frozen=True, slots=True)
class Measured:
    """What of a row holds offsets, in the caller's unit."""

    start: int
    end: int
    fragments: list[SpanOut] | None
    attributes: dict[str, Any]
    warnings: list[WarningOut]

    @classmethod
    def of(cls, row: Any, ruler: Ruler | None) -> "Measured":
        """Of a row with ``models.Content``; ``ruler`` is None for code points, which are stored.

        What comes from the database was checked on its way in and is not checked again.
        """
        start, end = row.start, row.end
        fragments, attributes, warnings = row.fragments, row.attributes, row.warnings
        if ruler is not None:
            start, end = ruler.from_code_points(start), ruler.from_code_points(end)
            fragments = fragments and [_measured(ruler, fragment) for fragment in fragments]
            attributes = _measured_spans(ruler, attributes)
            warnings = warnings and [_measured(ruler, warning) for warning in warnings]
        return cls(
            start,
            end,
            fragments and [SpanOut.model_construct(**part) for part in fragments],
            attributes,
            [WarningOut.model_construct(**warning) for warning in warnings or ()],
        )


class AnnotationOut(Out):
    """An annotation."""

    id: UUID
    project: str
    document_id: UUID
    revision: int
    external_id: str | None
    label: str
    start: int
    end: int
    quote: str
    fragments: list[SpanOut] | None
    offset_unit: OffsetUnit
    attributes: dict[str, Any]
    note: str | None
    origin: Origin
    confidence: float | None
    author: str
    status: Status
    decided_by: str | None
    decided_at: Timestamp | None
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    warnings: list[WarningOut]

    @classmethod
    def of(cls, row: Any, project: str, unit: OffsetUnit, ruler: Ruler | None) -> "AnnotationOut":
        """The annotation of a row with ``annotations.seen.COLUMNS``.

        ``ruler`` measures the row's text in ``unit``; None for code points.
        """
        measured = Measured.of(row, ruler)
        return cls(
            id=row.id,
            project=project,
            document_id=row.document_id,
            revision=row.revision,
            external_id=row.external_id,
            label=row.label,
            start=measured.start,
            end=measured.end,
            quote=row.quote,
            fragments=measured.fragments,
            offset_unit=unit,
            attributes=measured.attributes,
            note=row.note,
            origin=row.origin,
            confidence=row.confidence,
            author=row.author,
            status=row.status,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            warnings=measured.warnings,
        )


_OFFSETS = ("start", "end", "offset", "before", "after")


def measured(annotation: Mapping[str, Any], ruler: Ruler) -> dict[str, Any]:
    """What of an annotation's JSON holds offsets, as ``Measured`` has it of a row."""
    fragments, attributes = annotation["fragments"], annotation["attributes"]
    return {
        **_measured(ruler, {name: annotation[name] for name in ("start", "end")}),
        "fragments": fragments and [_measured(ruler, fragment) for fragment in fragments],
        "attributes": _measured_spans(ruler, attributes),
        "warnings": [_measured(ruler, warning) for warning in annotation["warnings"]],
    }


def _measured(ruler: Ruler, value: Mapping[str, Any]) -> dict[str, Any]:
    """A span or warning with its offsets in the ruler's unit."""
    return {
        name: ruler.from_code_points(item) if name in _OFFSETS else item
        for name, item in value.items()
    }


def _measured_spans(ruler: Ruler, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with those of their offsets; whatever is an object is a span."""
    return {
        name: _measured(ruler, value) if isinstance(value, dict) else value
        for name, value in attributes.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFilter:
    """Which annotations of a project are meant; what is empty or None does not narrow."""

    label: tuple[str, ...] = ()
    status: tuple[Status, ...] = ()
    author: tuple[str, ...] = ()
    origin: tuple[Origin, ...] = ()
    document: UUID | None = None
    updated_after: dt.datetime | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    quote_contains: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == AnnotationFilter()
