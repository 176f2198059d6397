"""``stet user`` and ``stet token``, and what those whom they made can do then."""

import re
from pathlib import Path

import pytest

from tests import make
from tests.cli.shell import stet
from tests.clients import minted
from tests.conftest import Newsroom

PASSWORD = "nine herons on a grey lake"


async def test_a_user_added_with_a_password_can_sign_in(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("user", "add", "jo", "--password-stdin")
    added = stet(*arguments, url=database_url, folder=tmp_path, stdin=f"{PASSWORD}\n")

    answer = await newsroom.client().post(
        "/v1/session", json={"username": "jo", "password": PASSWORD}
    )

    assert added.stdout == "Added jo.\n"
    me = await make.said(answer, 200)
    assert (me["name"], me["is_admin"], me["memberships"]) == ("jo", False, [])


async def test_a_user_added_to_a_project_is_a_member_in_that_role(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("user", "add", "jo", "--project", "demo", "--role", "reviewer")
    added = stet(*arguments, url=database_url, folder=tmp_path)

    member = await make.said(await newsroom["reader"].get("/v1/projects/demo/members/jo"), 200)

    assert added.stdout == (
        "Added jo.\n"
        "Without a password, jo uses tokens: stet token create jo --name …\n"
        "jo is reviewer of demo.\n"
    )
    assert (member["name"], member["role"], member["version"]) == ("jo", "reviewer", 1)


async def test_a_user_who_is_there_can_be_made_a_member(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("user", "add", "stranger", "--project", "demo", "--role", "reader")
    added = stet(*arguments, url=database_url, folder=tmp_path)

    me = await make.said(await newsroom["stranger"].get("/v1/me"), 200)

    assert added.stdout == "stranger is reader of demo.\n"
    assert me["memberships"] == [{"project": "demo", "role": "reader"}]


@pytest.mark.parametrize("more", [(), ("--admin", "--project", "demo", "--role", "reader")])
async def test_a_user_who_is_there_is_not_added_again(
    more: tuple[str, ...], database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    refused = stet("user", "add", "stranger", *more, url=database_url, folder=tmp_path, status=1)

    me = await make.said(await newsroom["stranger"].get("/v1/me"), 200)

    assert refused.stderr == "stet: There is a user called stranger already.\n"
    assert (me["is_admin"], me["memberships"]) == (False, [])


async def test_a_user_of_a_project_that_is_not_there_is_not_added(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("user", "add", "jo", "--project", "none", "--role", "reader")
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    answer = await newsroom["admin"].get("/v1/users/jo")

    assert refused.stderr == "stet: There is no project “none” with an active manager.\n"
    assert answer.status_code == 404


async def test_a_member_can_be_given_another_role(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("user", "add", "reader", "--project", "demo", "--role", "manager")
    added = stet(*arguments, url=database_url, folder=tmp_path)

    member = await make.said(await newsroom["reader"].get("/v1/projects/demo/members/reader"), 200)

    assert added.stdout == "reader is manager of demo.\n"
    assert (member["role"], member["version"]) == ("manager", 2)


def test_what_is_wrong_with_a_new_user_is_said_without_the_password(
    database_url: str, tmp_path: Path
) -> None:
    arguments = ("user", "add", "Jo", "--password-stdin")
    refused = stet(*arguments, url=database_url, folder=tmp_path, stdin="hunter2", status=2)

    assert refused.stderr == (
        "stet: name: String should match pattern '^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$'.\n"
        "stet: password: String should have at least 12 characters.\n"
    )


def test_a_role_needs_a_project(database_url: str, tmp_path: Path) -> None:
    arguments = ("user", "add", "jo", "--role", "reader")
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=2)

    assert "--project and --role go together." in refused.stderr


async def test_a_token_is_printed_alone_and_is_its_users(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    arguments = ("token", "create", "annotator", "--name", "laptop")
    made = stet(*arguments, url=database_url, folder=tmp_path)

    client = newsroom.client(Authorization=f"Bearer {made.stdout.strip()}")
    me = await make.said(await client.get("/v1/me"), 200)
    tokens = await make.said(await client.get("/v1/tokens"), 200)

    assert re.fullmatch(r"stet_[0-9a-f]{32}_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert made.stderr == ""
    assert me["name"] == "annotator"
    assert [token["name"] for token in tokens["items"]] == ["test", "laptop"]


async def test_nobody_who_is_away_gets_a_token(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    patch = await newsroom["admin"].patch(
        "/v1/users/stranger", json={"is_active": False}, headers={"If-Match": '"1"'}
    )
    assert patch.status_code == 200

    arguments = ("token", "create", "stranger", "--name", "laptop")
    away = stet(*arguments, url=database_url, folder=tmp_path, status=1)
    arguments = ("token", "create", "nobody", "--name", "laptop")
    unknown = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    assert away.stderr == "stet: The user is deactivated.\n"
    assert unknown.stderr == "stet: There is no such user.\n"


async def test_all_tokens_and_sessions_of_a_user_are_revoked_from_a_shell(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    before, _ = await minted(newsroom, "annotator")

    done = stet("user", "revoke", "annotator", url=database_url, folder=tmp_path)
    unknown = stet("user", "revoke", "nobody", url=database_url, folder=tmp_path, status=1)

    assert done.stdout == "Revoked all tokens of annotator, and ended their browser sessions.\n"
    assert unknown.stderr == "stet: There is no such user.\n"
    for client in (before, newsroom["annotator"]):
        make.refused(await client.get("/v1/me"), 401, "unauthenticated")
    page = await make.said(await newsroom["admin"].get("/v1/audit?user=annotator&limit=2"), 200)
    told = {(it["action"], it["actor"]) for it in page["items"]}
    assert told == {("user.updated", None), ("token.revoked", None)}


async def test_what_is_done_from_a_shell_is_told_as_done_by_nobody_known(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    stet("user", "add", "jo", url=database_url, folder=tmp_path)
    arguments = ("user", "add", "jo", "--project", "demo", "--role", "reviewer")
    stet(*arguments, url=database_url, folder=tmp_path)
    stet("token", "create", "annotator", "--name", "laptop", url=database_url, folder=tmp_path)

    page = await make.said(await newsroom["admin"].get("/v1/audit?limit=3"), 200)
    [token] = (await newsroom["annotator"].get("/v1/tokens")).json()["items"][1:]

    told = [(it["action"], it["actor"], it["user"], it["project"]) for it in page["items"]]
    assert told == [
        ("token.created", None, "annotator", None),
        ("member.set", None, "jo", "demo"),
        ("user.created", None, "jo", None),
    ]
    assert page["items"][0]["token"] == {"id": token["id"], "name": "laptop"}
    assert page["items"][1]["changes"] == {"role": [None, "reviewer"]}
