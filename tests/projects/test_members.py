"""Members: who may do what in a project."""

import asyncio

import httpx
import pytest
from sqlalchemy import insert, select

from app.models import Membership, Project
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.log import Logged, entries_after, head

PATH = "/v1/projects/demo/members"


async def put(
    newsroom: Newsroom, name: str, role: str, *, seen: int | None = None, by: str = "manager"
) -> httpx.Response:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return await newsroom[by].put(f"{PATH}/{name}", json={"role": role}, headers=headers)


async def remove(newsroom: Newsroom, name: str, *, seen: int = 1) -> httpx.Response:
    return await newsroom["manager"].delete(f"{PATH}/{name}", headers={"If-Match": f'"{seen}"'})


async def alone(newsroom: Newsroom) -> None:
    """Take the project's maker from among its managers."""
    await make.said(await put(newsroom, "admin", "reader", seen=1), 200)


async def test_the_members_are_listed_by_name(newsroom: Newsroom) -> None:
    page = await make.said(await newsroom["reader"].get(PATH), 200)

    assert [(member["name"], member["role"]) for member in page["items"]] == [
        ("admin", "manager"),
        ("annotator", "annotator"),
        ("annotator-b", "annotator"),
        ("manager", "manager"),
        ("reader", "reader"),
        ("reviewer", "reviewer"),
        ("reviewer-b", "reviewer"),
    ]
    assert page["items"][1] == (await newsroom["reader"].get(f"{PATH}/annotator")).json()


