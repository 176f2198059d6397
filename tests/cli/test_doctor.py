"""``stet doctor``."""

from pathlib import Path

from sqlalchemy import update

from app.core.database.connect import connect
from app.models import Annotation
from tests import make
from tests.cli.shell import stet
from tests.conftest import Newsroom, settings


async def test_what_is_well_is_said_to_be(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])

    looked = stet("doctor", url=database_url, folder=tmp_path)

    lines = looked.stdout.splitlines()
    assert "well  spans: 1 versions of annotations stand where they say." in lines
    assert [line for line in lines if not line.startswith("well  ")] == []
    assert looked.stderr == ""


async def test_a_span_that_is_not_in_the_text_is_found_and_the_exit_status_says_so(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    database = connect(settings(database_url))
    async with database.session(writes=True) as db:
        await db.execute(update(Annotation).values(quote="Chinese nationals don't fight"))
    await database.dispose()

    looked = stet("doctor", url=database_url, folder=tmp_path, status=1)

    (ill,) = (line for line in looked.stdout.splitlines() if not line.startswith("well  "))
    assert ill.startswith("ILL   spans: ")
    assert annotation["id"] in ill


async def test_what_is_damaged_does_not_steer_the_terminal(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    database = connect(settings(database_url))
    async with database.session(writes=True) as db:
        await db.execute(update(Annotation).values(attributes={"\x1b[2J\nwell": {}}))
    await database.dispose()

    looked = stet("doctor", url=database_url, folder=tmp_path, status=1)

    (ill,) = (line for line in looked.stdout.split("\n")[:-1] if not line.startswith("well  "))
    assert "/attributes/ [2J well/start" in ill
    assert ill.isprintable()


def test_a_database_that_is_away_is_a_finding(tmp_path: Path) -> None:
    url = "postgresql://stet@127.0.0.1:1/stet"

    looked = stet("doctor", url=url, folder=tmp_path, status=1)

    assert looked.stdout.splitlines()[0].startswith("well  settings: ")
    assert looked.stdout.splitlines()[1].startswith("ILL   database: It cannot be used: ")
    assert looked.stderr == ""
