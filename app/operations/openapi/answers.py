"""What FastAPI can't tell of an operation: who may ask, what it answers anyway, and its headers."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

from fastapi.dependencies.models import Dependant

from app.annotations.access import Filter
from app.core import errors
from app.core.characters import PRINTABLE
from app.core.http.admission import WATCHED
from app.core.http.conditions import Seen, SeenWhole, Tag
from app.core.http.listing import Link
from app.core.http.problem_responses import BODY_PROBLEMS, REQUEST_PROBLEMS, add_problems
from app.operations.openapi.example_answers import ANSWERS, ByMediaType
from app.operations.openapi.examples import REQUESTS
from app.users.access import Shown

_ETAG = {"type": "string", "examples": ['"3"']}
_SECONDS = {"type": "integer", "minimum": 0}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The caller's, if it sent a sane one; else made here. The log has it too.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The version, for `If-Match` and `If-None-Match`.",
        "schema": _ETAG,
    },
    "Location": {
        "description": "Where what was created is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": 'The next page, `rel="next"`; absent on the last.',
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "When to try again, in seconds.",
        "required": True,
        "schema": _SECONDS,
    },
    "WWW-Authenticate": {
        "description": "How to say who is asking.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Connection": {
        "description": "`close` where the rest of the body was not read.",
        "schema": {"type": "string"},
    },
    "Set-Cookie": {
        "description": "The browser's session, or its end.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Clear-Site-Data": {
        "description": "Has the browser forget what it kept of the answers.",
        "schema": {"type": "string"},
    },
}

_DONE = {"200": "Done.", "201": "Created.", "204": "Done; there is nothing to answer."}

_PARAMETERS = {
    "code": "The problem's code, such as `quote-mismatch`.",
    "name": "The user's name.",
    "id": "The resource's id.",
    "end": "With `start`: only what shares a character with it.",
    "order": "Which end of the list comes first.",
    "external_id": "Only the one with this external id.",
}


def complete(
    operation: dict[str, Any],
    schemas: dict[str, Any],
    *,
    method: str,
    path: str,
    dependant: Dependant,
) -> None:
    """Complete an operation of the document, in place; ``schemas`` are the document's."""
    uses = set(_calls(dependant))
    name = operation["operationId"]
    sentence, _, _ = operation["description"].partition("\n\n")
    operation["summary"] = " ".join(sentence.split()).partition(". ")[0].rstrip(".")
    responses = operation["responses"]
    _drop_defaults(responses)
    add_problems(responses, *REQUEST_PROBLEMS, errors.InternalError)
    if path.startswith("/v1/"):
        add_problems(responses, errors.InvalidParameter, errors.InvalidBody)
    if path not in WATCHED:
        add_problems(responses, errors.TooManyRequests, errors.Unavailable)
    if _call_of(Shown) in uses:
        operation["security"] = [{"token": []}, {"session": []}]
        add_problems(responses, errors.Unauthenticated)
    else:
        operation["security"] = []
    if "requestBody" in operation:
        add_problems(responses, *BODY_PROBLEMS)
        if _takes_prose(operation["requestBody"], schemas):
            add_problems(responses, errors.ControlCharacter)
    _parameters(operation, uses, path)
    _headers(responses, name, uses)
    if method == "GET" and _call_of(Tag) in uses:
        _not_modified(operation)
    _exemplify(operation, name)
    operation["responses"] = dict(sorted(responses.items()))


def _call_of(annotated: object) -> Callable[..., Any]:
    """The function behind an ``Annotated[…, Depends(function)]``."""
    call: Callable[..., Any] = get_args(annotated)[1].dependency
    return call


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    """Everything that a route depends on."""
    for child in dependant.dependencies:
        yield child.call
        yield from _calls(child)


def _drop_defaults(responses: dict[str, Any]) -> None:
    """Forget the answers that FastAPI assumes and Stet does not give."""
    content = responses.get("422", {}).get("content", {})
    if "application/json" in content:
        del responses["422"]
    for status, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = _DONE[status]


def _takes_prose(part: Any, schemas: dict[str, Any]) -> bool:
    """Whether a part of the document, with what it refers to, takes text that must be printable."""
    if isinstance(part, list):
        return any(_takes_prose(item, schemas) for item in part)
    if not isinstance(part, dict):
        return False
    name = str(part.get("$ref", "")).rpartition("/")[2]
    return (
        part.get("pattern") == PRINTABLE
        or any(_takes_prose(item, schemas) for item in part.values())
        or _takes_prose(schemas.get(name), schemas)
    )


def _parameters(operation: dict[str, Any], uses: set[Any], path: str) -> None:
    parameters: list[dict[str, Any]] = operation.get("parameters", [])
    # Those of the path in its order: generated functions take them by position.
    parameters.sort(
        key=lambda it: path.index(f"{{{it['name']}}}") if it["in"] == "path" else len(path)
    )
    for parameter in parameters:
        schema = parameter["schema"]
        kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            schema.update(kinds[0])
        schema.pop("description", None)
        if schema.get("default") == []:
            del schema["default"]
        parameter.setdefault("description", _PARAMETERS.get(parameter["name"], ""))
        needs = {_call_of(Seen), _call_of(SeenWhole)}
        if parameter["name"] == "If-Match" and not needs.isdisjoint(uses):
            parameter["required"] = True
    if _call_of(Filter) in uses:
        parameters.append(
            {
                "name": "attributes",
                "in": "query",
                "description": "Only those whose attribute equals the value, or is a list that "
                "holds it, such as `attribute.speaker=Ukraine`. May be given for several.",
                "style": "form",
                "explode": True,
                "schema": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^attribute\..{1,99}$"},
                    "additionalProperties": {"type": "string"},
                },
            }
        )
    if parameters:
        operation["parameters"] = parameters


def _headers(responses: dict[str, Any], name: str, uses: set[Any]) -> None:
    for status, response in responses.items():
        named = {"X-Request-ID"}
        done = status.startswith("2")
        if done and _call_of(Tag) in uses:
            named.add("ETag")
        if status == "201" and name != "decide":
            named.add("Location")
        if done and _call_of(Link) in uses:
            named.add("Link")
        if done and name in {"sign_in", "sign_out"}:
            named.add("Set-Cookie")
        if done and name == "sign_out":
            named.add("Clear-Site-Data")
        headers = response.setdefault("headers", {})
        headers.update({name: {"$ref": f"#/components/headers/{name}"} for name in sorted(named)})


def _not_modified(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": "If-None-Match",
            "in": "header",
            "description": 'ETags that the caller has, such as `"3"`; 304 if one still holds.',
            "schema": {"type": "string"},
        }
    )
    operation["responses"]["304"] = {
        "description": "The caller has the current version already.",
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("ETag", "X-Request-ID")
        },
    }


def _exemplify(operation: dict[str, Any], name: str) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["examples"] = {
            key: {"summary": summary, "value": value}
            for key, (summary, value) in REQUESTS.get(name, {}).items()
        }
    for status, value in ANSWERS.get(name, {}).items():
        for media_type, content in operation["responses"][str(status)]["content"].items():
            shown = value.get(media_type, "…") if isinstance(value, ByMediaType) else value
            content["examples"] = {"example": {"value": shown}}
