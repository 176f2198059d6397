"""What the OpenAPI document says of problems: every one that an operation can answer, with an example."""

from typing import Any

from app.core import errors
from app.core.errors import Problem
from app.core.problems import MEDIA_TYPE

SPAN_PROBLEMS = (
    errors.OffsetNotInteger,
    errors.OffsetOutOfRange,
    errors.OffsetInsideCharacter,
    errors.SpanEmpty,
    errors.SpanReversed,
    errors.FragmentsInvalid,
    errors.QuoteMissing,
    errors.QuoteMismatch,
    errors.QuoteNotFound,
    errors.QuoteAmbiguous,
)
"""What can be wrong with a span."""

Responses = dict[int | str, dict[str, Any]]


def problems(*raised: type[Problem]) -> Responses:
    """The ``responses`` of an operation that can raise these, by status, an example of each."""
    responses: Responses = {}
    for problem in raised:
        response = responses.setdefault(
            problem.status,
            {
                "description": problem.title,
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
                },
            },
        )
        example = problem.example().body()
        response["content"][MEDIA_TYPE]["examples"][problem.code] = {
            "summary": problem.title,
            "value": example,
        }
    for response in responses.values():
        shown = response["content"][MEDIA_TYPE]["examples"].values()
        response["description"] = "; ".join(example["summary"] for example in shown)
    return responses
