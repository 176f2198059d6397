"""Users, as admins see and change them."""

import asyncio

import pytest
from sqlalchemy import select

from app.models import User
from tests import make
from tests.conftest import HASHER, PEOPLE, Newsroom
from tests.desk import rows, stored

PASSWORD = "correct horse battery"


async def test_a_new_user_is_answered_whole(newsroom: Newsroom) -> None:
    answer = await newsroom["admin"].post(
        "/v1/users", json={"name": "new.user", "display_name": "New Ușer", "password": PASSWORD}
    )

    user = await make.said(answer)
    assert user == {
        "id": user["id"],
        "name": "new.user",
        "display_name": "New Ușer",
        "is_admin": False,
        "is_active": True,
        "version": 1,
        "created_at": user["created_at"],
        "updated_at": user["created_at"],
    }
    assert (answer.headers["Location"], answer.headers["ETag"]) == ("/v1/users/new.user", '"1"')
    assert (await newsroom["admin"].get("/v1/users/new.user")).json() == user


async def test_a_password_is_kept_as_an_argon2id_hash_and_nowhere_else(newsroom: Newsroom) -> None:
    await make.said(
        await newsroom["admin"].post("/v1/users", json={"name": "new", "password": PASSWORD})
    )

    async with newsroom.app.state.database.session(writes=False) as db:
        kept = await db.execute(select(User.password_hash).where(User.name == "new"))
        assert kept.scalar_one().startswith("$argon2id$")
    assert PASSWORD not in await stored(newsroom)
    # RFC 9106, section 4, the second recommended option: 64 MiB, three passes, four lanes.
    assert (HASHER.memory_cost, HASHER.time_cost, HASHER.parallelism) == (65536, 3, 4)


@pytest.mark.parametrize("name", ["a", "7", "a-b", "a.b_c", "a" * 64])
async def test_a_name_is_of_lower_case_letters_digits_and_inner_marks(
    newsroom: Newsroom, name: str
) -> None:
    user = await make.said(await newsroom["admin"].post("/v1/users", json={"name": name}))

    assert user["name"] == name


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "-a", "a-", "a.", "_", "a/b", "é", "a" * 65, "a\n", "a@b", None, 7]
)
async def test_another_name_is_refused(newsroom: Newsroom, name: object) -> None:
    before = await rows(newsroom)

    answer = await newsroom["admin"].post("/v1/users", json={"name": name})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/name"]
    assert await rows(newsroom) == before


async def test_a_name_is_taken_once_even_from_the_deactivated(newsroom: Newsroom) -> None:
    admin = newsroom["admin"]
    await admin.patch("/v1/users/reader", json={"is_active": False}, headers={"If-Match": '"1"'})

    answer = await admin.post("/v1/users", json={"name": "reader"})

    make.refused(answer, 409, "name-taken")


async def test_of_eight_who_take_a_name_at_once_one_gets_it(newsroom: Newsroom) -> None:
    before = await rows(newsroom)

    answers = await asyncio.gather(
        *(newsroom["admin"].post("/v1/users", json={"name": "new"}) for _ in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    for answer in answers:
        if answer.status_code == 409:
            make.refused(answer, 409, "name-taken")
    one_more = {table: before[table] + 1 for table in ("users", "audit_events")}
    assert await rows(newsroom) == before | one_more


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001, "with \x1b control", 12])
async def test_a_password_that_is_none_is_refused(newsroom: Newsroom, password: object) -> None:
    new = await newsroom["admin"].post("/v1/users", json={"name": "new", "password": password})
    changed = await newsroom["admin"].patch(
        "/v1/users/reader", json={"password": password}, headers={"If-Match": '"1"'}
    )

    for answer in (new, changed):
        code = answer.json()["type"].removeprefix("/problems/")
        assert code in {"invalid-value", "control-character"}
        problem = make.refused(answer, 422, code)
        assert [error["pointer"] for error in problem["errors"]] == ["/password"]


async def test_the_users_are_listed_by_name(newsroom: Newsroom) -> None:
    page = await make.said(await newsroom["admin"].get("/v1/users"), 200)

    assert [user["name"] for user in page["items"]] == sorted(PEOPLE)
    assert page["items"][0] == (await newsroom["admin"].get("/v1/users/admin")).json()


async def test_a_change_is_answered_whole_and_kept(newsroom: Newsroom) -> None:
    before = (await newsroom["admin"].get("/v1/users/reader")).json()

    answer = await newsroom["admin"].patch(
        "/v1/users/reader",
        json={"display_name": "The Reader", "is_admin": True},
        headers={"If-Match": '"1"'},
    )

    user = await make.said(answer, 200)
    assert user == before | {
        "display_name": "The Reader",
        "is_admin": True,
        "version": 2,
        "updated_at": user["updated_at"],
    }
    assert user["updated_at"] > before["updated_at"]
    assert (await newsroom["admin"].get("/v1/users/reader")).json() == user
    assert (await newsroom["reader"].get("/v1/users")).status_code == 200


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"is_active": True},
        {"is_admin": False, "is_active": True, "display_name": None},
        {"password": None},
    ],
)
async def test_an_edit_that_changes_nothing_makes_no_new_version_and_no_event(
    newsroom: Newsroom, nothing: dict[str, object]
) -> None:
    admin, path = newsroom["admin"], "/v1/users/reader"
    before, stored_before = (await admin.get(path)).json(), await rows(newsroom)

    answer = await admin.patch(path, json=nothing, headers={"If-Match": '"1"'})
    stale = await admin.patch(path, json=nothing, headers={"If-Match": '"2"'})
    blind = await admin.patch(path, json=nothing)

    assert await make.said(answer, 200) == before
    assert answer.headers["ETag"] == '"1"'
    make.refused(stale, 412, "stale-version")
    make.refused(blind, 428, "precondition-required")
    assert await rows(newsroom) == stored_before
    assert (await admin.get(path)).json() == before


