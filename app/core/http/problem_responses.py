"""What the OpenAPI document says of problems: each that an operation can answer, by example."""

from typing import Any

from app.core import errors
from app.core.errors import MEDIA_TYPE, Problem, catalogue

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

REQUEST_PROBLEMS = (errors.RequestTimeout, errors.TooLarge, errors.HeadTooLarge)
"""What can be wrong with any request, also with one that needs no body."""

BODY_PROBLEMS = (
    errors.InvalidJson,
    errors.UnsupportedMediaType,
    errors.MissingField,
    errors.UnknownField,
    errors.InvalidValue,
)
"""What can be wrong with any JSON body."""

Responses = dict[int | str, dict[str, Any]]


def problems(*raised: type[Problem]) -> Responses:
    """The ``responses`` of an operation that can raise these, by status, an example of each."""
    responses: Responses = {}
    for problem in raised:
        example = problem.example()
        response = responses.setdefault(
            problem.status,
            {
                "description": "",
                "headers": {
                    name: {"$ref": f"#/components/headers/{name}"} for name in example.headers
                },
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
                },
            },
        )
        response["content"][MEDIA_TYPE]["examples"][problem.code] = {
            "$ref": f"#/components/examples/{problem.code}"
        }
    for response in responses.values():
        _name(response)
    return responses


def add_problems(responses: dict[str, Any], *raised: type[Problem]) -> None:
    """Let an operation's ``responses``, as they stand in the document, tell of these too."""
    for status, more in problems(*raised).items():
        response = responses.setdefault(str(status), more)
        content = response.get("content", {}).get(MEDIA_TYPE)
        if content is not None and response is not more:
            content["examples"] |= more["content"][MEDIA_TYPE]["examples"]
            _name(response)


def _name(response: dict[str, Any]) -> None:
    """Describe an answer by the titles of its problems."""
    known = catalogue()
    shown = response["content"][MEDIA_TYPE]["examples"]
    response["description"] = "; ".join(known[code].title for code in shown)
