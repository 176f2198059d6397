"""A file's records as they come in, and the report of what became of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.annotations.schemas import Attributes, Confidence, Fragments, SpanFields
from app.core.fields import ExternalId, In, Out, Prose, TimestampIn, printable
from app.core.vocabulary import OffsetUnit, Origin, Status, Verdict
from app.documents.schemas import DocumentIn

# Far more than anything is edited, and far less than what the databases count up to from there.
_Version = Annotated[int, Field(ge=1, le=100_000_000)]
MOST_CONVERTED = 2**31 - 1
"""How many line ends of a text may have been converted: they are counted in 32 bits."""

_Id = Annotated[UUID, Field(strict=False)]
# Whoever has that name is looked up, and no name that the database cannot be asked for.
_Person = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]


class DecisionLine(In):
    """A decision in a file."""

    version: _Version
    verdict: Annotated[Verdict, Field(strict=False)]
    comment: Prose | None = None
    reviewer: _Person
    decided_at: TimestampIn


class AnnotationLine(SpanFields):
    """An annotation in a file: what a POST takes, and how it stood where it came from."""

    id: _Id | None = None
    external_id: ExternalId | None = None
    label: Annotated[str, StringConstraints(max_length=1000)]
    fragments: Fragments | None = None
    attributes: Attributes = Field(default_factory=dict)
    note: Prose | None = None
    origin: Annotated[Origin, Field(strict=False)] = Origin.IMPORT
    confidence: Confidence | None = None
    author: _Person | None = None
    edited_by: _Person | None = None
    status: Annotated[Status, Field(strict=False)] = Status.PENDING
    decided_by: _Person | None = None
    decided_at: TimestampIn | None = None
    version: _Version = 1
    created_at: TimestampIn | None = None
    updated_at: TimestampIn | None = None
    decisions: Annotated[list[DecisionLine], Field(max_length=10_000)] = Field(default_factory=list)


class RelationLine(In):
    """A relation in a file; its ends are ids of the same line's annotations."""

    id: _Id | None = None
    type: Annotated[str, StringConstraints(max_length=1000)]
    source: _Id
    target: _Id
    author: _Person | None = None
    created_at: TimestampIn | None = None


class NormalizedLine(In):
    """What the text's first arrival changed."""

    bom_removed: bool = False
    newlines_converted: Annotated[int, Field(ge=0, le=MOST_CONVERTED)] = 0


class DocumentLine(DocumentIn):
    """A document in a file, with its annotations and relations."""

    version: _Version = 1
    created_by: _Person | None = None
    created_at: TimestampIn | None = None
    updated_at: TimestampIn | None = None
    revision: Literal[1] = 1
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    normalized: NormalizedLine = NormalizedLine()
    offset_unit: Annotated[OffsetUnit, Field(strict=False)] = OffsetUnit.CODE_POINTS
    annotations: Annotated[list[AnnotationLine], Field(max_length=1_000_000)] = []
    relations: Annotated[list[RelationLine], Field(max_length=1_000_000)] = []


class Tally(Out):
    """How many of each kind."""

    documents: int = 0
    annotations: int = 0
    relations: int = 0


class ImportReport(Out):
    """What became of a file."""

    created: Tally
    unchanged: Tally = Field(description="What was there already, the same.")
    refused: Tally = Field(description="With a refused document, all that is in it is left out.")
    refusals: list[dict[str, Any]] = Field(
        description="Each refusal with `line`, `pointer`, `code`, `detail` and the cure, and "
        "`file` in an archive; the first 10,000, or as many as 10,000,000 characters hold."
    )
