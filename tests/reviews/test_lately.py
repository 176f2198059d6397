"""Who decides is remembered for a second, and no longer than it is true in the project."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, update

from app.changes.commands import lock
from app.core.timestamps import now
from app.models import Annotation, Membership, Token, User
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


Decide = Callable[..., Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
def decide(newsroom: Newsroom) -> Decide:
    """Decides on an annotation."""

    async def decide(
        id: str, who: str = "reviewer", version: int = 1, **body: object
    ) -> httpx.Response:
        return await newsroom[who].post(
            f"/v1/annotations/{id}/decisions",
            json={"verdict": "approve", **body},
            headers=make.seen(version),
        )

    return decide


async def test_a_member_who_was_removed_is_not_told_by_a_wrong_body_what_is_there(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    path = "/v1/projects/demo/members/reviewer"
    removed = await newsroom["manager"].delete(path, headers=make.seen(1))
    assert removed.status_code == 204

    make.refused(await decide(ids[1], verdict="bogus"), 404, "not-found")
    make.refused(await decide(ids[1]), 404, "not-found")


async def test_a_reviewer_who_may_only_read_now_decides_nothing(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    path, body = "/v1/projects/demo/members/reviewer", {"role": "reader"}
    await make.said(await newsroom["manager"].put(path, json=body, headers=make.seen(1)), 200)

    make.refused(await decide(ids[1], verdict="bogus"), 403, "forbidden")
    make.refused(await decide(ids[1]), 403, "forbidden")


async def test_a_token_that_is_revoked_here_decides_nothing(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    [token] = (await newsroom["reviewer"].get("/v1/tokens")).json()["items"]
    revoked = await newsroom["reviewer"].delete(f"/v1/tokens/{token['id']}", headers=make.seen(1))
    assert revoked.status_code == 204

    make.refused(await decide(ids[1]), 401, "unauthenticated")


async def test_an_administrator_whom_another_process_made_none_decides_nothing(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    me = await make.said(await newsroom["admin"].get("/v1/me"), 200)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(delete(Membership).where(Membership.user_id == UUID(me["id"])))
    await make.said(await decide(ids[1], who="admin"))
    document = await make.document(newsroom["annotator"])
    third = await make.annotation(newsroom["annotator"], document["id"])
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(update(User).where(User.name == "admin").values(is_admin=False))

    make.refused(await decide(third["id"], who="admin"), 404, "not-found")


async def test_an_annotation_of_another_project_is_decided_on_in_that(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    await make.project(newsroom["admin"], "other")
    path, body = "/v1/projects/other/members/reviewer", {"role": "reviewer"}
    await make.said(await newsroom["admin"].put(path, json=body), 201)
    document = await make.document(newsroom["admin"], project="other")
    other = await make.annotation(newsroom["admin"], document["id"])

    await make.said(await decide(ids[1]))
    make.refused(await decide(other["id"], version=2), 412, "stale-version")
    decision = await make.said(await decide(other["id"]))

    assert decision["annotation"] == other["id"]
    for slug, count in (("demo", 2), ("other", 1)):
        changes = await newsroom["reviewer"].get(f"/v1/projects/{slug}/changes")
        assert changes.text.count("annotation.decided") == count


async def test_an_annotation_of_a_project_that_is_hidden_is_not_there(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    await make.project(newsroom["admin"], "other")
    document = await make.document(newsroom["admin"], project="other")
    other = await make.annotation(newsroom["admin"], document["id"])

    await make.said(await decide(ids[1]))
    make.refused(await decide(other["id"]), 404, "not-found")


async def test_nobody_decides_on_their_own_unless_the_project_allows_it(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    document = await make.document(newsroom["reviewer"])
    own = [await make.annotation(newsroom["reviewer"], document["id"]) for _ in range(2)]
    project = (await newsroom["manager"].get("/v1/projects/demo")).json()
    path, tag = "/v1/projects/demo", make.seen(project["version"])

    await make.said(await decide(ids[1]))
    make.refused(await decide(own[0]["id"]), 403, "own-annotation")
    body = {"settings": {"allow_self_review": True}}
    await make.said(await newsroom["manager"].patch(path, json=body, headers=tag), 200)
    await make.said(await decide(own[0]["id"]))
    tag = make.seen(project["version"] + 1)
    body = {"settings": {"allow_self_review": False}}
    await make.said(await newsroom["manager"].patch(path, json=body, headers=tag), 200)
    make.refused(await decide(own[1]["id"]), 403, "own-annotation")


async def test_whoever_edited_it_may_reject_it_though_at_first_glance_it_is_refused(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    path, body = f"/v1/annotations/{ids[1]}", {"note": "By me."}
    await make.said(await newsroom["reviewer"].patch(path, json=body, headers=make.seen(1)), 200)

    make.refused(await decide(ids[1], version=2), 403, "own-annotation")
    decision = await make.said(await decide(ids[1], version=2, verdict="reject", comment="No."))

    assert (decision["version"], decision["status"]) == (2, "rejected")


async def test_a_reviewer_may_think_better_of_what_they_said(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    await make.said(await decide(ids[1]))
    decision = await make.said(await decide(ids[1], version=2, verdict="reject", comment="No."))

    assert (decision["version"], decision["status"]) == (2, "rejected")


async def test_what_is_withdrawn_or_was_never_there_is_not_decided_on(
    newsroom: Newsroom, ids: list[str], decide: Decide
) -> None:
    path = f"/v1/annotations/{ids[1]}"
    assert (await newsroom["annotator"].delete(path, headers=make.seen(1))).status_code == 204

    await make.said(await decide(ids[0], who="reviewer-b", version=2))
    make.refused(await decide(ids[1], who="reviewer-b"), 410, "gone")
    make.refused(await decide(str(UUID(int=7)), who="reviewer-b"), 404, "not-found")
