"""What a follower is told, what an export loses, and what a release is."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.annotations.schemas import AnnotationFilter, SpanOut
from app.core.fields import INT64, In, Line, Out, Prose, Timestamp, TimestampIn
from app.core.http.routing import MAX_PARAMETERS
from app.core.vocabulary import ChangeKind, OffsetUnit, Origin, Status, Verdict
from app.documents.schemas import Normalized
from app.formats.codecs import Format
from app.formats.kinds import Kind


class ChangeOut(Out):
    """One entry of a project's log."""

    sequence: int = Field(
        description="Rises from entry to entry, with gaps where nothing is.",
        json_schema_extra=INT64,
    )
    at: Timestamp
    actor: str | None = Field(description="Who did it; null when it was done from a shell.")
    kind: ChangeKind
    subject: UUID | None = Field(
        description="The document, annotation, relation or user; null for the project itself and "
        "its scheme."
    )
    version: int = Field(description="The subject's version after the change.")
    state: dict[str, Any] | None = Field(
        description="What the subject is after the change, as its own GET answers it, by the first "
        "word of `kind`: a `ProjectOut`, `MemberOut`, `SchemeOut`, `AnnotationOut` or "
        "`RelationOut`; of a document what of its `DocumentOut` is its own, without `project` "
        "and `counts`. A document's `text` comes with `document.created` alone, "
        "since it never changes, and is null there once the document is deleted. Null after "
        "`document.deleted`, `annotation.withdrawn` and `relation.withdrawn`; after "
        "`member.removed` only the `name`."
    )

    @classmethod
    def of(cls, row: Any, state: dict[str, Any] | None) -> "ChangeOut":
        """The entry of a row of ``changes`` and its actor's name."""
        return cls(
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            kind=row.kind,
            subject=row.subject_id,
            version=row.version,
            state=state,
        )


class ExportedDecision(Out):
    """A reviewer's verdict on one version of an annotation, in an export."""

    version: int
    verdict: Verdict
    comment: str | None
    reviewer: str
    decided_at: Timestamp


class ExportedAnnotation(Out):
    """An annotation in an export, with the decisions on it, oldest first."""

    id: UUID
    external_id: str | None
    label: str
    start: int
    end: int
    quote: str
    fragments: list[SpanOut] | None
    attributes: dict[str, Any]
    note: str | None
    origin: Origin
    confidence: float | None
    author: str
    edited_by: str = Field(description="Who wrote its words last.")
    status: Status
    decided_by: str | None
    decided_at: Timestamp | None
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    decisions: list[ExportedDecision]


class ExportedRelation(Out):
    """A relation in an export; both ends are annotations of its document."""

    id: UUID
    type: str
    source: UUID
    target: UUID
    author: str
    created_at: Timestamp


class ExportedDocument(Out):
    """A line of `jsonl`: a document with its annotations in text order and its relations by age."""

    id: UUID
    external_id: str | None
    title: str
    language: str | None
    source_url: str | None
    published_on: dt.date | None
    metadata: dict[str, Any]
    version: int
    created_by: str | None
    created_at: Timestamp
    updated_at: Timestamp
    revision: int
    sha256: str
    normalized: Normalized
    text: str
    offset_unit: Literal[OffsetUnit.CODE_POINTS]
    annotations: list[ExportedAnnotation]
    relations: list[ExportedRelation]


class Example(Out):
    """One thing that a format cannot hold."""

    document: UUID
    subject: UUID = Field(description="The document, annotation or relation that has it.")
    what: str


class LossOut(Out):
    """All things of one kind that a format cannot hold."""

    kind: Kind
    count: int
    example: Example


class LossReport(Out):
    """What an export would hold, and what of the project its format could not."""

    format: Format
    documents: int
    annotations: int
    relations: int
    losses: list[LossOut] = Field(description="By kind; empty when nothing is lost.")


# As many as a query would have room for: the databases are asked the same.
_Few = Field(max_length=MAX_PARAMETERS)

ReleaseName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]


class ReleaseFilter(In):
    """Which annotations a release holds: the filters of the annotation list; none is all."""

    label: Annotated[list[Line], _Few] = []
    status: Annotated[list[Annotated[Status, Field(strict=False)]], _Few] = []
    author: Annotated[list[Line], _Few] = []
    origin: Annotated[list[Annotated[Origin, Field(strict=False)]], _Few] = []
    document: Annotated[UUID, Field(strict=False)] | None = None
    updated_after: TimestampIn | None = None
    quote_contains: Line | None = Field(
        default=None,
        # What releases that are there call it.
        serialization_alias="quote",
        description="The annotation's words contain this, whatever its case.",
    )
    attributes: dict[str, Prose] = Field(
        default={},
        max_length=MAX_PARAMETERS,
        description="An attribute equals the value, or is a list that holds it.",
    )
    annotated: bool = Field(
        default=False, description="Leave out documents without such an annotation."
    )

    def given(self) -> AnnotationFilter:
        """The filter as every list takes it."""
        return AnnotationFilter(
            label=tuple(self.label),
            status=tuple(self.status),
            author=tuple(self.author),
            origin=tuple(self.origin),
            document=self.document,
            updated_after=self.updated_after,
            quote_contains=self.quote_contains,
            attributes=tuple(self.attributes.items()),
        )

    def stored(self) -> dict[str, Any]:
        """What of it was said."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)


class ReleaseFilterOut(Out):
    """A release's filter as it was said, whatever may be said since."""

    label: list[str] = []
    status: list[Status] = []
    author: list[str] = []
    origin: list[Origin] = []
    document: UUID | None = None
    updated_after: Timestamp | None = None
    quote_contains: str | None = Field(default=None, validation_alias="quote")
    attributes: dict[str, str] = {}
    annotated: bool = False


class ReleaseIn(In):
    """A new release."""

    name: ReleaseName = Field(description="What it is cited by, such as `2026-11`.")
    description: Prose | None = None
    filter: ReleaseFilter = ReleaseFilter()


class ReleaseCounts(Out):
    """How much a release holds."""

    documents: int
    annotations: int
    relations: int
    labels: dict[str, dict[Status, int]] = Field(
        description="Annotations by label and, in it, by status."
    )


class ReleaseOut(Out):
    """A release's manifest: what a paper or a model card cites."""

    name: str
    project: str
    description: str | None
    filter: ReleaseFilterOut
    snapshot: int = Field(
        description="The sequence of the last change that it holds.", json_schema_extra=INT64
    )
    scheme_version: int
    counts: ReleaseCounts
    sha256: str = Field(description="Of its export as `jsonl`, uncompressed.")
    version: Literal[1] = Field(default=1, description="A release never changes.")
    created_by: str
    created_at: Timestamp

    @classmethod
    def of(cls, row: Any, project: str) -> "ReleaseOut":
        """The manifest of a row of ``releases`` and its maker's name."""
        return cls(
            name=row.name,
            project=project,
            description=row.description,
            filter=ReleaseFilterOut.model_validate(row.filter),
            snapshot=row.snapshot,
            scheme_version=row.scheme_version,
            counts=ReleaseCounts.model_validate(row.counts),
            sha256=row.sha256,
            created_by=row.created_by,
            created_at=row.created_at,
        )
