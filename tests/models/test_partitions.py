"""The log can be split by project with the SQL in README.md, and Stet works on as before."""

import re
from pathlib import Path

import asyncpg
import pytest

from app.models import Base
from tests import make
from tests.conftest import Newsroom
from tests.operations.patient import furnished, ill

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


async def log_of(newsroom: Newsroom) -> list[str]:
    """The lines of the project's log."""
    answer = await newsroom["manager"].get("/v1/projects/demo/changes?after=0")
    return answer.text.splitlines()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_log_that_was_split_by_project_is_the_same_log(newsroom: Newsroom) -> None:
    [split] = re.findall(r"```sql\n(BEGIN;.*?PARTITION BY HASH.*?)\n```", README, re.DOTALL)
    things = await furnished(newsroom)
    before = await log_of(newsroom)
    connection = await asyncpg.connect(newsroom.app.state.settings.database_url)

    await connection.execute(split)

    assert await log_of(newsroom) == before
    again = await make.annotation(newsroom["annotator"], str(things["document"]), "quote", "Kyiv")
    await make.decision(newsroom["reviewer"], again["id"])
    assert (await log_of(newsroom))[: len(before)] == before
    assert len(await log_of(newsroom)) == len(before) + 2
    assert await ill(newsroom.app.state.database) == []
    parts = await connection.fetch("SELECT DISTINCT tableoid::regclass::text AS name FROM changes")
    assert [re.sub(r"\d$", "N", part["name"]) for part in parts] == ["changes_N"]
    named = await connection.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'changes'::regclass AND contype <> 'n'"
    )
    constraints = Base.metadata.tables["changes"].constraints
    assert {row["conname"] for row in named} == {str(each.name) for each in constraints}
    await connection.close()
