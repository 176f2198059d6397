"""``stet seed``: what it plants, whom it lets in, and that it does so once."""

import json
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from app.core.database.connect import connect
from app.main import equip
from app.models import Base, ChangeHead
from seeds.example import FOLDER, id_of
from tests import make
from tests.cli.shell import stet
from tests.conftest import DIALECTS, Databases, Newsroom, migrate, settings

DOCUMENT = id_of("document")


@dataclass(frozen=True)
class Planted:
    """A database with the example in it, and the folder where ``stet seed`` ran."""

    url: str
    folder: Path
    shown: str

    @property
    def secrets(self) -> dict[str, str]:
        lines = (self.folder / "demo.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    async def rows(self) -> dict[str, int]:
        """How many rows each table has, and where the log ends."""
        database = connect(settings(self.url))
        async with database.session(writes=False) as db:
            # A statement for each table, of which there are few.
            counted = {
                table.name: (await db.execute(select(func.count()).select_from(table))).scalar_one()
                for table in Base.metadata.sorted_tables
            }
            head = (await db.execute(select(ChangeHead.sequence, ChangeHead.epoch))).one()
        await database.dispose()
        return counted | {"sequence": head.sequence, "epoch": head.epoch}


@pytest.fixture(scope="module", params=DIALECTS)
def planted(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """Planted once for all tests of this module, none of which changes it."""
    url = databases.empty(request.param)
    folder = tmp_path_factory.mktemp("planted")
    migrate(url)
    shown = stet("seed", url=url, folder=folder).stdout
    yield Planted(url, folder, shown)
    databases.drop(url)


@pytest.fixture
async def demo(application: FastAPI, planted: Planted) -> AsyncIterator[Newsroom]:
    """A Stet on it."""
    async with AsyncExitStack() as stack:
        equip(application, settings(planted.url))
        stack.push_async_callback(application.state.database.dispose)
        yield Newsroom(application, stack)


async def asked(demo: Newsroom, planted: Planted, path: str, who: str = "MANAGER") -> Any:
    client = demo.client(Authorization=f"Bearer {planted.secrets[f'{who}_TOKEN']}")
    return await make.said(await client.get(path), 200)


def work(author: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (FOLDER / f"annotations-{author[-1]}.json").read_text(encoding="utf-8")
    )
    return found


async def test_the_article_is_planted_whole(demo: Newsroom, planted: Planted) -> None:
    document = await asked(demo, planted, f"/v1/documents/{DOCUMENT}")

    described = json.loads((FOLDER / "document.json").read_text(encoding="utf-8"))
    for name in (
        "external_id",
        "title",
        "published_on",
        "language",
        "metadata",
        "sha256",
        "length",
    ):
        assert document[name] == described[name]
    assert document["text"].encode() == (FOLDER / "article.txt").read_bytes()
    assert document["normalized"] == {"bom_removed": False, "newlines_converted": 0}
    assert document["created_by"] == "manager"


@pytest.mark.parametrize("author", ["annotator-a", "annotator-b"])
async def test_an_annotators_work_is_planted_as_it_was_done(
    author: str, demo: Newsroom, planted: Planted
) -> None:
    page = await asked(
        demo, planted, f"/v1/documents/{DOCUMENT}/annotations?author={author}&limit=1000"
    )
    by_id = {one["id"]: one for one in page["items"]}

    done = work(author)["annotations"]
    assert len(by_id) == len(done)
    for given in done:
        stored = by_id[str(id_of(author, given["id"]))]
        assert stored["external_id"] == f"{author}/{given['id']}"
        for name in ("label", "start", "end", "quote", "fragments", "attributes", "note"):
            assert stored[name] == given[name]


async def test_relations_are_planted_as_they_were_drawn(demo: Newsroom, planted: Planted) -> None:
    page = await asked(demo, planted, f"/v1/documents/{DOCUMENT}/relations?limit=1000")

    stored = {(one["author"], one["type"], one["source"], one["target"]) for one in page["items"]}
    assert stored == {
        (author, one["type"], *(str(id_of(author, one[end])) for end in ("source", "target")))
        for author in ("annotator-a", "annotator-b")
        for one in work(author)["relations"]
    }


async def test_the_reviewer_has_decided_on_some(demo: Newsroom, planted: Planted) -> None:
    document = await asked(demo, planted, f"/v1/documents/{DOCUMENT}")
    hedge = id_of("annotator-b", "e1")
    history = await asked(demo, planted, f"/v1/annotations/{hedge}/history", who="ANNOTATOR")

    (decision,) = history["decisions"]
    assert document["counts"] == {
        "pending": 66,
        "approved": 10,
        "rejected": 3,
        "changes_requested": 3,
    }
    assert (decision["verdict"], decision["reviewer"]) == ("reject", "reviewer")
    assert "A bare hedge is not missing evidence." in decision["comment"]


@pytest.mark.parametrize(
    ("who", "name", "role"),
    [
        ("ADMIN", "admin", "manager"),
        ("MANAGER", "manager", "manager"),
        ("REVIEWER", "reviewer", "reviewer"),
        ("ANNOTATOR", "annotator-a", "annotator"),
        ("READER", "reader", "reader"),
    ],
)
async def test_each_role_has_a_token_that_is_shown(
    who: str, name: str, role: str, demo: Newsroom, planted: Planted
) -> None:
    me = await asked(demo, planted, "/v1/me", who=who)

    assert (me["name"], me["is_admin"]) == (name, who == "ADMIN")
    assert me["memberships"] == [{"project": "demo", "role": role}]
    assert f"{name:<11} {planted.secrets[f'{who}_TOKEN']}\n" in planted.shown


async def test_everybody_can_sign_in_with_the_password_that_is_shown(
    demo: Newsroom, planted: Planted
) -> None:
    password = planted.secrets["DEMO_PASSWORD"]

    for name in ("admin", "manager", "reviewer", "annotator-a", "annotator-b", "reader"):
        answer = await demo.client().post(
            "/v1/session", json={"username": name, "password": password}
        )
        assert (await make.said(answer, 200))["name"] == name

    assert f"  password    {password}\n" in planted.shown


def test_the_secrets_are_in_a_file_for_its_owner_alone(planted: Planted) -> None:
    file = planted.folder / "demo.env"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(planted.secrets) == {
        "DEMO_PASSWORD",
        "ADMIN_TOKEN",
        "MANAGER_TOKEN",
        "REVIEWER_TOKEN",
        "ANNOTATOR_TOKEN",
        "READER_TOKEN",
    }


async def test_planting_twice_changes_nothing(planted: Planted) -> None:
    before, secrets = await planted.rows(), planted.secrets

    again = stet("seed", url=planted.url, folder=planted.folder)

    assert again.stdout == planted.shown.replace(
        "Planted the project demo.", "The project demo is there already."
    )
    assert await planted.rows() == before
    assert planted.secrets == secrets


async def test_without_its_file_it_says_how_to_make_new_tokens(
    planted: Planted, tmp_path: Path
) -> None:
    before = await planted.rows()

    again = stet("seed", url=planted.url, folder=tmp_path)

    assert again.stdout == (
        "The project demo is there already.\n"
        "Its tokens were written to demo.env when it was planted. That is not here, or not of this "
        "database.\n"
        "To make a new token: stet token create manager --name laptop\n"
    )
    assert await planted.rows() == before


def test_tokens_of_another_database_are_not_shown(planted: Planted, tmp_path: Path) -> None:
    lines = [f"{name}_TOKEN={make.token_of('x', 1)}" for name in ("ADMIN", "MANAGER")]
    (tmp_path / "demo.env").write_text("\n".join(lines))

    again = stet("seed", url=planted.url, folder=tmp_path)

    assert "not of this database" in again.stdout
    assert make.token_of("x", 1) not in again.stdout


async def test_a_project_demo_that_is_not_the_example_is_left_alone(
    database_url: str, tmp_path: Path
) -> None:
    newsroom = Planted(database_url, tmp_path, "")
    before = await newsroom.rows()

    refused = stet("seed", url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == "stet: There is a user called admin already.\n"
    assert await newsroom.rows() == before
    assert not (tmp_path / "demo.env").exists()
