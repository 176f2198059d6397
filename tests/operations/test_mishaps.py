"""The examples of problems are what Stet answers: each is made to happen here."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.core.errors import catalogue
from app.operations.openapi.examples import PROBLEMS, REQUESTS
from app.operations.openapi.story import CLAIM_ID, DENIAL_ID, DOCUMENT_ID, RELATION_ID, SCHEME
from tests import make
from tests.conftest import Newsroom

ANNOTATIONS = f"/v1/documents/{DOCUMENT_ID}/annotations"
RELATIONS = f"/v1/documents/{DOCUMENT_ID}/relations"
DOCUMENTS = "/v1/projects/demo/documents"
CLAIM = f"/v1/annotations/{CLAIM_ID}"
DECISIONS = f"{CLAIM}/decisions"
FIRST = {"If-Match": '"1"'}

# What is no answer to a request in itself, and the one that only has others below it.
ELSEWHERE = {"head-too-large", "import-refused", "internal-error", "invalid-http"}
ELSEWHERE |= {"format-not-installed", "request-timeout", "unavailable", "unprocessable"}
ELSEWHERE |= {"unknown-transfer-coding"}


async def furnish(newsroom: Newsroom) -> None:
    """The document, the two annotations and the relation of the examples."""
    annotator = newsroom["annotator"]
    await make.said(await annotator.post(DOCUMENTS, json=shown("create_document", "article")))
    for name in ("offsets", "quote"):
        await make.said(await annotator.post(ANNOTATIONS, json=shown("create_annotation", name)))
    relation = shown("create_relation", "denies")
    await make.said(await annotator.post(RELATIONS, json=relation))


def shown(operation: str, name: str) -> dict[str, Any]:
    body: dict[str, Any] = REQUESTS[operation][name][1]
    return body


def span(**fields: Any) -> dict[str, Any]:
    """A span of the examples' text, spoilt in some way."""
    return {"json": {"label": "claim", "start": 0, "end": 7, "quote": "Ukraine", **fields}}


# Who asks, how, where, and with what.
ASKED: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "bad-credentials": (
        "nobody",
        "POST",
        "/v1/session",
        {"json": {"username": "annotator-a", "password": "a wrong one"}},
    ),
    "invalid-file": (
        "annotator",
        "POST",
        "/v1/projects/demo/import?format=brat",
        {"content": b"no archive"},
    ),
    "comment-required": (
        "reviewer",
        "POST",
        DECISIONS,
        {"json": {"verdict": "reject"}, "headers": FIRST},
    ),
    "conflict": (
        "admin",
        "PATCH",
        "/v1/users/admin",
        {"json": {"is_admin": False}, "headers": FIRST},
    ),
    "control-character": (
        "annotator",
        "POST",
        DOCUMENTS,
        {"json": {"title": "Ukraine", "text": "Ukraine has\u0000 expanded on its claim"}},
    ),
    "cross-site-request": (
        "nobody",
        "POST",
        "/v1/session",
        {
            "json": {"username": "annotator-a", "password": "a wrong one"},
            "headers": {"Origin": "https://elsewhere.example"},
        },
    ),
    "external-id-conflict": (
        "annotator",
        "POST",
        DOCUMENTS,
        {"json": {"title": "Ukraine", "text": "Ukraine", "external_id": "ukraine-2025-04-09"}},
    ),
    "forbidden": ("reader", "POST", ANNOTATIONS, span()),
    "fragments-invalid": (
        "annotator",
        "POST",
        ANNOTATIONS,
        {"json": {"label": "claim", "fragments": [{"quote": "its claim"}, {"quote": "Ukraine"}]}},
    ),
    "id-conflict": ("annotator", "POST", ANNOTATIONS, span(id=CLAIM_ID)),
    "invalid-attribute": (
        "annotator",
        "POST",
        ANNOTATIONS,
        span(attributes={"directness": "sideways"}),
    ),
    "invalid-body": ("annotator", "POST", ANNOTATIONS, span(label="rumour", end=0, quote="")),
    "invalid-json": (
        "annotator",
        "POST",
        ANNOTATIONS,
        {"content": '{"label": "claim",}', "headers": {"Content-Type": "application/json"}},
    ),
    "invalid-parameter": ("reader", "GET", f"{DOCUMENTS}?limit=5000", {}),
    "invalid-scheme": (
        "manager",
        "PUT",
        "/v1/projects/demo/scheme",
        {"json": {**SCHEME, "labels": SCHEME["labels"] * 2}, "headers": FIRST},  # type: ignore[operator]
    ),
    "invalid-value": (
        "annotator",
        "POST",
        DOCUMENTS,
        {"json": {"title": "Ukraine", "text": "Ukraine", "published_on": "yesterday"}},
    ),
    "method-not-allowed": ("reader", "PUT", CLAIM, span()),
    "missing-field": ("annotator", "POST", DOCUMENTS, {"json": {"title": "Ukraine"}}),
    "name-taken": ("admin", "POST", "/v1/users", {"json": {"name": "annotator"}}),
    "not-found": ("stranger", "GET", CLAIM, {}),
    "offset-inside-character": (
        "annotator",
        "POST",
        f"{ANNOTATIONS}?offset_unit=utf8",
        span(start=103, end=105, quote="’"),
    ),
    "offset-not-integer": ("annotator", "POST", ANNOTATIONS, span(start="0")),
    "offset-out-of-range": ("annotator", "POST", ANNOTATIONS, span(end=9000)),
    "own-annotation": (
        "reviewer",
        "POST",
        "/v1/annotations/{own}/decisions",
        {"json": {"verdict": "approve"}, "headers": FIRST},
    ),
    "precondition-required": ("annotator", "PATCH", CLAIM, {"json": {"note": "A note."}}),
    "quote-ambiguous": (
        "annotator",
        "POST",
        ANNOTATIONS,
        {"json": {"label": "quote", "quote": "Chin"}},
    ),
    "quote-mismatch": ("annotator", "POST", ANNOTATIONS, span(start=1, end=8)),
    "quote-missing": ("annotator", "POST", ANNOTATIONS, span(quote=None)),
    "quote-not-found": (
        "annotator",
        "POST",
        ANNOTATIONS,
        {"json": {"label": "quote", "quote": 'called the allegations "totally unfounded"'}},
    ),
    "relation-not-allowed": (
        "annotator",
        "POST",
        RELATIONS,
        {"json": {"type": "denies", "source": CLAIM_ID, "target": DENIAL_ID}},
    ),
    "scheme-orphans": (
        "manager",
        "PUT",
        "/v1/projects/demo/scheme",
        {
            "json": {"name": "quotes", "labels": [{"name": "quote"}]},
            "headers": FIRST,
        },
    ),
    "span-empty": ("annotator", "POST", ANNOTATIONS, span(end=0, quote="")),
    "span-reversed": ("annotator", "POST", ANNOTATIONS, span(start=7, end=0)),
    "stale-version": (
        "manager",
        "PATCH",
        "/v1/projects/demo",
        {"json": {"name": "Claims in the news"}, "headers": {"If-Match": '"9"'}},
    ),
    "too-large": (
        "annotator",
        "POST",
        DOCUMENTS,
        {"json": {"title": "Ukraine", "text": "Ukraine " * 625_001}},
    ),
    "unauthenticated": ("nobody", "GET", "/v1/me", {}),
    "unknown-annotation": (
        "annotator",
        "POST",
        RELATIONS,
        {"json": {"type": "denies", "source": str(make.id_of(9)), "target": CLAIM_ID}},
    ),
    "unknown-field": ("annotator", "POST", ANNOTATIONS, span(lable="denial")),
    "unknown-label": ("annotator", "POST", ANNOTATIONS, span(label="rumour")),
    "unknown-user": (
        "manager",
        "PUT",
        "/v1/projects/demo/members/anotator",
        {"json": {"role": "annotator"}},
    ),
    "unsupported-media-type": (
        "annotator",
        "POST",
        DOCUMENTS,
        {"content": "Ukraine", "headers": {"Content-Type": "text/plain"}},
    ),
}


