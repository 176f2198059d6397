"""What the examples of the OpenAPI document are answered.

A test compares it with what they are answered indeed, so that nothing here is made up but ids,
moments and secrets.
"""

import json
from typing import Any

from app.core.errors import NotFound
from app.operations.openapi import story
from app.operations.openapi.examples import LINE


class ByMediaType(dict[str, Any]):
    """What is answered by media type; in any other, it is not text to be shown."""


_STREAMED = ByMediaType(
    {
        "application/x-ndjson": LINE,
        "application/ld+json": {
            "@context": ["http://www.w3.org/ns/anno.jsonld", {"stet": "urn:stet:terms:"}],
            "@graph": [
                {
                    "id": f"urn:uuid:{story.DOCUMENT_ID}",
                    "type": "stet:Document",
                    "stet:title": story.NEW_DOCUMENT["title"],
                    "stet:text": story.TEXT,
                }
            ],
        },
        "application/json": {
            "format": "csv",
            "documents": 1,
            "annotations": 2,
            "relations": 1,
            "losses": [
                {
                    "kind": "relations",
                    "count": 1,
                    "example": {
                        "document": story.DOCUMENT_ID,
                        "subject": story.RELATION["id"],
                        "what": "denies",
                    },
                }
            ],
        },
    }
)


def _page(item: Any) -> dict[str, Any]:
    return {"items": [item], "next": None}


_CHANGE = {
    "sequence": 7,
    "at": story.MOMENT,
    "actor": story.CLAIM["author"],
    "kind": "annotation.created",
    "subject": story.CLAIM["id"],
    "version": 1,
    "state": story.CLAIM,
}

_ENTRY = json.dumps(_CHANGE, ensure_ascii=False, separators=(",", ":"))

_RELEASE = {
    "name": "2026-11",
    "project": "demo",
    "description": "What the paper cites.",
    "filter": {
        "label": [],
        "status": ["approved"],
        "author": [],
        "origin": [],
        "document": None,
        "updated_after": None,
        "quote_contains": None,
        "attributes": {},
        "annotated": False,
    },
    "snapshot": 17,
    "scheme_version": 1,
    "counts": {
        "documents": 1,
        "annotations": 2,
        "relations": 1,
        "labels": {"claim": {"approved": 1}, "denial": {"approved": 1}},
    },
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "version": 1,
    "created_by": story.CLAIM["author"],
    "created_at": story.MOMENT,
}

_EVENT = {
    "id": story.UNKNOWN_ID,
    "at": story.MOMENT,
    "action": "user.updated",
    "actor": "admin",
    "user": "annotator-a",
    "token": None,
    "project": None,
    "changes": {"is_active": [True, False]},
}

_METRICS = """\
# HELP stet_requests_total Requests answered.
# TYPE stet_requests_total counter
stet_requests_total{method="GET",route="/v1/me",status="200"} 17.0
"""

