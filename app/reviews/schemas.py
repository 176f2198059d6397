"""Decisions and history, as they come in and go out."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    ValidationError,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, core_schema

from app.annotations.schemas import SpanOut
from app.core.errors import Unprocessable
from app.core.fields import In, Out, Prose, Timestamp
from app.core.paging import NEXT
from app.core.validation import of_content
from app.core.vocabulary import OffsetUnit, Status, Verdict

_LISTED = 20
"""How much that is wrong with one of many decisions is listed: a thousand may be wrong."""


class DecisionIn(In):
    """A verdict, and why. A rejection and a request for changes need a comment."""

    verdict: Annotated[Verdict, Field(strict=False)]
    comment: Prose | None = None


class BulkDecisionIn(DecisionIn):
    """A verdict on one of many annotations, naming the version that was seen."""

    annotation: Annotated[UUID, Field(strict=False)]
    version: Annotated[int, Field(ge=1, le=999_999_999)]


class _Named(BaseModel):
    annotation: Annotated[UUID, Field(strict=False)]


@dataclass(frozen=True, slots=True)
class RefusedDecision:
    """One of many decisions that is not of its form; what it is of can be told all the same."""

    annotation: UUID
    problem: Unprocessable


def _or_refused(
    given: Any, validated: ValidatorFunctionWrapHandler
) -> BulkDecisionIn | RefusedDecision:
    try:
        decision: BulkDecisionIn = validated(given)
    except ValidationError as error:
        # Of what names no annotation no result could say whose it is: that refuses the request.
        return RefusedDecision(_Named.model_validate(given).annotation, of_content(error, _LISTED))
    return decision


def _each_alone(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    return core_schema.no_info_wrap_validator_function(_or_refused, handler(BulkDecisionIn))


class BulkIn(In):
    """Up to 1000 verdicts, each on its own: one that is refused does not refuse the others.

    The request is refused as a whole only where it is no list of objects, each with an `annotation`
    that is a UUID, or where there are more than 1000.
    """

    decisions: Annotated[
        list[Annotated[BulkDecisionIn | RefusedDecision, GetPydanticSchema(_each_alone)]],
        Field(min_length=1, max_length=1000),
    ]


class DecisionOut(Out):
    """A decision: never changed, never deleted."""

    id: UUID
    annotation: UUID
    version: int = Field(description="The version that the reviewer looked at.")
    resulting_version: int = Field(description="The version that the decision made.")
    verdict: Verdict
    status: Status = Field(description="What the verdict made of the annotation.")
    comment: str | None
    reviewer: str
    decided_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> "DecisionOut":
        """The decision of a row of ``decisions`` and its reviewer's name."""
        return cls(
            id=row.id,
            annotation=row.annotation_id,
            version=row.version,
            resulting_version=row.version + 1,
            verdict=row.verdict,
            status=row.verdict.status,
            comment=row.comment,
            reviewer=row.reviewer,
            decided_at=row.decided_at,
        )


class BulkResult(Out):
    """What became of one verdict."""

    annotation: UUID
    status: int = Field(description="What it would have been answered alone: 201, 200, 412, …")
    decision: DecisionOut | None = None
    problem: dict[str, Any] | None = Field(
        default=None,
        description="The problem, as it would have been answered alone; but `current`, what stands "
        "now of a stale one, is null once those before it have quotes of 4,000,000 characters "
        "together.",
    )


class BulkOut(Out):
    """What became of each verdict, in the order of the request."""

    results: list[BulkResult]


class VersionOut(Out):
    """What an annotation said and how it stood at one version."""

    version: int
    revision: int
    label: str
    start: int
    end: int
    quote: str
    fragments: list[SpanOut] | None
    offset_unit: OffsetUnit
    attributes: dict[str, Any]
    note: str | None
    confidence: float | None
    status: Status
    edited_by: str = Field(description="Who made this content.")
    changed_by: str = Field(description="Who made this version, by an edit or a decision.")
    changed_at: Timestamp
    withdrawn: bool


class HistoryOut(Out):
    """Every version and every decision, oldest first, or one page of them."""

    annotation: UUID
    versions: list[VersionOut]
    decisions: list[DecisionOut] = Field(description="Those on the versions of the page.")
    next: str | None = NEXT
