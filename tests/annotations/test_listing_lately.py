"""Who lists annotations is remembered for a second; what has changed is seen at once."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, insert, update

from app.changes.commands import lock
from app.core.timestamps import now
from app.models import Document, Membership, Revision, Token
from tests import make
from tests.conftest import Clock, Newsroom

List = Callable[..., Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
async def document(newsroom: Newsroom) -> dict[str, Any]:
    """A document with an annotation behind a character of two UTF-16 units."""
    document = await make.document(newsroom["annotator"], "😀 Beijing denies it.")
    await make.annotation(newsroom["annotator"], document["id"], quote="Beijing")
    return document


@pytest.fixture
async def listed(newsroom: Newsroom, document: dict[str, Any], clock: Clock) -> List:
    """Lists them for a reader of whom all was read this moment."""

    async def listed(**query: Any) -> httpx.Response:
        path = f"/v1/documents/{document['id']}/annotations"
        return await newsroom["reader"].get(path, params=query)

    await make.said(await listed(), 200)
    return listed


async def test_all_is_listed_as_it_is(newsroom: Newsroom, listed: List) -> None:
    whole = await make.said(await listed(), 200)
    units = await make.said(await listed(offset_unit="utf16"), 200)

    [item] = whole["items"]
    assert (item["start"], item["end"]) == (2, 9)
    assert units["items"] == [{**item, "offset_unit": "utf16", "start": 3, "end": 10}]
    assert (await listed(status="approved")).json() == {"items": [], "next": None}
    assert (await listed(offset_unit="utf16", label="denial")).json()["items"] == []
    make.refused(await listed(start=500), 422, "offset-out-of-range")

    await make.decision(newsroom["reviewer"], item["id"])
    assert [one["status"] for one in (await listed()).json()["items"]] == ["approved"]
    seen = make.seen(2)
    await newsroom["manager"].delete(f"/v1/annotations/{item['id']}", headers=seen)
    assert (await listed()).json() == {"items": [], "next": None}
    await make.annotation(newsroom["annotator"], item["document_id"], quote="denies")
    assert [one["quote"] for one in (await listed()).json()["items"]] == ["denies"]


async def test_a_member_whom_another_process_took_away_sees_nothing(
    newsroom: Newsroom, document: dict[str, Any], listed: List
) -> None:
    me = await make.said(await newsroom["reader"].get("/v1/me"), 200)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        of_it = Document.__table__.select().where(Document.id == UUID(document["id"]))
        await lock(db, (await db.execute(of_it)).one().project_id, epoch=True)
        await db.execute(delete(Membership).where(Membership.user_id == UUID(me["id"])))

    for query in ({}, {"offset_unit": "utf16"}, {"label": "denial"}, {"start": 1}):
        make.refused(await listed(**query), 404, "not-found")


async def test_finding_nothing_costs_no_more_than_finding_something(
    listed: List, dialect: str, statements: list[str]
) -> None:
    for query in ({}, {"label": "denial"}, {"start": 0, "end": 1}):
        statements.clear()
        await make.said(await listed(**query), 200)

        assert len(statements) - (dialect == "sqlite") == 1, "\n".join(statements)


async def test_a_document_that_is_deleted_is_gone(
    newsroom: Newsroom, document: dict[str, Any], listed: List
) -> None:
    path = f"/v1/documents/{document['id']}"
    deleted = await newsroom["manager"].delete(path, headers=make.seen(document["version"]))
    assert deleted.status_code == 204, deleted.text

    make.refused(await listed(), 410, "gone")


async def test_offsets_are_measured_in_the_text_that_stands(
    newsroom: Newsroom, document: dict[str, Any], listed: List
) -> None:
    await make.said(await listed(offset_unit="utf16"), 200)
    # As another process would, in which nothing was remembered.
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        [found] = await db.execute(
            Revision.__table__.select().where(Revision.document_id == UUID(document["id"]))
        )
        text = "Now Beijing denies it."
        sizes = dict.fromkeys(("code_points", "utf16", "utf8"), len(text))
        new = {**found._mapping, **sizes, "number": 2, "text": text}  # noqa: SLF001
        await db.execute(insert(Revision).values(**new))
        its_own = Document.id == UUID(document["id"])
        await db.execute(update(Document).where(its_own).values(revision=2))

    [item] = (await make.said(await listed(offset_unit="utf16"), 200))["items"]
    assert (item["start"], item["end"]) == (2, 9)


async def test_a_token_that_is_revoked_is_refused_here_at_once_and_elsewhere_within_a_second(
    newsroom: Newsroom, listed: List, clock: Clock
) -> None:
    me = await make.said(await newsroom["reader"].get("/v1/me"), 200)
    [token] = (await newsroom["reader"].get("/v1/tokens")).json()["items"]
    async with newsroom.app.state.database.session(writes=True) as db:
        own = Token.user_id == UUID(me["id"])
        await db.execute(update(Token).where(own).values(revoked_at=now()))
    clock.seconds += 1
    make.refused(await listed(), 401, "unauthenticated")

    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(update(Token).where(own).values(revoked_at=None))
    await make.said(await listed(), 200)
    path = f"/v1/tokens/{token['id']}"
    assert (await newsroom["reader"].delete(path, headers=make.seen(1))).status_code == 204
    make.refused(await listed(), 401, "unauthenticated")
