"""The examples of the OpenAPI document are what Stet answers."""

import json
import re
from typing import Any

import httpx

from app.operations.openapi.example_answers import ANSWERS
from app.operations.openapi.examples import REQUESTS
from app.operations.openapi.story import CLAIM_ID, DENIAL_ID, DOCUMENT_ID, RELATION_ID
from tests import make
from tests.conftest import Newsroom

_MADE_HERE = (
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    re.compile(r"stet_[0-9a-f]{32}_[A-Za-z0-9_-]{43}"),
)
"""Ids, moments and secrets: no two runs make the same."""

DOCUMENT = f"/v1/documents/{DOCUMENT_ID}"
CLAIM = f"/v1/annotations/{CLAIM_ID}"


def plain(value: Any) -> Any:
    """The value with a word in place of what is made anew each time."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        for number, made in enumerate(_MADE_HERE):
            if made.fullmatch(value):
                return f"made {number}"
    return value


def is_as_shown(answer: httpx.Response, operation: str, status: int = 200) -> None:
    assert answer.status_code == status, answer.text
    assert plain(answer.json()) == plain(ANSWERS[operation][status])


def shows(answer: httpx.Response, operation: str) -> None:
    """A list, which may hold more than the example."""
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == ANSWERS[operation][200].keys()
    assert plain(ANSWERS[operation][200]["items"][0]) in plain(answer.json()["items"])


def request_of(operation: str, name: str) -> Any:
    return REQUESTS[operation][name][1]


async def signed_in(newsroom: Newsroom) -> httpx.AsyncClient:
    """The annotator of the story, made and made a member as the examples do, in a browser."""
    admin, manager = newsroom["admin"], newsroom["manager"]
    made = await admin.post("/v1/users", json=request_of("create_user", "annotator"))
    is_as_shown(made, "create_user", 201)
    member = "/v1/projects/demo/members/annotator-a"
    joined = await manager.put(member, json=request_of("set_member", "annotator"))
    is_as_shown(joined, "set_member", 201)
    browser = newsroom.client(origin="http://stet.test")
    session = await browser.post("/v1/session", json=request_of("sign_in", "name and password"))
    is_as_shown(session, "sign_in")
    return browser


async def test_people_and_projects(newsroom: Newsroom) -> None:
    admin, browser = newsroom["admin"], await signed_in(newsroom)
    one = {"If-Match": '"1"'}

    is_as_shown(await browser.get("/v1/me"), "get_me")
    token = await browser.post("/v1/tokens", json=request_of("create_token", "narrowed"))
    is_as_shown(token, "create_token", 201)
    is_as_shown(await browser.get(token.headers["location"]), "get_token")
    shows(await browser.get("/v1/tokens"), "list_tokens")
    shows(await admin.get("/v1/users"), "list_users")
    is_as_shown(await admin.get("/v1/users/annotator-a"), "get_user")
    shows(await browser.get("/v1/projects/demo/members"), "list_members")
    is_as_shown(await browser.get("/v1/projects/demo/members/annotator-a"), "get_member")

    made = await admin.post("/v1/projects", json=request_of("create_project", "scheme"))
    is_as_shown(made, "create_project", 201)
    project = made.headers["location"]
    is_as_shown(await admin.get(project), "get_project")
    shows(await admin.get("/v1/projects"), "list_projects")
    is_as_shown(await admin.get(f"{project}/scheme"), "get_scheme")
    scheme = request_of("set_scheme", "claims") | {"name": "new"}
    changed = await admin.put(f"{project}/scheme", json=scheme, headers=one)
    assert changed.json() == ANSWERS["set_scheme"][200] | {"name": "new"}
    fields = request_of("update_project", "describe")
    version = (await admin.get(project)).headers["etag"]
    described = await admin.patch(project, json=fields, headers={"If-Match": version})
    assert described.json().keys() == ANSWERS["update_project"][200].keys()

    fields = request_of("update_user", "deactivate")
    is_as_shown(await admin.patch("/v1/users/annotator-a", json=fields, headers=one), "update_user")
    shows(await admin.get("/v1/audit"), "list_audit_events")


async def test_a_document_and_its_review(newsroom: Newsroom) -> None:
    browser, reviewer = await signed_in(newsroom), newsroom["reviewer"]
    another = request_of("change_password", "another")
    assert (await browser.post("/v1/me/password", json=another)).status_code == 204

    documents, article = "/v1/projects/demo/documents", request_of("create_document", "article")
    is_as_shown(await browser.post(documents, json=article), "create_document", 201)
    is_as_shown(await browser.post(documents, json=article), "create_document", 200)
    is_as_shown(await browser.get(DOCUMENT), "get_document")
    assert (await browser.get(f"{DOCUMENT}/text")).text == ANSWERS["get_text"][200]
    shows(await browser.get(documents), "list_documents")
    exported = await browser.get("/v1/projects/demo/export?format=jsonl")
    shown = ANSWERS["export_project"][200]
    assert plain(json.loads(exported.text)) == plain(json.loads(shown["application/x-ndjson"]))

    for name in ("offsets", "quote"):
        for status in (201, 200):
            span = request_of("create_annotation", name)
            answer = await browser.post(f"{DOCUMENT}/annotations", json=span)
            assert answer.status_code == status
            if name == "offsets":
                is_as_shown(answer, "create_annotation", status)
    for name in ("context", "fragments"):
        span = request_of("create_annotation", name)
        await make.said(await browser.post(f"{DOCUMENT}/annotations", json=span))
    for status in (201, 200):
        joined = await browser.post(
            f"{DOCUMENT}/relations", json=request_of("create_relation", "denies")
        )
        is_as_shown(joined, "create_relation", status)
    is_as_shown(await browser.get(f"/v1/relations/{RELATION_ID}"), "get_relation")
    shows(await browser.get(f"{DOCUMENT}/relations"), "list_relations")
    shows(await browser.get(f"{DOCUMENT}/annotations"), "list_document_annotations")
    shows(await browser.get("/v1/projects/demo/annotations"), "list_annotations")
    is_as_shown(await browser.get(CLAIM), "get_annotation")

    verdict = request_of("decide", "request_changes")
    for status in (201, 200):
        decided = await reviewer.post(
            f"{CLAIM}/decisions", json=verdict, headers={"If-Match": '"1"'}
        )
        is_as_shown(decided, "decide", status)
    shows(await reviewer.get(f"{CLAIM}/decisions"), "list_decisions")
    is_as_shown(await reviewer.get(f"{CLAIM}/history"), "get_history")
    both = await reviewer.post(
        "/v1/projects/demo/decisions", json=request_of("decide_many", "approve")
    )
    is_as_shown(both, "decide_many")
    edited = await browser.patch(
        CLAIM, json=request_of("update_annotation", "note"), headers={"If-Match": '"2"'}
    )
    is_as_shown(edited, "update_annotation")
    assert (await browser.get(f"/v1/annotations/{DENIAL_ID}")).json()["status"] == "approved"

    progress = (await browser.get("/v1/projects/demo/progress")).json()
    shown = ANSWERS["get_progress"][200]
    assert progress == shown | {"days": [shown["days"][0] | {"day": progress["days"][0]["day"]}]}
