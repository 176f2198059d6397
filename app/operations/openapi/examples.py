"""What the examples of the OpenAPI document send, and each problem.

A test sends them in the order of the story.
"""

import json
from pathlib import Path
from typing import Any

from app.core.errors import catalogue
from app.operations.openapi import story

_MISHAPS: dict[str, Any] = json.loads(
    Path(__file__).with_name("mishaps.json").read_text(encoding="utf-8")
)

PROBLEMS: dict[str, Any] = {
    code: _MISHAPS.get(code) or problem.example().body() for code, problem in catalogue().items()
}
"""One of every problem: as it was answered, where it can be made to happen."""

_EXPORTED = {
    "id": story.DOCUMENT_ID,
    "external_id": story.NEW_DOCUMENT["external_id"],
    "title": story.NEW_DOCUMENT["title"],
    "language": "en",
    "source_url": None,
    "published_on": "2025-04-09",
    "metadata": {"desk": "foreign"},
    "version": 1,
    "created_by": "annotator-a",
    "created_at": story.MOMENT,
    "updated_at": story.MOMENT,
    "revision": 1,
    "sha256": story.DOCUMENT["sha256"],
    "normalized": story.DOCUMENT["normalized"],
    "text": story.TEXT,
    "offset_unit": "code_points",
    "annotations": [],
    "relations": [],
}

LINE = json.dumps(_EXPORTED, ensure_ascii=False) + "\n"
"""A line of an export in JSON Lines."""

REQUESTS: dict[str, dict[str, tuple[str, Any]]] = {
    "sign_in": {
        "name and password": (
            "By name and password",
            {"username": "annotator-a", "password": story.PASSWORD},
        )
    },
    "change_password": {
        "another": (
            "Another password",
            {"current_password": story.PASSWORD, "password": "ten geese over a green field"},
        )
    },
    "create_token": {
        "narrowed": (
            "A token that only reads, in one project, for a year",
            {
                "name": "nightly pull",
                "role": "reader",
                "project": "demo",
                "expires_at": "2027-11-23T00:00:00Z",
            },
        ),
        "full": ("A token that may do what its user may", {"name": "laptop"}),
    },
    "create_user": {
        "annotator": (
            "A user who may sign in",
            {
                "name": "annotator-a",
                "display_name": "Annotator A",
                "password": story.PASSWORD,
            },
        )
    },
    "update_user": {"deactivate": ("Deactivate a user", {"is_active": False})},
    "create_project": {
        "default": ("With the scheme for news", {"slug": "news", "name": "News"}),
        "scheme": (
            "With a scheme of its own",
            {
                "slug": "elections",
                "name": "Claims in an election",
                "scheme": story.SCHEME,
            },
        ),
    },
    "update_project": {
        "describe": ("Describe it", {"description": "What was claimed, and who denied it."})
    },
    "set_member": {"annotator": ("Let a user annotate", {"role": "annotator"})},
    "set_scheme": {"claims": ("Two labels and what joins them", story.SCHEME)},
    "create_document": {"article": ("An article", story.NEW_DOCUMENT)},
    "update_document": {"metadata": ("Replace its metadata", {"metadata": {"desk": "world"}})},
    "create_annotation": {
        "offsets": ("By offsets, with the words between them", story.NEW_CLAIM),
        "quote": ("By its words, which occur once", story.NEW_DENIAL),
        "context": ("By its words and what stands before them", story.NEW_QUOTE),
        "fragments": ("In two pieces, by a model", story.NEW_GUESS),
    },
    "update_annotation": {"note": ("Add a note", {"note": "The cue is a noun."})},
    "create_relation": {"denies": ("A denial denies a claim", story.NEW_RELATION)},
    "decide": {
        "request_changes": (
            "Ask for a change, and say which",
            {
                "verdict": "request_changes",
                "comment": story.DECISION["comment"],
            },
        ),
        "approve": ("Approve", {"verdict": "approve"}),
    },
    "create_release": {
        "approved": (
            "What is approved now",
            {
                "name": "2026-11",
                "description": "What the paper cites.",
                "filter": {"status": ["approved"]},
            },
        )
    },
    "import_file": {"jsonl": ("A line of JSON Lines", LINE)},
    "decide_many": {
        "approve": (
            "Approve two, of which one is not there",
            {
                "decisions": [
                    {"annotation": story.DENIAL_ID, "version": 1, "verdict": "approve"},
                    {"annotation": story.UNKNOWN_ID, "version": 1, "verdict": "approve"},
                ]
            },
        )
    },
}
"""What to send, by operation and by a name: a summary and the body."""
