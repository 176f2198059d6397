"""A database with something of everything in it, and what the doctor says of it."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Executable

from app.core.database import Database
from app.core.settings import Settings
from app.operations.doctor import examination as doctor
from app.operations.doctor.stored import Finding
from tests import make
from tests.clients import PASSWORD
from tests.conftest import Newsroom, settings

TEXT = make.TEXT + make.ASTRAL
MISPLACED = "Annotations that are not where they say, or do not fit their scheme"
UNLIKE = "Texts that have not what is kept of them"


async def findings(database: Database, chosen: Settings | None = None) -> list[Finding]:
    looked_at = chosen or settings("postgresql://", database_pool_size=4)
    return [finding async for finding in doctor.examine(database, looked_at)]


async def ill(database: Database, chosen: Settings | None = None) -> list[tuple[str, str]]:
    """What is not well: what it is, and what is said of it."""
    return [(f.what, f.detail) for f in await findings(database, chosen) if not f.ok]


async def spoil(newsroom: Newsroom, *statements: Executable) -> Database:
    """Do to the database what Stet never would."""
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        for statement in statements:
            await db.execute(statement)
    return database


async def furnished(newsroom: Newsroom) -> dict[str, UUID]:
    """A document with everything that a span can be, reviewed, edited and partly withdrawn."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = (await make.document(annotator, TEXT))["id"]
    cue = {"quote": "says", "suffix": " that"}
    claim = (await make.annotation(annotator, document, attributes={"cue_span": cue}))["id"]
    denial = (await make.annotation(annotator, document, "denial", "totally unfounded"))["id"]
    parts = [{"quote": "Officials"}, {"quote": "🇺🇦 and 🇨🇳"}]
    spans = f"/v1/documents/{document}/annotations"
    posted = await annotator.post(spans, json={"label": "claim", "fragments": parts})
    pieces = (await make.said(posted))["id"]
    relation = (await make.relation(annotator, document, "denies", denial, claim))["id"]
    withdrawn = (await make.annotation(annotator, document, "quote", "Kyiv"))["id"]
    first = {"If-Match": '"1"'}
    gone = await annotator.delete(f"/v1/annotations/{withdrawn}", headers=first)
    assert gone.status_code == 204
    await make.decision(reviewer, claim)
    moved = {"quote": "Russia", "suffix": "."}
    await annotator.patch(
        f"/v1/annotations/{pieces}", json={**moved, "fragments": None}, headers=first
    )
    things = {
        "document": document,
        "claim": claim,
        "denial": denial,
        "pieces": pieces,
        "relation": relation,
        "withdrawn": withdrawn,
    }
    return {name: UUID(id) for name, id in things.items()}


_MEMBERS = "/v1/projects/demo/members"


async def lived_in(newsroom: Newsroom) -> dict[str, UUID]:
    """The same after all that may become of it: each kind of entry is in the log."""
    things = await furnished(newsroom)
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    manager, admin = newsroom["manager"], newsroom["admin"]
    await make.said(
        await annotator.patch(
            f"/v1/documents/{things['document']}", json={"title": "Another"}, headers=make.seen(1)
        ),
        200,
    )
    pieces = str(things["pieces"])
    await make.decision(reviewer, pieces, "request_changes", version=2, comment="Whose?")
    await make.decision(newsroom["reviewer-b"], pieces, "reject", version=3, comment="No.")
    gone = await make.document(annotator, "Kyiv said so.")
    ends = [(await make.annotation(annotator, gone["id"], label, "Kyiv"))["id"] for label in LABELS]
    await make.relation(annotator, gone["id"], "denies", *ends)
    assert (
        await manager.delete(f"/v1/documents/{gone['id']}", headers=make.seen(1))
    ).status_code == 204
    alone = await make.document(annotator, "Kyiv said so again.")
    pair = [
        (await make.annotation(annotator, alone["id"], label, "Kyiv"))["id"] for label in LABELS
    ]
    ended = await make.relation(annotator, alone["id"], "denies", *pair)
    assert (
        await annotator.delete(f"/v1/relations/{ended['id']}", headers=make.seen(1))
    ).status_code == 204
    await _settled(newsroom)
    await make.release(manager)
    await _brought_in(newsroom)
    await make.said(
        await admin.patch("/v1/users/reader", json={"display_name": "R."}, headers=make.seen(1)),
        200,
    )
    await make.said(await admin.post("/v1/users", json={"name": "new", "password": PASSWORD}))
    new = newsroom.client()
    who = {"username": "new", "password": PASSWORD}
    await make.said(await new.post("/v1/session", json=who), 200)
    token = await make.said(await annotator.post("/v1/tokens", json={"name": "laptop"}))
    await annotator.delete(f"/v1/tokens/{token['id']}", headers=make.seen(1))
    return things | {"alone": UUID(alone["id"])}


LABELS = ("denial", "claim")


async def _settled(newsroom: Newsroom) -> None:
    """Other settings, another scheme and other members than the project began with."""
    manager = newsroom["manager"]
    scheme = await make.said(await manager.get("/v1/projects/demo/scheme"), 200)
    scheme["labels"].append({"name": "aside"})
    answer = await manager.put("/v1/projects/demo/scheme", json=scheme, headers=make.seen(1))
    await make.said(answer, 200)
    patch = {"description": "Mine."}
    answer = await manager.patch("/v1/projects/demo", json=patch, headers=make.seen(2))
    await make.said(answer, 200)
    for name, version in (("reader", 1), ("annotator-b", 1)):
        answer = await manager.delete(f"{_MEMBERS}/{name}", headers=make.seen(version))
        assert answer.status_code == 204, answer.text
    again = await make.member(manager, "reader", "annotator")
    role = {"role": "reader"}
    answer = await manager.put(f"{_MEMBERS}/reader", json=role, headers=make.seen(again["version"]))
    await make.said(answer, 200)


async def _brought_in(newsroom: Newsroom) -> None:
    """A manager's file, which may say anything of how its annotations stood."""
    said = {"start": 0, "end": 4, "quote": "Kyiv"}
    decision: dict[str, Any] = {"verdict": "reject", "comment": "No.", "reviewer": "annotator"}
    decision |= {"version": 2, "decided_at": "2026-01-01T00:00:00Z"}
    annotations = [
        {"label": "claim", **said, "status": "approved", "origin": "human"},
        {"label": "claim", **said, "status": "approved", "origin": "human", "version": 7},
        {"label": "denial", **said, "version": 5, "author": "annotator", "decisions": [decision]}
        | {"status": "approved", "decided_by": "annotator", "edited_by": "reviewer"},
    ]
    line = {"title": "Theirs", "text": "Kyiv said so.", "version": 3, "annotations": annotations}
    path = "/v1/projects/demo/import?format=jsonl"
    answer = await newsroom["manager"].post(path, content=json.dumps(line))
    await make.said(answer, 200)
