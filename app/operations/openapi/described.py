"""The OpenAPI document: FastAPI's, completed with what FastAPI does not know."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.core.vocabulary import AttributeType
from app.operations.openapi.answers import HEADERS, complete
from app.operations.openapi.examples import PROBLEMS
from app.operations.openapi.links import add_links
from app.users.access import COOKIE, SECURE_COOKIE

TAGS = {
    "session": "Who is asking, and signing in from a browser.",
    "tokens": "One's own bearer tokens.",
    "users": "People and programs that may sign in. For admins.",
    "projects": "Bodies of documents, each annotated under one scheme by one group of members.",
    "members": "Who may do what in a project.",
    "scheme": "A project's labels, their typed attributes, and the relations that may join them.",
    "documents": "Source texts. A text never changes in place.",
    "annotations": "Labels on verified spans of a text.",
    "relations": "What joins two annotations of one document: a denial denies a claim.",
    "review": "Decisions on annotations, and the history that they are part of.",
    "export": "Projects out, as a stream, in many formats.",
    "import": "Files in, in many formats.",
    "releases": "What a project held at one moment, to be cited and pulled for ever.",
    "audit": "What was done to users, tokens and projects, and by whom. For admins.",
    "operations": "For those who run Stet.",
}

_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Some problems have further members, which their "
    "pages describe: `current`, `limit`, `orphans`.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The page that describes this kind of problem.",
        },
        "title": {"type": "string", "description": "The same for every problem of the type."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What happened this time."},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong with what was sent.",
            "items": {"$ref": "#/components/schemas/ProblemError"},
        },
    },
    "additionalProperties": True,
}

_PROBLEM_ERROR = {
    "type": "object",
    "description": "One thing that is wrong. Further members, which the page of its code "
    "describes, say what would be right.",
    "required": ["code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "A JSON pointer into the body (RFC 6901)."},
        "parameter": {"type": "string", "description": "The parameter, where it was not the body."},
        "line": {"type": "integer", "description": "The line, in a file of lines; from 1."},
        "code": {"type": "string", "description": "The last part of a problem's type."},
        "detail": {"type": "string"},
    },
    "additionalProperties": True,
}

_SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "stet_…",
        "description": "A token of `POST /v1/tokens` or `stet token create`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"Set by `POST /v1/session`; over https its name is `{SECURE_COOKIE}`.",
    },
}


def describe(app: FastAPI, *lines: type[BaseModel]) -> None:
    """Let the application describe itself in full; made when it is first asked for.

    ``lines`` are what streams hold, one a line: to FastAPI a stream is bytes.
    """

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app, lines)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's way to extend it


def document(app: FastAPI, lines: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    made = get_openapi(
        title="Stet",
        version=version("stet"),
        summary="Annotations on texts: verified spans, relations, review.",
        description=Path(__file__).with_name("description.md").read_text(encoding="utf-8"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/", "description": "This server."}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        routes=app.routes,
    )
    components = made["components"]
    schemas = components["schemas"]
    schemas |= _schemas(lines)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in schemas.values():
        _without_titles(schema)
    # Generators make names of the values by leaving ``[]`` out, which makes two of them one.
    schemas["AttributeType"]["x-enum-varnames"] = [one.name for one in AttributeType]
    schemas |= {"Problem": _PROBLEM, "ProblemError": _PROBLEM_ERROR}
    components["schemas"] = dict(sorted(schemas.items()))
    components["headers"] = HEADERS
    components["securitySchemes"] = _SECURITY
    for route in iter_route_contexts(app.routes):
        path = route.path_format or ""
        for method in route.methods or ():
            operation = made["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                for parameter in operation.get("parameters", ()):
                    _without_titles(parameter["schema"])
                complete(operation, schemas, method=method, path=path, dependant=route.dependant)
                add_links(operation)
    # A problem that answers no operation, as 405 does, has its page alone.
    shown = str(made["paths"])
    components["examples"] = {
        code: {"summary": body["title"], "value": body}
        for code, body in PROBLEMS.items()
        if f"'#/components/examples/{code}'" in shown
    }
    return made


def _schemas(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """The models as they are answered, and what they refer to."""
    _, made = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = made["$defs"]
    return found


def _without_titles(schema: Any) -> None:
    """Take away the titles that pydantic makes of the names, which say nothing more."""
    if not isinstance(schema, dict):
        return
    schema.pop("title", None)
    for name in ("items", "additionalProperties"):
        _without_titles(schema.get(name))
    for part in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        _without_titles(part)