async def gone(newsroom: Newsroom) -> httpx.Response:
    relation = f"/v1/relations/{RELATION_ID}"
    await newsroom["annotator"].delete(relation, headers=FIRST)
    return await newsroom["annotator"].get(relation)


async def last_manager(newsroom: Newsroom) -> httpx.Response:
    members = "/v1/projects/demo/members"
    await newsroom["admin"].delete(f"{members}/admin", headers=FIRST)
    return await newsroom["admin"].delete(f"{members}/manager", headers=FIRST)


async def too_many_requests(newsroom: Newsroom) -> httpx.Response:
    for _ in range(10):
        await newsroom["nobody"].post("/v1/session", json={"username": "a", "password": "b"})
    return await newsroom["nobody"].post("/v1/session", json={"username": "a", "password": "b"})


DONE: dict[str, Callable[[Newsroom], Awaitable[httpx.Response]]] = {
    "gone": gone,
    "last-manager": last_manager,
    "too-many-requests": too_many_requests,
}
"""What takes more than one request."""

_ID_OR_MOMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")


def structure(value: Any) -> Any:
    """The value without ids, moments and sentences, which may be put in better words."""
    if isinstance(value, dict):
        return {name: structure(item) for name, item in value.items() if name != "detail"}
    if isinstance(value, list):
        return [structure(item) for item in value]
    return "made here" if isinstance(value, str) and _ID_OR_MOMENT.fullmatch(value) else value


async def happened(newsroom: Newsroom, code: str) -> httpx.Response:
    await furnish(newsroom)
    if code in DONE:
        return await DONE[code](newsroom)
    who, method, path, request = ASKED[code]
    if "{own}" in path:
        own = await make.annotation(newsroom["reviewer"], DOCUMENT_ID, quote="its claim")
        path = path.format(own=own["id"])
    return await newsroom[who].request(method, path, **request)


@pytest.mark.parametrize("code", [*ASKED, *DONE])
async def test_a_problem_is_answered_as_its_example_shows(newsroom: Newsroom, code: str) -> None:
    answer = await happened(newsroom, code)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == PROBLEMS[code]["status"]
    assert structure(answer.json()) == structure(PROBLEMS[code])


def test_every_problem_has_an_example() -> None:
    assert PROBLEMS.keys() == catalogue().keys()
    assert catalogue().keys() == ASKED.keys() | DONE.keys() | ELSEWHERE
