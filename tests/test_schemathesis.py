"""Whatever the OpenAPI document allows, and much that it forbids, sent to the real application.

Nothing of it is answered by a 500, by a status, a problem, a header or a media type of which the
document does not tell, or by a body that breaks its schema; and what breaks the schema of a request
is refused. What is sent is the same every time.
"""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from itertools import count
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.openapi import from_dict
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans
from starlette.types import ASGIApp

from app.core.errors import MEDIA_TYPE
from app.main import create_app, wrapped
from app.operations.openapi.examples import REQUESTS
from tests import make
from tests.conftest import DIALECTS, TOKENS, Databases
from tests.conftest import settings as settings_of

REFUSALS = [400, 401, 403, 404, 405, 410, 412, 413, 415, 422, 428]
CHECKS = {
    # What fits the schema may still not fit the text, the scheme or the version.
    "positive_data_acceptance": {"enabled": False},
    # All of it is sent without a token, too.
    "ignored_auth": {"enabled": False},
    "missing_required_header": {"expected-statuses": [401, 403, 404, 410, 422, 428]},
    "negative_data_rejection": {"expected-statuses": REFUSALS},
}
# Each decision that is not of its form is refused on its own, in an answer to them all; and no body
# at all is a file, that of an empty project.
OF_OPERATIONS = [
    {
        "include-operation-id": operation,
        "checks": {"negative_data_rejection": {"expected-statuses": [200, *REFUSALS]}},
    }
    for operation in ("decide_many", "import_file")
]

F = TypeVar("F", bound=Callable[..., None])

_running: list[ASGIApp] = []


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """The application under test, which is not there yet when the tests are collected."""
    await _running[-1](scope, receive, send)


@cache
def _document() -> dict[str, Any]:
    return create_app(settings_of("sqlite:///never-opened.db")).openapi()


def _schema(mode: str = "all", **phases: Any) -> Any:
    # Its examples are the application's own, and they are sent with other ids in them (``aim``).
    document = deepcopy(_document())
    generation = {"with-security-parameters": False, "mode": mode}
    config = {
        "checks": CHECKS,
        "operations": OF_OPERATIONS,
        "generation": generation,
        "phases": phases,
    }
    schema = from_dict(document, config=SchemathesisConfig.from_dict(config))
    schema.app = _application
    return schema


OF_ADMINS = ["users", "audit", "projects"]
WHOLE = _schema()
# To whom it is closed, one request is like another.
BRIEF = _schema(coverage={"enabled": False})