async def test_the_same_password_again_is_another_one(newsroom: Newsroom) -> None:
    admin, path = newsroom["admin"], "/v1/users/reader"
    body = {"password": PASSWORD}

    for version in (1, 2):
        headers = {"If-Match": f'"{version}"'}
        user = await make.said(await admin.patch(path, json=body, headers=headers), 200)
        assert user["version"] == version + 1


async def test_null_takes_a_display_name_away(newsroom: Newsroom) -> None:
    path = "/v1/users/reader"
    await newsroom["admin"].patch(
        path, json={"display_name": "The Reader"}, headers={"If-Match": '"1"'}
    )

    answer = await newsroom["admin"].patch(
        path, json={"display_name": None}, headers={"If-Match": '"2"'}
    )

    assert (await make.said(answer, 200))["display_name"] is None


@pytest.mark.parametrize("field", ["is_admin", "is_active"])
@pytest.mark.parametrize("value", [None, 0, 1, "true", "", []])
async def test_what_is_true_or_false_takes_nothing_else(
    newsroom: Newsroom, field: str, value: object
) -> None:
    answer = await newsroom["admin"].patch(
        "/v1/users/reader", json={field: value}, headers={"If-Match": '"1"'}
    )

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]
    assert (await newsroom["admin"].get("/v1/users/reader")).json()["version"] == 1


@pytest.mark.parametrize("field", ["name", "id", "version", "created_at"])
async def test_what_never_changes_is_an_unknown_field(newsroom: Newsroom, field: str) -> None:
    answer = await newsroom["admin"].patch(
        "/v1/users/reader", json={field: "x"}, headers={"If-Match": '"1"'}
    )

    make.refused(answer, 422, "unknown-field")


async def test_of_eight_changes_at_once_one_is_made(newsroom: Newsroom) -> None:
    answers = await asyncio.gather(
        *(
            newsroom["admin"].patch(
                "/v1/users/reader", json={"display_name": f"{n}"}, headers={"If-Match": '"1"'}
            )
            for n in range(8)
        )
    )

    user = (await newsroom["admin"].get("/v1/users/reader")).json()
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    assert user["version"] == 2
    for answer in answers:
        state = answer.json()
        assert (state["current"] if answer.status_code == 412 else state) == user


async def test_a_user_who_is_not_there_is_not_found(newsroom: Newsroom) -> None:
    got = await newsroom["admin"].get("/v1/users/nobody")
    changed = await newsroom["admin"].patch(
        "/v1/users/nobody", json={"is_active": False}, headers={"If-Match": '"1"'}
    )

    make.refused(got, 404, "not-found")
    make.refused(changed, 404, "not-found")


async def test_a_deactivated_user_is_nobody_at_once_until_activated(newsroom: Newsroom) -> None:
    path = "/v1/users/annotator"
    document = await make.document(newsroom["annotator"])

    await newsroom["admin"].patch(path, json={"is_active": False}, headers={"If-Match": '"1"'})
    deactivated = await newsroom["annotator"].get("/v1/me")
    theirs = await newsroom["reader"].get(f"/v1/documents/{document['id']}")
    await newsroom["admin"].patch(path, json={"is_active": True}, headers={"If-Match": '"2"'})
    again = await newsroom["annotator"].get("/v1/me")

    make.refused(deactivated, 401, "unauthenticated")
    # What they wrote keeps their name.
    assert theirs.json()["created_by"] == "annotator"
    assert (await make.said(again, 200))["name"] == "annotator"


async def test_an_admin_who_is_none_any_more_administers_nothing(newsroom: Newsroom) -> None:
    await make.second_admin(newsroom["admin"])
    await newsroom["admin"].patch(
        "/v1/users/admin", json={"is_admin": False}, headers={"If-Match": '"1"'}
    )

    make.refused(await newsroom["admin"].get("/v1/users"), 403, "forbidden")
    make.refused(
        await newsroom["admin"].post("/v1/projects", json={"slug": "x", "name": "x"}),
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    "change", [{"is_admin": False}, {"is_active": False}, {"is_admin": True, "is_active": False}]
)
async def test_the_last_active_admin_remains_one(
    newsroom: Newsroom, change: dict[str, bool]
) -> None:
    admin, path = newsroom["admin"], "/v1/users/admin"
    await make.second_admin(admin)
    await admin.patch("/v1/users/second", json={"is_active": False}, headers=make.seen(1))
    before, stored_before = (await admin.get(path)).json(), await rows(newsroom)

    refused = await admin.patch(path, json=change, headers=make.seen(1))

    make.refused(refused, 409, "conflict")
    assert await rows(newsroom) == stored_before
    assert (await admin.get(path)).json() == before
    await admin.patch("/v1/users/second", json={"is_active": True}, headers=make.seen(2))
    await make.said(await admin.patch(path, json=change, headers=make.seen(1)), 200)


async def test_of_two_admins_who_step_down_at_once_one_remains(newsroom: Newsroom) -> None:
    admin = newsroom["admin"]
    path, body = "/v1/users/manager", {"is_admin": True}
    await make.said(await admin.patch(path, json=body, headers=make.seen(1)), 200)

    answers = await asyncio.gather(
        *(
            newsroom[name].patch(
                f"/v1/users/{name}", json={"is_admin": False}, headers=make.seen(version)
            )
            for name, version in (("admin", 1), ("manager", 2))
        )
    )

    # Who comes late enough is no admin any more.
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 403])
    async with newsroom.app.state.database.session(writes=False) as db:
        admins = await db.execute(select(User.name).where(User.is_admin, User.is_active))
        assert len(admins.all()) == 1
