"""Tokens that may do less than their user."""

import pytest

from tests import make
from tests.clients import minted
from tests.conftest import PEOPLE, Newsroom
from tests.desk import rows


@pytest.mark.parametrize("role", ["reader", "annotator", "reviewer", "manager"])
async def test_a_token_is_no_more_than_its_role_and_its_user(newsroom: Newsroom, role: str) -> None:
    roles = ["reader", "annotator", "reviewer", "manager"]
    for name in ("reader", "annotator", "reviewer", "manager", "admin"):
        client, _ = await minted(newsroom, name, role=role)

        me = await make.said(await client.get("/v1/me"), 200)
        document = await client.post(
            "/v1/projects/demo/documents", json={"title": "t", "text": "t"}
        )
        settings = await client.patch("/v1/projects/demo", json={}, headers={"If-Match": '"0"'})

        rank = min(roles.index(role), roles.index(PEOPLE[name] or "manager"))
        assert [member["role"] for member in me["memberships"]] == [roles[rank]]
        assert document.status_code == (201 if rank >= 1 else 403)
        assert settings.status_code == (412 if rank >= 3 else 403)


async def test_an_admin_s_narrowed_token_administers_nothing(newsroom: Newsroom) -> None:
    for narrowed in ({"role": "manager"}, {"project": "demo"}):
        client, _ = await minted(newsroom, "admin", **narrowed)

        me = await client.get("/v1/me")
        users = await client.get("/v1/users")
        project = await client.post("/v1/projects", json={"slug": "x", "name": "x"})

        assert me.json()["is_admin"] is False
        for refused in (users, project):
            assert "token that was narrowed" in make.refused(refused, 403, "forbidden")["detail"]


async def test_an_admin_s_token_of_a_lower_role_sees_every_project_all_the_same(
    newsroom: Newsroom,
) -> None:
    other, _ = await minted(newsroom, "admin")
    await make.said(
        await newsroom["admin"].patch(
            "/v1/users/manager", json={"is_admin": True}, headers={"If-Match": '"1"'}
        ),
        200,
    )
    await make.project(other, "archive")
    client, _ = await minted(newsroom, "manager", role="reader")

    listed = await make.said(await client.get("/v1/projects"), 200)
    got = await client.get("/v1/projects/archive")

    assert [project["slug"] for project in listed["items"]] == ["archive", "demo"]
    assert got.status_code == 200


@pytest.mark.parametrize("member", [None, "reader"])
@pytest.mark.parametrize(
    ("narrowed", "told"),
    [
        ({"project": "archive"}, {"archive": "manager"}),
        ({"project": "archive", "role": "reviewer"}, {"archive": "reviewer"}),
        ({"role": "manager"}, {"archive": "manager", "demo": "manager"}),
        ({"role": "annotator"}, {"archive": "annotator", "demo": "annotator"}),
    ],
)
async def test_an_admin_s_narrowed_token_is_told_what_it_may_member_or_not(
    newsroom: Newsroom, narrowed: dict[str, str], told: dict[str, str], member: str | None
) -> None:
    await make.project(newsroom["admin"], "archive")
    await make.member(newsroom["admin"], "manager", "manager", "archive")
    archive = "/v1/projects/archive"
    if member is None:
        left = await newsroom["manager"].delete(f"{archive}/members/admin", headers=make.seen(1))
        assert left.status_code == 204
    else:
        put = await newsroom["manager"].put(
            f"{archive}/members/admin", json={"role": member}, headers=make.seen(1)
        )
        assert put.status_code == 200
    client, _ = await minted(newsroom, "admin", **narrowed)

    me = await make.said(await client.get("/v1/me"), 200)
    patched = await client.patch(archive, json={"name": "Old"}, headers=make.seen(1))

    assert me["is_admin"] is False
    assert {one["project"]: one["role"] for one in me["memberships"]} == told
    assert patched.status_code == (200 if told["archive"] == "manager" else 403)


async def test_a_token_of_one_project_sees_no_other(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive")
    await make.member(newsroom["admin"], "manager", "manager", "archive")
    hidden = await make.document(newsroom["manager"], project="archive")
    for name in ("manager", "admin"):
        client, _ = await minted(newsroom, name, project="demo")

        listed = (await client.get("/v1/projects")).json()["items"]
        mine = (await client.get("/v1/me")).json()["memberships"]
        answers = [
            await client.get("/v1/projects/archive"),
            await client.get(f"/v1/documents/{hidden['id']}"),
            await client.post("/v1/projects/archive/documents", json={"title": "t", "text": "t"}),
        ]

        assert [project["slug"] for project in listed] == ["demo"]
        assert [member["project"] for member in mine] == ["demo"]
        assert (await client.get("/v1/projects/demo")).status_code == 200
        for answer in answers:
            make.refused(answer, 404, "not-found")


async def test_a_token_is_for_a_project_that_its_user_sees(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive")

    hidden = await newsroom["manager"].post("/v1/tokens", json={"name": "ci", "project": "archive"})
    absent = await newsroom["manager"].post("/v1/tokens", json={"name": "ci", "project": "nowhere"})

    problem = make.refused(hidden, 422, "invalid-value")
    assert problem == make.refused(absent, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/project"]


async def test_a_narrowed_token_makes_and_revokes_none(newsroom: Newsroom) -> None:
    _, other = await minted(newsroom, "manager")
    for narrowed in ({"role": "manager"}, {"project": "demo"}):
        client, _ = await minted(newsroom, "manager", **narrowed)
        before = await rows(newsroom)

        made = await client.post("/v1/tokens", json={"name": "wider"})
        same = await client.post("/v1/tokens", json={"name": "same", **narrowed})
        revoked = await client.delete(f"/v1/tokens/{other}", headers={"If-Match": '"1"'})

        for answer in (made, same, revoked):
            make.refused(answer, 403, "forbidden")
        assert await rows(newsroom) == before
    assert (await newsroom["manager"].get(f"/v1/tokens/{other}")).status_code == 200


async def test_a_token_that_expires_makes_none_that_lasts_longer(newsroom: Newsroom) -> None:
    client, _ = await minted(newsroom, "manager", expires_at="2999-01-01T00:00:00Z")
    before = await rows(newsroom)

    forever = await client.post("/v1/tokens", json={"name": "forever"})
    longer = await client.post(
        "/v1/tokens", json={"name": "longer", "expires_at": "2999-01-01T00:00:00.000001Z"}
    )
    after = await rows(newsroom)
    as_long = await client.post(
        "/v1/tokens", json={"name": "as long", "expires_at": "2999-01-01T01:00:00+01:00"}
    )

    for answer in (forever, longer):
        problem = make.refused(answer, 422, "invalid-value")
        assert [error["pointer"] for error in problem["errors"]] == ["/expires_at"]
    assert after == before
    assert (await make.said(as_long))["expires_at"] == "2999-01-01T00:00:00.000000Z"


async def test_a_token_of_one_project_tells_of_no_other_s(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "secret")
    await make.member(newsroom["admin"], "annotator", "annotator", "secret")
    _, secret = await minted(newsroom, "annotator", project="secret")
    client, own = await minted(newsroom, "annotator", project="demo")

    listed = await make.said(await client.get("/v1/tokens"), 200)
    every = await make.said(await newsroom["annotator"].get("/v1/tokens"), 200)

    assert [it["id"] for it in listed["items"]] == [own]
    make.refused(await client.get(f"/v1/tokens/{secret}"), 404, "not-found")
    assert {secret, own} < {it["id"] for it in every["items"]}
