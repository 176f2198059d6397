"""Who one is."""

from tests import make
from tests.conftest import Newsroom


async def test_a_member_is_told_their_name_and_roles(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive")
    await make.member(newsroom["admin"], "reviewer", "reader", "archive")

    me = await make.said(await newsroom["reviewer"].get("/v1/me"), 200)

    assert me == {
        "id": str(make.id_of(3)),
        "name": "reviewer",
        "display_name": None,
        "is_admin": False,
        "memberships": [
            {"project": "archive", "role": "reader"},
            {"project": "demo", "role": "reviewer"},
        ],
    }


async def test_who_is_a_member_of_nothing_is_told_so(newsroom: Newsroom) -> None:
    me = await make.said(await newsroom["stranger"].get("/v1/me"), 200)

    assert (me["name"], me["is_admin"], me["memberships"]) == ("stranger", False, [])


async def test_an_admin_is_told_that_they_are_one(newsroom: Newsroom) -> None:
    me = await make.said(await newsroom["admin"].get("/v1/me"), 200)

    # Whoever makes a project is its first manager.
    assert (me["name"], me["is_admin"]) == ("admin", True)
    assert me["memberships"] == [{"project": "demo", "role": "manager"}]


async def test_nobody_is_told_how_to_say_who_they_are(newsroom: Newsroom) -> None:
    answer = await newsroom["nobody"].get("/v1/me")

    make.refused(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stet"'


async def test_being_told_takes_one_statement(newsroom: Newsroom, statements: list[str]) -> None:
    await newsroom["nobody"].get("/v1/me")
    statements.clear()

    await newsroom["reader"].get("/v1/me")

    asked = [statement for statement in statements if not statement.startswith("BEGIN")]
    assert len(asked) == 1, "\n".join(asked)