def each_of(operations: Any, *, at_random: int) -> Callable[[F], F]:
    """Give a test cases of each operation: all that are enumerated, and so many others."""
    how = settings(
        max_examples=at_random,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    def parametrized(test: F) -> F:
        parametrize: Callable[[F], F] = operations.parametrize()
        return parametrize(how(test))

    return parametrized


@pytest.fixture(scope="module", params=DIALECTS, autouse=True)
def application(request: pytest.FixtureRequest, databases: Databases) -> Iterator[None]:
    """The application runs on a newsroom of its own, in an event loop of its own."""
    url = databases.furnished(request.param)
    _running.append(wrapped(create_app(settings_of(url))))
    yield
    shutdown_lifespans()
    _running.pop()
    databases.drop(url)


class Things:
    """What there is to ask for, made anew for each test, for some of it is taken away."""

    def __init__(self, client: ASGIClient) -> None:
        self._client = client
        self.document = self._made("/v1/projects/demo/documents", "create_document", "article")
        annotations = f"/v1/documents/{self.document}/annotations"
        self.claim = self._made(annotations, "create_annotation", "offsets")
        self.denial = self._made(annotations, "create_annotation", "quote")
        relations = f"/v1/documents/{self.document}/relations"
        self.relation = self._made(relations, "create_relation", "denies")
        headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
        body = {"name": "r1"}
        answer = client.post("/v1/projects/demo/releases", json=body, headers=headers)
        assert answer.status_code in {200, 201, 409}, answer.text
        self.ids = {
            "documents": self.document,
            "annotations": self.claim,
            "relations": self.relation,
        }

    def _made(self, path: str, operation: str, name: str) -> str:
        body = {**REQUESTS[operation][name][1], "id": None, "external_id": None}
        if operation == "create_relation":
            body = {"type": "denies", "source": self.denial, "target": self.claim}
        headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
        answer = self._client.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id

    def token_of(self, role: str) -> str:
        """The id of one of somebody's tokens, to revoke."""
        headers = {"Authorization": f"Bearer {TOKENS[role]}"}
        made = self._client.post("/v1/tokens", json={"name": "spare"}, headers=headers)
        id: str = made.json()["id"]
        return id

    def aim(self, case: "Case[Any]", role: str) -> None:
        """Let three of four cases ask for what is there, and two of them at its version."""
        wait = (case.query or {}).get("wait")
        if isinstance(wait, int) and 0 < wait <= 60:
            # Nothing will come: to wait for it would take a minute each time.
            case.query["wait"] = 0
        dice = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 4
        if dice == 0:
            return
        kind = case.path.removeprefix("/v1/").partition("/")[0]
        names = {"project": "demo", "name": "annotator-b", "code": "quote-mismatch"}
        names["id"] = self.token_of(role) if kind == "tokens" else self.ids.get(kind, "")
        if "/releases/" in case.path:
            names["name"] = "r1"
        for name, value in (case.path_parameters or {}).items():
            if names.get(name) and (name != "id" or _is_id(value)):
                case.path_parameters[name] = names[name]
        if dice > 1 and "If-Match" in (case.headers or {}):
            case.headers["If-Match"] = '"1"'
        if kind == "users" and dice < 3:
            _without_password(case.body)
        for part in _objects_in(case.body):
            ends = {"source": self.denial, "target": self.claim, "annotation": self.claim}
            known = {name for name in ends.keys() & part.keys() if _is_id(part[name])}
            part.update({name: ends[name] for name in known})


def _without_password(body: Any) -> None:
    """Most users get none: to hash one takes a tenth of a second. What is wrong stays wrong."""
    password = body.get("password") if isinstance(body, dict) else None
    if isinstance(password, str) and 12 <= len(password) <= 1000:
        del body["password"]


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_id(value: object) -> bool:
    """Whether it is an id: what is wrong on purpose stays wrong."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _objects_in(body: Any) -> Iterator[dict[str, Any]]:
    """A body's objects: itself, or those that it lists."""
    if isinstance(body, dict):
        yield body
        for listed in body.values():
            if isinstance(listed, list):
                yield from (item for item in listed if isinstance(item, dict))


@pytest.fixture
def things() -> Iterator[Things]:
    with get_client(_application) as client:
        yield Things(client)


def problem_is_told(_context: CheckContext, response: Response, case: "Case[Any]") -> None:
    """The problem is one that the document lists for the operation under this status."""
    if response.headers.get("content-type") != [MEDIA_TYPE] or response.status_code == 405:
        return
    answers = case.operation.definition.raw["responses"]
    told = answers[str(response.status_code)]["content"][MEDIA_TYPE]["examples"]
    code = response.json()["type"].removeprefix("/problems/")
    assert code in told, f"{case.operation.label} does not tell of {code}"


def ask(case: "Case[Any]", role: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS[role]}"} if role in TOKENS else {}
    case.call_and_validate(headers=headers, additional_checks=[problem_is_told])


@each_of(WHOLE.exclude(tag=OF_ADMINS), at_random=6)
def test_a_manager_is_answered_as_documented(case: "Case[Any]", things: Things) -> None:
    things.aim(case, "manager")
    ask(case, "manager")


@each_of(WHOLE.include(tag=OF_ADMINS), at_random=6)
def test_an_admin_is_answered_as_documented(case: "Case[Any]", things: Things) -> None:
    things.aim(case, "admin")
    ask(case, "admin")


@each_of(BRIEF.include(tag=OF_ADMINS), at_random=3)
def test_a_manager_who_may_less_is_answered_as_documented(case: "Case[Any]") -> None:
    ask(case, "manager")


@each_of(BRIEF, at_random=3)
def test_nobody_is_answered_as_documented(case: "Case[Any]") -> None:
    ask(case, "nobody")


WHAT_LEADS_ON = ["projects", "documents", "annotations", "review"]
LINKED = _schema(mode="positive").include(tag=WHAT_LEADS_ON)


class Linked(LINKED.as_state_machine()):  # type: ignore[misc]  # a class made by a call
    """An admin who goes where the document's links lead from what was answered."""

    went: ClassVar[Counter[str]] = Counter()
    """How often each operation that writes took what a link said of it."""
    numbers: ClassVar[Iterator[int]] = count()

    def get_call_kwargs(self, case: "Case[Any]") -> dict[str, Any]:  # noqa: ARG002  # as it is called
        """By token."""
        return {"headers": {"Authorization": f"Bearer {TOKENS['admin']}"}}

    def before_call(self, case: "Case[Any]") -> None:
        """Let most of what is sent be what can be taken: by chance, hardly anything is."""
        operation = case.operation.definition.raw["operationId"]
        path = case.path_parameters or {}
        if operation == "revoke_token" and str(path["id"]).replace("-", "") in TOKENS["admin"]:
            # Nothing could be asked with that any more.
            path["id"] = str(make.id_of(404))
        given = [body for _, body in REQUESTS.get(operation, {}).values()]
        dice = zlib.crc32(repr(case.body).encode())
        body: Any = case.body
        if operation in SHOWN and dice % 4:
            body = {**given[dice % len(given)]}
        if operation.startswith("create_"):
            # The machine goes the same way again, and then it must come to the same answers.
            for unique in body.keys() & {"id", "external_id"}:
                del body[unique]
            for unique in body.keys() & {"slug", "name"}:
                body[unique] = f"n{next(self.numbers)}"
        case.body = body

    def validate_response(self, response: Response, case: "Case[Any]", **how: Any) -> None:
        """Everything that is checked of a single request, and that the problem is told of."""
        super().validate_response(response, case, additional_checks=[problem_is_told], **how)

    def after_call(self, response: Response, case: "Case[Any]") -> None:
        """Count what was written under the version that was answered before."""
        if response.status_code < 300 and "If-Match" in (case.headers or {}):
            self.went[case.operation.definition.raw["operationId"]] += 1


SHOWN = {
    *("create_project", "create_document", "create_annotation", "create_token", "create_user"),
    *("decide", "update_annotation", "update_document", "update_project"),
}
"""What is sent as the document shows it, most of the time."""


def test_what_was_answered_leads_where_the_links_say() -> None:
    how = settings(
        max_examples=8,
        stateful_step_count=20,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    Linked.went.clear()

    run_state_machine_as_test(Linked, settings=how)

    # By chance, no request would name the version of what it is about.
    assert Linked.went.total() > 1, Linked.went
