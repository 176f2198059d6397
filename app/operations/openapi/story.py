"""What the examples are about: an article's opening, a claim, its denial, and their review."""

import hashlib
from typing import Any

MOMENT = "2026-11-23T09:00:00.000000Z"

TEXT = (
    "Ukraine has expanded on its claim that significant numbers of Chinese nationals are fighting "
    "for Russia’s invading army.\n\nIn China, officials have called the allegations “totally "  # noqa: RUF001
    "unfounded”."
)


def _id(number: int) -> str:
    return f"0198c0de-0000-7000-8000-{number:012}"


DOCUMENT_ID, CLAIM_ID, DENIAL_ID, RELATION_ID = _id(1), _id(2), _id(3), _id(4)
UNKNOWN_ID = _id(99)

USER = {
    "id": _id(5),
    "name": "annotator-a",
    "display_name": "Annotator A",
    "is_admin": False,
    "is_active": True,
    "version": 1,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
PASSWORD = "nine herons on a grey lake"  # noqa: S105  # of nobody

ME = {
    "id": USER["id"],
    "name": "annotator-a",
    "display_name": "Annotator A",
    "is_admin": False,
    "memberships": [{"project": "demo", "role": "annotator"}],
}

TOKEN = {
    "id": _id(6),
    "name": "nightly pull",
    "role": "reader",
    "project": "demo",
    "version": 1,
    "created_at": MOMENT,
    "expires_at": "2027-11-23T00:00:00.000000Z",
}
SECRET = "stet_0198c0de000070008000000000000006_WhatStandsHereIsShownOnceAndOpensNothing000"  # noqa: S105  # of nobody

SCHEME = {
    "name": "claims",
    "labels": [
        {
            "name": "claim",
            "description": "A statement of fact that the text attributes to someone",
            "color": "#2563eb",
            "hotkey": "1",
            "attributes": [
                {"name": "speaker", "type": "string"},
                {"name": "cue_span", "type": "span"},
            ],
        },
        {
            "name": "denial",
            "color": "#dc2626",
            "hotkey": "2",
            "attributes": [
                {"name": "speaker", "type": "string"},
                {"name": "directness", "type": "enum", "values": ["direct", "indirect", "mixed"]},
            ],
        },
    ],
    "relations": [{"name": "denies", "source": ["denial"], "target": ["claim"]}],
}

PROJECT = {
    "slug": "elections",
    "name": "Claims in an election",
    "description": None,
    "settings": {"allow_self_review": False},
    "scheme_version": 1,
    "version": 1,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}

MEMBER = {
    "name": "annotator-a",
    "role": "annotator",
    "version": 1,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}

_SAID_OF_DOCUMENT = {
    "external_id": "ukraine-2025-04-09",
    "title": "Ukraine expands on its claim that Chinese nationals are fighting for Russia",
    "language": "en",
    "published_on": "2025-04-09",
    "metadata": {"desk": "foreign"},
}

NEW_DOCUMENT = {"id": DOCUMENT_ID, **_SAID_OF_DOCUMENT, "text": TEXT}

LISTED_DOCUMENT = {
    "id": DOCUMENT_ID,
    "project": "demo",
    **_SAID_OF_DOCUMENT,
    "source_url": None,
    "revision": 1,
    "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
    "length": {"code_points": 190, "utf16": 190, "utf8": 196},
    "normalized": {"bom_removed": False, "newlines_converted": 0},
    "counts": {"pending": 0, "approved": 0, "rejected": 0, "changes_requested": 0},
    "version": 1,
    "etag": '"1-0.0.0.0.0"',
    "created_by": "annotator-a",
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
DOCUMENT = {**LISTED_DOCUMENT, "text": TEXT}

NEW_CLAIM = {
    "id": CLAIM_ID,
    "label": "claim",
    "start": 39,
    "end": 119,
    "quote": "significant numbers of Chinese nationals are fighting for Russia’s invading army",  # noqa: RUF001
    "attributes": {
        "speaker": "Ukraine",
        "cue_span": {"start": 28, "end": 33, "quote": "claim"},
        "directness": "indirect",
    },
}
NEW_DENIAL = {
    "id": DENIAL_ID,
    "label": "denial",
    "quote": "have called the allegations “totally unfounded”",
    "attributes": {"speaker": "Chinese officials", "directness": "mixed"},
}
NEW_QUOTE = {
    "label": "quote",
    "quote": "totally unfounded",
    "prefix": "allegations “",
    "attributes": {"speaker": "Chinese officials"},
}
NEW_GUESS = {
    "label": "claim",
    "fragments": [{"start": 0, "end": 7, "quote": "Ukraine"}, {"quote": "its claim"}],
    "origin": "model",
    "confidence": 0.71,
}


def _annotation(new: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    return {
        "id": new["id"],
        "project": "demo",
        "document_id": DOCUMENT_ID,
        "revision": 1,
        "external_id": None,
        "label": new["label"],
        "start": start,
        "end": end,
        "quote": new["quote"],
        "fragments": None,
        "offset_unit": "code_points",
        "attributes": new["attributes"],
        "note": None,
        "origin": "human",
        "confidence": None,
        "author": "annotator-a",
        "status": "pending",
        "decided_by": None,
        "decided_at": None,
        "version": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "warnings": [],
    }


CLAIM = _annotation(NEW_CLAIM, 39, 119)
EDITED_CLAIM = {
    **CLAIM,
    "note": "The cue is a noun.",
    "status": "pending",
    "decided_by": None,
    "decided_at": None,
    "version": 3,
}

NEW_RELATION = {"id": RELATION_ID, "type": "denies", "source": DENIAL_ID, "target": CLAIM_ID}
RELATION = {
    "id": RELATION_ID,
    "project": "demo",
    "document_id": DOCUMENT_ID,
    "type": "denies",
    "source": DENIAL_ID,
    "target": CLAIM_ID,
    "author": "annotator-a",
    "version": 1,
    "created_at": MOMENT,
}


def _decision(annotation: str, number: int, **said: Any) -> dict[str, Any]:
    return {
        "id": _id(number),
        "annotation": annotation,
        "version": 1,
        "resulting_version": 2,
        **said,
        "reviewer": "reviewer",
        "decided_at": MOMENT,
    }


DECISION = _decision(
    CLAIM_ID,
    7,
    verdict="request_changes",
    status="changes_requested",
    comment="Say in a note that the cue is a noun.",
)
APPROVAL = _decision(DENIAL_ID, 8, verdict="approve", status="approved", comment=None)

FIRST_VERSION = {
    **{
        name: CLAIM[name]
        for name in (
            "version",
            "revision",
            "label",
            "start",
            "end",
            "quote",
            "fragments",
            "offset_unit",
            "attributes",
            "note",
            "confidence",
            "status",
        )
    },
    "edited_by": "annotator-a",
    "changed_by": "annotator-a",
    "changed_at": MOMENT,
    "withdrawn": False,
}
HISTORY = {
    "annotation": CLAIM_ID,
    "versions": [
        FIRST_VERSION,
        {
            **FIRST_VERSION,
            "version": 2,
            "status": "changes_requested",
            "changed_by": "reviewer",
        },
    ],
    "decisions": [DECISION],
    "next": None,
}
