"""Projects: made by admins, changed by managers, seen by members."""

import asyncio

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.log import Logged, entries_after, head
from tests.uses import SCHEME

PATH = "/v1/projects/demo"


async def test_a_new_project_is_answered_whole(newsroom: Newsroom) -> None:
    answer = await newsroom["admin"].post(
        "/v1/projects",
        json={
            "slug": "archive",
            "name": "The Archive",
            "description": "Old news.\nOlder news.",
            "settings": {"allow_self_review": True},
        },
    )

    project = await make.said(answer)
    assert project == {
        "slug": "archive",
        "name": "The Archive",
        "description": "Old news.\nOlder news.",
        "settings": {"allow_self_review": True},
        "scheme_version": 1,
        "version": 1,
        "created_at": project["created_at"],
        "updated_at": project["created_at"],
    }
    assert answer.headers["Location"] == "/v1/projects/archive"
    assert answer.headers["ETag"] == '"1"'
    assert (await newsroom["admin"].get("/v1/projects/archive")).json() == project


async def test_a_new_project_has_the_default_scheme_and_its_maker_as_manager(
    newsroom: Newsroom,
) -> None:
    project = await make.project(newsroom["admin"], "archive")

    scheme = (await newsroom["admin"].get("/v1/projects/archive/scheme")).json()
    members = (await newsroom["admin"].get("/v1/projects/archive/members")).json()["items"]
    assert (project["description"], project["settings"]) == (None, {"allow_self_review": False})
    assert (scheme["name"], scheme["version"]) == ("news-claims", 1)
    assert {label["name"] for label in scheme["labels"]} == {
        "claim",
        "denial",
        "evidence-missing",
        "quote",
    }
    assert [(member["name"], member["role"]) for member in members] == [("admin", "manager")]


async def test_a_new_project_may_bring_its_scheme(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive", scheme=SCHEME)

    scheme = (await newsroom["admin"].get("/v1/projects/archive/scheme")).json()

    assert scheme == {"version": 1, **SCHEME}


async def test_the_log_of_a_project_begins_with_its_making(newsroom: Newsroom) -> None:
    project = await make.project(newsroom["admin"], "archive")

    scheme = (await newsroom["admin"].get("/v1/projects/archive/scheme")).json()
    admin = make.id_of(1)
    manager = (await newsroom["admin"].get("/v1/projects/archive/members/admin")).json()
    assert await entries_after(newsroom, 0, "archive") == [
        Logged(1, "project.created", None, 1, "admin", project),
        Logged(2, "scheme.updated", None, 1, "admin", scheme),
        Logged(3, "member.set", admin, 1, "admin", manager),
    ]
    assert await head(newsroom, "archive") == 3


@pytest.mark.parametrize("slug", ["a", "7", "a-b", "a" * 64])
async def test_a_slug_is_of_lower_case_letters_digits_and_inner_hyphens(
    newsroom: Newsroom, slug: str
) -> None:
    await make.project(newsroom["admin"], slug)

    assert (await newsroom["admin"].get(f"/v1/projects/{slug}")).json()["slug"] == slug


@pytest.mark.parametrize("slug", ["", "A", "a b", "-a", "a-", "a.b", "a_b", "a/b", "é", "a" * 65])
async def test_another_slug_is_refused(newsroom: Newsroom, slug: str) -> None:
    before = await rows(newsroom)

    answer = await newsroom["admin"].post("/v1/projects", json={"slug": slug, "name": "x"})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/slug"]
    assert await rows(newsroom) == before


async def test_of_eight_who_take_a_slug_at_once_one_gets_it_whole(newsroom: Newsroom) -> None:
    before = await rows(newsroom)

    answers = await asyncio.gather(
        *(
            newsroom["admin"].post("/v1/projects", json={"slug": "new", "name": f"{number}"})
            for number in range(8)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    for answer in answers:
        if answer.status_code == 409:
            make.refused(answer, 409, "name-taken")
    more = ("projects", "memberships", "scheme_versions", "change_heads", "audit_events")
    assert await rows(newsroom) == before | {name: before[name] + 1 for name in more} | {
        "changes": before["changes"] + 3
    }


async def test_each_sees_the_projects_they_are_a_member_of_and_an_admin_all(
    newsroom: Newsroom,
) -> None:
    await make.project(newsroom["admin"], "archive")
    await make.member(newsroom["admin"], "stranger", "reader", "archive")

    seen = {}
    for name in ("reader", "stranger", "admin"):
        page = await make.said(await newsroom[name].get("/v1/projects"), 200)
        seen[name] = [project["slug"] for project in page["items"]]

    assert seen == {"reader": ["demo"], "stranger": ["archive"], "admin": ["archive", "demo"]}


async def test_a_project_takes_two_statements_to_get(
    newsroom: Newsroom, statements: list[str]
) -> None:
    await newsroom["reader"].get(PATH)
    statements.clear()

    await newsroom["reader"].get(PATH)

    # Who is it and what are they in it; the project.
    asked = [statement for statement in statements if not statement.startswith("BEGIN")]
    assert len(asked) == 2, "\n".join(asked)


async def test_a_change_is_answered_whole_kept_and_logged(newsroom: Newsroom) -> None:
    before = (await newsroom["reader"].get(PATH)).json()
    end = await head(newsroom)

    answer = await newsroom["manager"].patch(
        PATH,
        json={"name": "The Demo", "description": "d", "settings": {"allow_self_review": True}},
        headers={"If-Match": '"1"'},
    )

    project = await make.said(answer, 200)
    assert project == before | {
        "name": "The Demo",
        "description": "d",
        "settings": {"allow_self_review": True},
        "version": 2,
        "updated_at": project["updated_at"],
    }
    assert project["updated_at"] > before["updated_at"]
    assert (await newsroom["reader"].get(PATH)).json() == project
    assert await entries_after(newsroom, end) == [
        Logged(end + 1, "project.updated", None, 2, "manager", project)
    ]


async def test_what_a_change_leaves_out_stays(newsroom: Newsroom) -> None:
    changes: tuple[dict[str, object], ...] = (
        {"name": "The Demo", "description": "d", "settings": {"allow_self_review": True}},
        {"name": "Demo", "settings": {}},
        {"description": None},
    )

    states = []
    for version, change in enumerate(changes, 1):
        answer = await newsroom["manager"].patch(
            PATH, json=change, headers={"If-Match": f'"{version}"'}
        )
        project = await make.said(answer, 200)
        states.append((project["name"], project["description"], project["settings"]))

    settings = {"allow_self_review": True}
    assert states == [
        ("The Demo", "d", settings),
        ("Demo", "d", settings),
        ("Demo", None, settings),
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 1001}, "/name"),
        ({"settings": None}, "/settings"),
        ({"settings": []}, "/settings"),
        ({"settings": {"allow_self_review": None}}, "/settings/allow_self_review"),
        ({"settings": {"allow_self_review": 1}}, "/settings/allow_self_review"),
        ({"description": "x" * 10_001}, "/description"),
    ],
)
async def test_a_value_that_is_none_is_refused(
    newsroom: Newsroom, change: dict[str, object], pointer: str
) -> None:
    before = await rows(newsroom)

    answer = await newsroom["manager"].patch(PATH, json=change, headers={"If-Match": '"1"'})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert await rows(newsroom) == before


