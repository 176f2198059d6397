"""A database with something of everything in it, and what the doctor says of it."""

from uuid import UUID

from sqlalchemy import Executable

from app.core.database import Database
from app.core.settings import Settings
from app.operations import doctor
from app.operations.doctor import Finding
from tests import make
from tests.conftest import Newsroom, settings

TEXT = make.TEXT + make.ASTRAL
MISPLACED = "Annotations that are not where they say"
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
