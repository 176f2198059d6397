"""Who decides is remembered for a second, and no longer than it is true in the project."""

from uuid import UUID

import pytest
from sqlalchemy import delete, update

from app.changes.commands import lock
from app.core.moments import now
from app.models import Annotation, Membership, Token
from tests import make
from tests.conftest import Newsroom


@pytest.fixture
async def ids(newsroom: Newsroom) -> list[str]:
    """Two annotations, the first of which the reviewer has approved this moment."""
    document = await make.document(newsroom["annotator"])
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    await make.decision(newsroom["reviewer"], made[0]["id"])
    return [each["id"] for each in made]


async def test_a_member_whom_another_process_took_away_decides_nothing(
    newsroom: Newsroom, ids: list[str]
) -> None:
    reviewer = newsroom["reviewer"]
    me = await make.said(await reviewer.get("/v1/me"), 200)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        found = await db.execute(Annotation.__table__.select().where(Annotation.id == UUID(ids[0])))
        await lock(db, found.one().project_id, epoch=True)
        await db.execute(delete(Membership).where(Membership.user_id == UUID(me["id"])))

    for id in ids:
        path, body = f"/v1/annotations/{id}/decisions", {"verdict": "approve"}
        answer = await reviewer.post(path, json=body, headers=make.seen(1))
        make.refused(answer, 404, "not-found")


async def test_a_token_that_another_process_revoked_is_told_nothing(
    newsroom: Newsroom, ids: list[str]
) -> None:
    reviewer = newsroom["reviewer"]
    me = await make.said(await reviewer.get("/v1/me"), 200)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(
            update(Token).where(Token.user_id == UUID(me["id"])).values(revoked_at=now())
        )

    # It repeats what was decided, so that nothing is written.
    path, body = f"/v1/annotations/{ids[0]}/decisions", {"verdict": "approve"}
    answer = await reviewer.post(path, json=body, headers=make.seen(1))

    make.refused(answer, 401, "unauthenticated")