ANSWERS: dict[str, dict[int, Any]] = {
    "get_me": {200: story.ME},
    "sign_in": {200: story.ME},
    "list_tokens": {200: _page(story.TOKEN)},
    "create_token": {201: {**story.TOKEN, "token": story.SECRET}},
    "get_token": {200: story.TOKEN},
    "list_users": {200: _page(story.USER)},
    "create_user": {201: story.USER},
    "get_user": {200: story.USER},
    "update_user": {200: {**story.USER, "is_active": False, "version": 2}},
    "list_audit_events": {200: _page(_EVENT)},
    "list_projects": {200: _page(story.PROJECT)},
    "create_project": {201: story.PROJECT},
    "get_project": {200: story.PROJECT},
    "update_project": {
        200: {
            **story.PROJECT,
            "description": "What was claimed, and who denied it.",
            "version": 2,
        }
    },
    "list_members": {200: _page(story.MEMBER)},
    "get_member": {200: story.MEMBER},
    "set_member": {200: story.MEMBER, 201: story.MEMBER},
    "get_scheme": {200: {"version": 1, **story.SCHEME}},
    "set_scheme": {200: {"version": 2, **story.SCHEME}},
    "list_documents": {200: _page(story.LISTED_DOCUMENT)},
    "create_document": {200: story.DOCUMENT, 201: story.DOCUMENT},
    "get_document": {200: story.DOCUMENT},
    "update_document": {200: {**story.DOCUMENT, "metadata": {"desk": "world"}, "version": 2}},
    "get_text": {200: story.TEXT},
    "list_document_annotations": {200: _page(story.CLAIM)},
    "create_annotation": {200: story.CLAIM, 201: story.CLAIM},
    "list_annotations": {200: _page(story.CLAIM)},
    "get_annotation": {200: story.CLAIM},
    "update_annotation": {200: story.EDITED_CLAIM},
    "list_relations": {200: _page(story.RELATION)},
    "create_relation": {200: story.RELATION, 201: story.RELATION},
    "get_relation": {200: story.RELATION},
    "get_history": {200: story.HISTORY},
    "list_decisions": {200: _page(story.DECISION)},
    "decide": {200: story.DECISION, 201: story.DECISION},
    "decide_many": {
        200: {
            "results": [
                {
                    "annotation": story.DENIAL_ID,
                    "status": 201,
                    "decision": story.APPROVAL,
                    "problem": None,
                },
                {
                    "annotation": story.UNKNOWN_ID,
                    "status": 404,
                    "decision": None,
                    "problem": NotFound("There is no such annotation in the project.").body(),
                },
            ]
        }
    },
    "export_project": {200: _STREAMED},
    "export_release": {200: _STREAMED},
    "create_release": {200: _RELEASE, 201: _RELEASE},
    "list_releases": {200: _page(_RELEASE)},
    "get_release": {200: _RELEASE},
    "get_progress": {
        200: {
            "documents": {"total": 1, "without_annotations": 0},
            "labels": {
                "claim": {"pending": 2, "approved": 0, "rejected": 0, "changes_requested": 0},
                "denial": {"pending": 0, "approved": 1, "rejected": 0, "changes_requested": 0},
                "quote": {"pending": 1, "approved": 0, "rejected": 0, "changes_requested": 0},
            },
            "people": [
                {
                    "name": "annotator-a",
                    "created": 4,
                    "edited": 1,
                    "decided": {"approve": 0, "reject": 0, "request_changes": 0},
                },
                {
                    "name": "reviewer",
                    "created": 0,
                    "edited": 0,
                    "decided": {"approve": 1, "reject": 0, "request_changes": 1},
                },
            ],
            "days": [
                {
                    "day": story.MOMENT[:10],
                    "created": {"claim": 2, "denial": 1, "quote": 1},
                    "decided": {"approve": 1, "reject": 0, "request_changes": 1},
                }
            ],
        }
    },
    "import_file": {
        200: {
            "created": {"documents": 1, "annotations": 2, "relations": 1},
            "unchanged": {"documents": 0, "annotations": 0, "relations": 0},
            "refused": {"documents": 0, "annotations": 0, "relations": 0},
            "refusals": [],
        }
    },
    "follow_changes": {
        200: ByMediaType(
            {
                "application/x-ndjson": f"{_ENTRY}\n",
                "text/event-stream": "retry: 1000\n\n"
                f"id: {_CHANGE['sequence']}\nevent: {_CHANGE['kind']}\ndata: {_ENTRY}\n\n",
            }
        )
    },
    "get_health": {200: {"status": "ok"}},
    "get_readiness": {
        200: {
            "status": "ready",
            "database": "postgresql",
            "revision": "0012_index_authors",
        }
    },
    "get_metrics": {200: _METRICS},
    "get_problem": {200: '<!doctype html>\n<html lang="en">…</html>\n'},
}
"""What is answered, by operation and status."""
