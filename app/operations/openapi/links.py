"""Where an answer leads: OpenAPI's links, from each resource to what can be asked of it.

https://spec.openapis.org/oas/v3.1.0#link-object. A client that generates itself from the document
learns from them that what it got can be edited under the version that it got.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Resource:
    """A kind of resource: which operations answer one, and which take it up."""

    parameter: str
    """The path parameter that names it."""
    member: str
    """The member of the answer that it is named by."""
    answered_by: tuple[str, ...]
    read_by: tuple[str, ...]
    written_by: tuple[str, ...] = ()
    """These take its version too, in ``If-Match``."""


_RESOURCES = (
    _Resource(
        "project",
        "slug",
        ("create_project", "get_project", "update_project"),
        (
            "get_project",
            "get_scheme",
            "get_progress",
            "list_members",
            "list_documents",
            "list_annotations",
            "list_releases",
            "create_document",
            "create_release",
        ),
        ("update_project",),
    ),
    _Resource(
        "id",
        "id",
        ("create_document", "get_document", "update_document"),
        (
            "get_document",
            "get_text",
            "list_document_annotations",
            "create_annotation",
            "list_relations",
            "create_relation",
        ),
        ("update_document", "delete_document"),
    ),
    _Resource(
        "id",
        "id",
        ("create_annotation", "get_annotation", "update_annotation"),
        ("get_annotation", "get_history", "list_decisions"),
        ("update_annotation", "withdraw_annotation", "decide"),
    ),
    _Resource(
        "id",
        "id",
        ("create_relation", "get_relation"),
        ("get_relation",),
        ("withdraw_relation",),
    ),
    _Resource(
        "id",
        "id",
        ("create_token", "get_token"),
        ("get_token",),
        ("revoke_token",),
    ),
    _Resource(
        "name",
        "name",
        ("create_user", "get_user", "update_user"),
        ("get_user",),
        ("update_user",),
    ),
)


def add_links(operation: dict[str, Any]) -> None:
    """Add the links of an operation of the document to its successful answers, in place."""
    for resource in _RESOURCES:
        if operation["operationId"] not in resource.answered_by:
            continue
        links = {}
        for follows in (*resource.read_by, *resource.written_by):
            parameters = {resource.parameter: f"$response.body#/{resource.member}"}
            if follows in resource.written_by:
                parameters["If-Match"] = "$response.header.ETag"
            links[follows] = {"operationId": follows, "parameters": parameters}
        for status in {"200", "201"} & operation["responses"].keys():
            operation["responses"][status]["links"] = links
