"""What each use of relations costs: its statements, and the reason for each."""

from tests import make
from tests.conftest import Newsroom


async def test_joining_takes_eight_statements_and_withdrawing_seven(
    newsroom: Newsroom, statements: list[str]
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    one, two = [await make.annotation(annotator, document["id"]) for _ in range(2)]
    statements.clear()

    relation = await make.relation(annotator, document["id"], "supports", one["id"], two["id"])

    # Who, may they and the document in one; BEGIN; the log's lock and its epoch; both ends; the
    # relation; the entry; the log's new end; COMMIT.
    # SQLite: BEGIN for the reader and BEGIN IMMEDIATE for the writer, and COMMIT is no statement.
    assert len(statements) == 8, "\n".join(statements)

    statements.clear()
    await annotator.delete(f"/v1/relations/{relation['id']}", headers=make.seen(1))

    # Who, may they and the relation in one; BEGIN; the lock; the end of the relation; the entry;
    # the log's new end; COMMIT.
    assert len(statements) == 7, "\n".join(statements)


async def test_listing_costs_the_same_however_many_there_are(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    one, two = [await make.annotation(annotator, document["id"]) for _ in range(2)]
    costs = []
    for _ in range(3):
        for _ in range(3):
            await make.relation(annotator, document["id"], "repeats", one["id"], two["id"])
        statements.clear()
        await newsroom["reader"].get(f"/v1/documents/{document['id']}/relations")
        costs.append(len(statements) - (dialect == "sqlite"))

    # Who, may they and the document in one; the page.
    assert costs == [2, 2, 2], "\n".join(statements)