async def test_a_new_member_is_answered_whole_and_logged(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answer = await put(newsroom, "stranger", "annotator")

    member = await make.said(answer)
    assert member == {
        "name": "stranger",
        "role": "annotator",
        "version": 1,
        "created_at": member["created_at"],
        "updated_at": member["created_at"],
    }
    assert answer.headers["Location"] == f"{PATH}/stranger"
    assert answer.headers["ETag"] == '"1"'
    assert (await newsroom["stranger"].get(f"{PATH}/stranger")).json() == member
    assert await entries_after(newsroom, end) == [
        Logged(end + 1, "member.set", make.id_of(8), 1, "manager", member)
    ]


async def test_another_role_is_answered_whole_and_logged(newsroom: Newsroom) -> None:
    before = (await newsroom["manager"].get(f"{PATH}/reader")).json()
    end = await head(newsroom)

    answer = await put(newsroom, "reader", "reviewer", seen=1)

    member = await make.said(answer, 200)
    assert member == before | {
        "role": "reviewer",
        "version": 2,
        "updated_at": member["updated_at"],
    }
    assert answer.headers["ETag"] == '"2"'
    assert "Location" not in answer.headers
    assert await entries_after(newsroom, end) == [
        Logged(end + 1, "member.set", make.id_of(7), 2, "manager", member)
    ]


async def test_a_role_holds_from_the_next_request_on(newsroom: Newsroom) -> None:
    new = {"title": "t", "text": "t"}
    before = await newsroom["reader"].post("/v1/projects/demo/documents", json=new)

    await put(newsroom, "reader", "annotator", seen=1)
    after = await newsroom["reader"].post("/v1/projects/demo/documents", json=new)

    make.refused(before, 403, "forbidden")
    assert after.status_code == 201


async def test_the_role_that_a_member_has_changes_nothing(newsroom: Newsroom) -> None:
    before = (await newsroom["manager"].get(f"{PATH}/reader")).json()
    end = await head(newsroom)

    unseen = await put(newsroom, "reader", "reader")
    seen = await put(newsroom, "reader", "reader", seen=1)
    stale = await put(newsroom, "reader", "reader", seen=2)

    assert await make.said(unseen, 200) == await make.said(seen, 200) == before
    assert make.refused(stale, 412, "stale-version")["current"] == before
    assert await head(newsroom) == end


async def test_another_role_needs_the_version_that_was_seen(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answer = await put(newsroom, "reader", "manager")

    make.refused(answer, 428, "precondition-required")
    assert await head(newsroom) == end


async def test_a_version_of_a_member_who_is_none_is_stale(newsroom: Newsroom) -> None:
    before = await rows(newsroom)

    put_answer = await put(newsroom, "stranger", "reader", seen=1)
    removed = await remove(newsroom, "stranger")

    problem = make.refused(put_answer, 412, "stale-version")
    assert problem["current"] is None
    assert "ETag" not in put_answer.headers
    make.refused(removed, 404, "not-found")
    assert await rows(newsroom) == before


async def test_only_an_active_user_becomes_a_member(newsroom: Newsroom) -> None:
    await newsroom["admin"].patch(
        "/v1/users/stranger", json={"is_active": False}, headers={"If-Match": '"1"'}
    )
    before = await rows(newsroom)

    inactive = await put(newsroom, "stranger", "reader")
    unknown = await put(newsroom, "not-there", "reader")

    make.refused(inactive, 422, "unknown-user")
    make.refused(unknown, 422, "unknown-user")
    assert await rows(newsroom) == before


@pytest.mark.parametrize("role", ["admin", "owner", "Reader", "", None, 1, ["reader"]])
async def test_a_role_that_is_none_is_refused(newsroom: Newsroom, role: object) -> None:
    answer = await newsroom["manager"].put(f"{PATH}/stranger", json={"role": role})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/role"]


async def test_a_removed_member_sees_nothing_from_then_on(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    end = await head(newsroom)

    answer = await remove(newsroom, "annotator")

    assert (answer.status_code, answer.content) == (204, b"")
    for path in ("/v1/projects/demo", f"/v1/documents/{document['id']}"):
        make.refused(await newsroom["annotator"].get(path), 404, "not-found")
    make.refused(await newsroom["manager"].get(f"{PATH}/annotator"), 404, "not-found")
    # What they wrote stays, under their name.
    kept = await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}")
    assert kept.json()["author"] == "annotator"
    assert await entries_after(newsroom, end) == [
        Logged(end + 1, "member.removed", make.id_of(5), 2, "manager", {"name": "annotator"})
    ]


async def test_a_removed_member_may_come_back(newsroom: Newsroom) -> None:
    await remove(newsroom, "reader")

    answer = await put(newsroom, "reader", "annotator")

    assert (await make.said(answer))["role"] == "annotator"
    assert (await newsroom["reader"].get("/v1/projects/demo")).status_code == 200


async def test_a_version_from_before_the_removal_is_stale_once_the_member_is_back(
    newsroom: Newsroom,
) -> None:
    await remove(newsroom, "reader")
    back = await put(newsroom, "reader", "annotator")

    member = await make.said(back)
    for seen in (1, 2):
        changed = await put(newsroom, "reader", "reviewer", seen=seen)
        removed = await remove(newsroom, "reader", seen=seen)
        for answer in (changed, removed):
            assert make.refused(answer, 412, "stale-version")["current"] == member
    assert (member["version"], back.headers["ETag"]) == (3, '"3"')
    assert (await remove(newsroom, "reader", seen=3)).status_code == 204


async def test_the_versions_of_a_member_rise_in_the_log_however_often_they_go(
    newsroom: Newsroom,
) -> None:
    end = await head(newsroom)

    for added, changed in ((1, 2), (4, 5), (7, 8)):
        member = await make.said(await put(newsroom, "stranger", "reader"))
        await make.said(await put(newsroom, "stranger", "annotator", seen=added), 200)
        await remove(newsroom, "stranger", seen=changed)
        assert member["version"] == added

    log = await entries_after(newsroom, end)
    assert [entry.kind for entry in log] == ["member.set", "member.set", "member.removed"] * 3
    assert [entry.version for entry in log] == list(range(1, 10))
    assert [entry.state["version"] for entry in log if entry.state and "role" in entry.state] == [
        *(1, 2, 4, 5, 7, 8)
    ]


async def test_a_member_whom_the_release_before_added_again_is_removed_beyond_what_was_noted(
    newsroom: Newsroom,
) -> None:
    before = make.id_of(7)
    await put(newsroom, "reader", "annotator", seen=1)
    await remove(newsroom, "reader", seen=2)
    row = {"user_id": before, "role": "reader", "version": 1}
    async with newsroom.app.state.database.session(writes=True) as db:
        project = (await db.execute(select(Project.id))).scalar_one()
        moments = {"created_at": make.MOMENT, "updated_at": make.MOMENT}
        await db.execute(insert(Membership).values(project_id=project, **row, **moments))

    removed = await remove(newsroom, "reader", seen=1)

    assert removed.status_code == 204
    assert (await entries_after(newsroom, 0))[-1].version == 4
    assert (await make.said(await put(newsroom, "reader", "reader")))["version"] == 5


async def test_of_those_who_remove_a_member_and_add_them_again_at_once_each_has_a_version(
    newsroom: Newsroom,
) -> None:
    end = await head(newsroom)

    answers = await asyncio.gather(
        *(remove(newsroom, "reader") for _ in range(4)),
        *(put(newsroom, "reader", "annotator") for _ in range(4)),
    )

    gone = [answer.status_code for answer in answers[:4]]
    added = [answer.status_code for answer in answers[4:]]
    # Whoever came before the removal is told to say what they saw.
    assert gone.count(204) == 1
    assert set(gone) <= {204, 404, 412}
    assert set(added) <= {200, 201, 428}
    log = await entries_after(newsroom, end)
    assert [entry.version for entry in log] == [2, 3][: len(log)]
    assert len(log) == gone.count(204) + added.count(201)


async def test_the_last_manager_is_neither_removed_nor_lowered(newsroom: Newsroom) -> None:
    await alone(newsroom)
    before = await rows(newsroom)

    lowered = await put(newsroom, "manager", "reviewer", seen=1)
    removed = await remove(newsroom, "manager")
    by_admin = await put(newsroom, "manager", "reader", seen=1, by="admin")

    for answer in (lowered, removed, by_admin):
        make.refused(answer, 409, "last-manager")
    assert await rows(newsroom) == before
    assert (await newsroom["manager"].get(f"{PATH}/manager")).json()["version"] == 1


async def test_a_manager_who_may_not_sign_in_is_not_counted(newsroom: Newsroom) -> None:
    await alone(newsroom)
    await put(newsroom, "reviewer", "manager", seen=1)
    await newsroom["admin"].patch(
        "/v1/users/reviewer", json={"is_active": False}, headers={"If-Match": '"1"'}
    )

    answer = await remove(newsroom, "manager")

    make.refused(answer, 409, "last-manager")


async def test_members_may_change_where_no_manager_may_sign_in(newsroom: Newsroom) -> None:
    await alone(newsroom)
    for name in ("manager", "reviewer"):
        await put(newsroom, "reviewer", "manager", seen=1)
        await newsroom["admin"].patch(
            f"/v1/users/{name}", json={"is_active": False}, headers=make.seen(1)
        )

    lowered = await put(newsroom, "annotator", "reader", seen=1, by="admin")
    removed = await newsroom["admin"].delete(f"{PATH}/reader", headers=make.seen(1))
    gone = await newsroom["admin"].delete(f"{PATH}/manager", headers=make.seen(1))

    assert (lowered.status_code, removed.status_code, gone.status_code) == (200, 204, 204)


async def test_a_manager_may_go_when_another_stays(newsroom: Newsroom) -> None:
    answer = await remove(newsroom, "manager")

    assert answer.status_code == 204
    make.refused(await newsroom["manager"].get("/v1/projects/demo"), 404, "not-found")


async def test_two_managers_who_remove_one_another_at_once_leave_one(newsroom: Newsroom) -> None:
    await put(newsroom, "reviewer", "manager", seen=1)
    await alone(newsroom)

    answers = await asyncio.gather(
        newsroom["manager"].delete(f"{PATH}/reviewer", headers={"If-Match": '"2"'}),
        newsroom["reviewer"].delete(f"{PATH}/manager", headers={"If-Match": '"1"'}),
    )

    members = (await newsroom["admin"].get(PATH)).json()["items"]
    # Whoever came second was a manager when they asked, and none when it was their turn.
    assert sorted(answer.status_code for answer in answers) == [204, 404]
    assert len([member for member in members if member["role"] == "manager"]) == 1


async def test_a_manager_who_is_lowered_meanwhile_changes_nothing(newsroom: Newsroom) -> None:
    for version in range(1, 6, 2):
        lowered, changed = await asyncio.gather(
            put(newsroom, "manager", "reader", seen=version, by="admin"),
            put(newsroom, "stranger", "reader"),
        )
        assert lowered.status_code == 200
        log = await entries_after(newsroom, 0)
        by_manager = [entry.sequence for entry in log if entry.actor == "manager"]
        lowerings = [
            entry.sequence
            for entry in log
            if entry.subject_id == make.id_of(2) and entry.state and entry.state["role"] == "reader"
        ]
        if changed.status_code == 201:
            assert by_manager[-1] < lowerings[-1]
            removed = await newsroom["admin"].delete(
                f"{PATH}/stranger", headers={"If-Match": changed.headers["ETag"]}
            )
            assert removed.status_code == 204
        else:
            make.refused(changed, 403, "forbidden")
        await put(newsroom, "manager", "manager", seen=version + 1, by="admin")


async def test_of_eight_changes_at_once_one_is_made(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answers = await asyncio.gather(
        *(
            put(newsroom, "reader", role, seen=1)
            for role in ["annotator", "reviewer", "manager", "annotator"] * 2
        )
    )

    member = (await newsroom["manager"].get(f"{PATH}/reader")).json()
    # The role that it became was wanted twice; the second had seen the version before.
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    assert member["version"] == 2
    for answer in answers:
        state = answer.json()
        assert (state["current"] if answer.status_code == 412 else state) == member
    assert await head(newsroom) == end + 1


async def test_of_eight_who_add_a_member_at_once_one_does_and_the_rest_agree(
    newsroom: Newsroom,
) -> None:
    answers = await asyncio.gather(*(put(newsroom, "stranger", "reader") for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [*[200] * 7, 201]
    assert all(answer.json() == answers[0].json() for answer in answers)


async def test_sixteen_members_are_added_at_once(newsroom: Newsroom) -> None:
    for number in range(16):
        new = {"name": f"new-{number}"}
        await make.said(await newsroom["admin"].post("/v1/users", json=new))
    end = await head(newsroom)

    answers = await asyncio.gather(
        *(put(newsroom, f"new-{number}", "reader") for number in range(16))
    )

    assert [answer.status_code for answer in answers] == [201] * 16
    log = await entries_after(newsroom, end)
    assert [entry.sequence for entry in log] == list(range(end + 1, end + 17))