@pytest.mark.parametrize("field", ["slug", "id", "version", "scheme", "scheme_version"])
async def test_what_never_changes_here_is_an_unknown_field(newsroom: Newsroom, field: str) -> None:
    answer = await newsroom["manager"].patch(PATH, json={field: "x"}, headers={"If-Match": '"1"'})

    make.refused(answer, 422, "unknown-field")


async def test_of_eight_changes_at_once_one_is_made(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answers = await asyncio.gather(
        *(
            newsroom["manager"].patch(PATH, json={"name": f"{n}"}, headers={"If-Match": '"1"'})
            for n in range(8)
        )
    )

    project = (await newsroom["reader"].get(PATH)).json()
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    assert project["version"] == 2
    for answer in answers:
        state = answer.json()
        assert (state["current"] if answer.status_code == 412 else state) == project
    assert await head(newsroom) == end + 1


async def test_whether_one_may_decide_on_one_s_own_changes_at_once(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["reviewer"])
    own = await make.annotation(newsroom["reviewer"], document["id"])
    path = f"/v1/annotations/{own['id']}/decisions"
    approval = {"verdict": "approve"}

    before = await newsroom["reviewer"].post(path, json=approval, headers={"If-Match": '"1"'})
    await newsroom["manager"].patch(
        PATH, json={"settings": {"allow_self_review": True}}, headers={"If-Match": '"1"'}
    )
    after = await newsroom["reviewer"].post(path, json=approval, headers={"If-Match": '"1"'})

    make.refused(before, 403, "own-annotation")
    assert after.status_code == 201


async def test_an_edit_that_changes_nothing_makes_no_version(newsroom: Newsroom) -> None:
    path = "/v1/projects/demo"
    before = await make.said(await newsroom["manager"].get(path), 200)
    seen = make.seen(before["version"])
    bodies: tuple[dict[str, object], ...] = ({}, {"settings": {}}, {"name": before["name"]})
    for body in bodies:
        answer = await newsroom["manager"].patch(path, json=body, headers=seen)

        assert await make.said(answer, 200) == before
