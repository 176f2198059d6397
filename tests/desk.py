"""Lawful requests to every route, laid out to be sent, or to be spoilt first."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import func, literal, select, union_all, update

from app.core.database import Database
from app.models import Base, User
from app.users.credentials import hash_password
from tests import make
from tests.conftest import Newsroom
from tests.uses import TABLE


@dataclass(frozen=True)
class Request:
    """A request that is lawful but for who makes it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any

    async def send(
        self, client: httpx.AsyncClient, content: Any = None, **headers: str | None
    ) -> httpx.Response:
        """The answer, to other ``content`` if it is given; None takes a header away."""
        url = f"{self.path}?{self.query}" if self.query else self.path
        sent: dict[str, str | None] = dict(self.headers)
        if self.body is not None or content is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if content is None and self.body is not None:
            content = json.dumps(self.body).encode()
        left = {name: value for name, value in sent.items() if value is not None}
        return await client.request(self.method, url, content=content, headers=left)


async def rows(newsroom: Newsroom) -> dict[str, int]:
    """How many rows each table has."""
    return await rows_in(newsroom.database)


async def rows_in(database: Database) -> dict[str, int]:
    """The same of any database."""
    counts = union_all(
        *(
            select(literal(table.name).label("name"), func.count().label("rows")).select_from(table)
            for table in Base.metadata.sorted_tables
        )
    )
    async with database.session(writes=False) as db:
        return {row.name: row.rows for row in await db.execute(counts)}


class Desk:
    """Lays out requests, each on fresh things of the annotator's."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._made = 0
        self._role = ""
        self.document = self.claim = self.denial = ""

    async def request(self, route: str, role: str = "admin") -> Request:
        """A lawful use of the route by that role."""
        use, self._role = TABLE[route], role
        method, template = route.split(" ")
        things = await self._things(method, template, role)
        path = template.format(**things)
        body = await use.body(self) if callable(use.body) else use.body
        headers = await self._conditions(method, path)
        return Request(method, path, use.query, headers, body)

    async def _things(self, method: str, template: str, role: str) -> dict[str, str]:
        things = {"project": "demo", "code": "not-found", "file": "docs.js", "path": "main.js"}
        if "/documents/{id}" in template:
            await self.annotate()
            things["id"] = self.document
        elif "/annotations/{id}" in template:
            await self.annotate()
            things["id"] = self.claim
        elif "/relations/{id}" in template:
            things["id"] = await self._relation()
        elif "/tokens/{id}" in template:
            things["id"] = await self._token(role)
        elif "/releases/{name}" in template:
            things["name"] = self.name()
            await make.release(self._newsroom["manager"], things["name"])
        elif "{name}" in template:
            things["name"] = await self.user()
            if "/members/" in template and method != "PUT":
                await make.member(self._newsroom["admin"], things["name"], "reader")
        return things

    async def _conditions(self, method: str, path: str) -> dict[str, str]:
        if method == "GET":
            return {}
        if "/tokens/" in path:
            return {"If-Match": '"1"'}
        answer = await self._newsroom["admin"].get(path.removesuffix("/decisions"))
        return {"If-Match": answer.headers["ETag"]} if "ETag" in answer.headers else {}

    def name(self) -> str:
        """A name that nothing has yet."""
        self._made += 1
        return f"fresh-{self._made}"

    async def user(self, **fields: Any) -> str:
        """The name of a user who is a member of nothing."""
        name = self.name()
        await make.said(
            await self._newsroom["admin"].post("/v1/users", json={"name": name, **fields})
        )
        return name

    async def give_password(self, password: str) -> None:
        """Let whoever the request is of have this password, and their sessions go on."""
        changed = update(User).where(User.name == self._role)
        async with self._newsroom.database.session(writes=True) as db:
            await db.execute(changed.values(password_hash=await hash_password(password)))

    async def annotate(self) -> None:
        """Put the ids of a new document, and of a claim and a denial in it, on the desk."""
        annotator = self._newsroom["annotator"]
        self.document = (await make.document(annotator))["id"]
        self.claim = (await make.annotation(annotator, self.document))["id"]
        denial = await make.annotation(annotator, self.document, "denial", "totally unfounded")
        self.denial = denial["id"]

    async def _relation(self) -> str:
        await self.annotate()
        annotator = self._newsroom["annotator"]
        made = await make.relation(annotator, self.document, "denies", self.denial, self.claim)
        return str(made["id"])

    async def _token(self, role: str) -> str:
        client = self._newsroom["reader" if role == "nobody" else role]
        made = await make.said(await client.post("/v1/tokens", json={"name": "a laptop"}))
        return str(made["id"])


async def stored(newsroom: Newsroom) -> str:
    """Every value in every column of every table, as text; bytes in hex."""
    found: list[str] = []
    async with newsroom.app.state.database.session(writes=False) as db:
        for table in Base.metadata.sorted_tables:
            for row in await db.execute(select(table)):
                found += [value.hex() if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(found)
