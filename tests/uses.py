"""Every route of Stet: who may use it, and a lawful use of it.

``test_contract.py`` and the tests of HTTP ask every route what holds for all of them; a route that
is not in this table fails there, so none can be forgotten.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.routing import iter_route_contexts

from app.main import create_app
from tests import make
from tests.conftest import settings

if TYPE_CHECKING:
    from tests.desk import Desk

ROLES = ("reader", "annotator", "reviewer", "manager", "admin", "stranger", "nobody")
"""Members of ``demo``, an admin who is none, a user who is none, and no user at all."""


@dataclass(frozen=True)
class Use:
    """A lawful use of a route, and what each of ``ROLES`` is answered."""

    answers: tuple[int, ...]
    body: Any = None
    """JSON, or what lays it out on a desk."""
    query: str = ""

    def of(self, role: str) -> int:
        """What the role is answered."""
        return self.answers[ROLES.index(role)]


def _open(status: int = 200) -> tuple[int, ...]:
    return (status,) * 7


def _signed_in(status: int = 200) -> tuple[int, ...]:
    return (*(status,) * 6, 401)


def _from_reader(status: int = 200) -> tuple[int, ...]:
    return (*(status,) * 5, 404, 401)


def _from_annotator(status: int = 200) -> tuple[int, ...]:
    return (403, *(status,) * 4, 404, 401)


def _from_reviewer(status: int = 200) -> tuple[int, ...]:
    return (403, 403, *(status,) * 3, 404, 401)


def _from_manager(status: int = 200) -> tuple[int, ...]:
    return (403, 403, 403, *(status,) * 2, 404, 401)


def _admin(status: int = 200) -> tuple[int, ...]:
    return (403, 403, 403, 403, status, 403, 401)


PASSWORD = "no password of the docs"
"""Of all users that have one here. The documentation shows another one."""


async def _sign_in(desk: "Desk") -> dict[str, Any]:
    return {"username": await desk.user(password=PASSWORD), "password": PASSWORD}


async def _other_password(desk: "Desk") -> dict[str, Any]:
    await desk.give_password(PASSWORD)
    return {"current_password": PASSWORD, "password": f"{PASSWORD}, either"}


async def _new_user(desk: "Desk") -> dict[str, Any]:
    return {"name": desk.name(), "display_name": "Somebody New", "is_admin": False}


async def _new_project(desk: "Desk") -> dict[str, Any]:
    return {
        "slug": desk.name(),
        "name": "Another",
        "description": "of many",
        "scheme": SCHEME,
        "settings": {"allow_self_review": True},
    }


async def _relation(desk: "Desk") -> dict[str, Any]:
    return {"type": "denies", "source": desk.denial, "target": desk.claim}


async def _verdicts(desk: "Desk") -> dict[str, Any]:
    await desk.annotate()
    return {
        "decisions": [
            {"annotation": desk.claim, "version": 1, "verdict": "approve"},
            {"annotation": desk.denial, "version": 1, "verdict": "reject", "comment": "It is not."},
        ]
    }


async def _release(desk: "Desk") -> dict[str, Any]:
    await desk.annotate()
    return {"name": desk.name(), "description": "Frozen.", "filter": {"status": ["pending"]}}


SCHEME = {
    "name": "two-labels",
    "labels": [
        {
            "name": "claim",
            "description": "A checkable statement",
            "color": "#2563eb",
            "hotkey": "1",
            "attributes": [
                {"name": "speaker", "type": "string", "required": False},
                {"name": "cue_span", "type": "span"},
                {"name": "polarity", "type": "enum", "values": ["positive", "negative"]},
            ],
        },
        {"name": "denial", "attributes": []},
    ],
    "relations": [
        {"name": "denies", "source": ["denial"], "target": ["claim"], "symmetric": False}
    ],
}

TABLE: dict[str, Use] = {
    "GET /v1/me": Use(_signed_in()),
    "POST /v1/me/password": Use(_signed_in(204), _other_password),
    "POST /v1/session": Use(_open(), _sign_in),
    "DELETE /v1/session": Use(_signed_in(204)),
    "GET /v1/tokens": Use(_signed_in()),
    "POST /v1/tokens": Use(
        _signed_in(201),
        {"name": "ci", "role": "reader", "expires_at": "2999-01-01T00:00:00Z"},
    ),
    "GET /v1/tokens/{id}": Use(_signed_in()),
    "DELETE /v1/tokens/{id}": Use(_signed_in(204)),
    "GET /v1/users": Use(_admin()),
    "POST /v1/users": Use(_admin(201), _new_user),
    "GET /v1/users/{name}": Use(_admin()),
    "PATCH /v1/users/{name}": Use(_admin(), {"display_name": "Renamed", "is_active": False}),
    "GET /v1/audit": Use(_admin()),
    "GET /v1/projects": Use(_signed_in()),
    "POST /v1/projects": Use(_admin(201), _new_project),
    "GET /v1/projects/{project}": Use(_from_reader()),
    "PATCH /v1/projects/{project}": Use(
        _from_manager(),
        {"name": "Demo", "description": None, "settings": {"allow_self_review": False}},
    ),
    "GET /v1/projects/{project}/members": Use(_from_reader()),
    "GET /v1/projects/{project}/members/{name}": Use(_from_reader()),
    "PUT /v1/projects/{project}/members/{name}": Use(_from_manager(201), {"role": "reviewer"}),
    "DELETE /v1/projects/{project}/members/{name}": Use(_from_manager(204)),
    "GET /v1/projects/{project}/scheme": Use(_from_reader()),
    "PUT /v1/projects/{project}/scheme": Use(_from_manager(), SCHEME),
    "GET /v1/projects/{project}/documents": Use(_from_reader()),
    "POST /v1/projects/{project}/documents": Use(
        _from_annotator(201),
        {
            "title": "An article",
            "text": make.TEXT,
            "language": "en-GB",
            "source_url": "https://example.org/article",
            "published_on": "2026-11-23",
            "metadata": {"desk": "foreign", "tags": ["war"], "words": 30},
        },
    ),
    "GET /v1/documents/{id}": Use(_from_reader()),
    # Who added a document may change its particulars, and a manager may.
    "PATCH /v1/documents/{id}": Use(
        (403, 200, 403, 200, 200, 404, 401), {"title": "Retitled", "metadata": {"desk": None}}
    ),
    "DELETE /v1/documents/{id}": Use(_from_manager(204)),
    "GET /v1/documents/{id}/text": Use(_from_reader()),
    "GET /v1/documents/{id}/annotations": Use(_from_reader()),
    "POST /v1/documents/{id}/annotations": Use(
        _from_annotator(201),
        {
            "label": "claim",
            "start": 18,
            "end": 52,
            "quote": "Chinese nationals fight for Russia",
            "attributes": {"speaker": "Ukraine", "cue_span": {"quote": "Ukraine says that"}},
            "note": "The first sentence.",
            "origin": "model",
            "confidence": 0.5,
        },
    ),
    "GET /v1/documents/{id}/relations": Use(_from_reader()),
    "POST /v1/documents/{id}/relations": Use(_from_annotator(201), _relation),
    "GET /v1/projects/{project}/annotations": Use(_from_reader()),
    "GET /v1/annotations/{id}": Use(_from_reader()),
    # One's own, or a reviewer anyone's.
    "PATCH /v1/annotations/{id}": Use(
        _from_annotator(), {"label": "claim", "note": "On reflection."}
    ),
    "DELETE /v1/annotations/{id}": Use(_from_annotator(204)),
    "GET /v1/relations/{id}": Use(_from_reader()),
    "DELETE /v1/relations/{id}": Use(_from_annotator(204)),
    "GET /v1/annotations/{id}/history": Use(_from_reader()),
    "GET /v1/annotations/{id}/decisions": Use(_from_reader()),
    "POST /v1/annotations/{id}/decisions": Use(
        _from_reviewer(201), {"verdict": "request_changes", "comment": "Shorten it."}
    ),
    "POST /v1/projects/{project}/decisions": Use(_from_reviewer(), _verdicts),
    "GET /v1/projects/{project}/changes": Use(_from_reader()),
    "GET /v1/projects/{project}/progress": Use(_from_reader()),
    "GET /v1/projects/{project}/export": Use(_from_reader(), query="format=jsonl"),
    "POST /v1/projects/{project}/import": Use(
        _from_annotator(), {"title": "In a file", "text": "It says so."}, query="format=jsonl"
    ),
    "POST /v1/projects/{project}/releases": Use(_from_manager(201), _release),
    "GET /v1/projects/{project}/releases": Use(_from_reader()),
    "GET /v1/projects/{project}/releases/{name}": Use(_from_reader()),
    "GET /v1/projects/{project}/releases/{name}/export": Use(_from_reader(), query="format=jsonl"),
    "GET /healthz": Use(_open()),
    "GET /readyz": Use(_open()),
    "GET /metrics": Use(_open()),
    "GET /openapi.json": Use(_open()),
    "GET /": Use(_open()),
    "GET /static/{path}": Use(_open()),
    "GET /docs": Use(_open()),
    "GET /docs/static/{file}": Use(_open()),
    "GET /problems/{code}": Use(_open()),
}


def _routes() -> list[str]:
    app = create_app(settings("sqlite:///opened-by-nobody.db"))
    return [
        f"{method} {(context.path or '').replace(':path', '')}"
        for context in iter_route_contexts(app.routes)
        for method in sorted(set(context.methods or ()) - {"HEAD"})
    ]


ROUTES = _routes()
"""``<METHOD> <path>`` of every route there is."""
