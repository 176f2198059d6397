"""What each use of documents costs: its statements, and the reason for each.

On PostgreSQL every one is a round trip, BEGIN and COMMIT too. On SQLite a reader begins with BEGIN,
and what PostgreSQL does in one statement stands between SAVEPOINT and RELEASE.
"""

from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/documents"


async def test_adding_a_document_takes_two_statements(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    annotator = newsroom["annotator"]

    await make.document(annotator)

    # Who is asking, what they are in the project and its epoch, in one.
    # The log's next sequence, the document, its revision, its words and the entry in one.
    # SQLite: BEGIN and who, BEGIN IMMEDIATE, SAVEPOINT, the five, RELEASE.
    expected = {"postgresql": 2, "sqlite": 10}[dialect]
    assert len(statements) == expected, "\n".join(statements)


async def test_reading_a_document_takes_three_statements_and_its_text_is_fetched_once(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    begin = dialect == "sqlite"
    path = f"/v1/documents/{document['id']}"
    costs = []
    for each in (path, path, f"{path}/text"):
        statements.clear()
        await newsroom["reader"].get(each)
        costs.append(len(statements) - begin)

    # Who, may they and the document in one; its counts; its text, which is immutable and kept.
    assert costs == [3, 2, 1], "\n".join(statements)


async def test_listing_documents_costs_the_same_however_many_there_are(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    costs = []
    for _ in range(3):
        for _ in range(4):
            document = await make.document(newsroom["annotator"])
            await make.annotation(newsroom["annotator"], document["id"])
        statements.clear()
        page = await newsroom["reader"].get(PATH)
        costs.append((len(page.json()["items"]), len(statements) - (dialect == "sqlite")))

    # Who and may they in one; the page; the counts of all that are on it.
    assert costs == [(4, 3), (8, 3), (12, 3)], "\n".join(statements)


async def test_changing_a_document_takes_ten_statements(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    await newsroom["annotator"].get(path)
    statements.clear()

    await newsroom["annotator"].patch(path, json={"title": "Another"}, headers=make.seen(1))

    # Who, may they and the document in one; BEGIN; the log's lock; the change; the title's words,
    # as it is the title; the document as it is now, for the log and the answer; its counts; the
    # entry; the log's new end; COMMIT.
    # SQLite: BEGIN for the reader, BEGIN IMMEDIATE for the writer, and its COMMIT is no statement.
    assert len(statements) == 10, "\n".join(statements)


async def test_deleting_a_document_costs_the_same_however_much_was_said_of_it(
    newsroom: Newsroom, statements: list[str]
) -> None:
    costs = []
    for annotations in (0, 3, 9):
        document = await make.document(newsroom["annotator"])
        for _ in range(annotations):
            await make.annotation(newsroom["annotator"], document["id"])
        statements.clear()
        path = f"/v1/documents/{document['id']}"
        await newsroom["manager"].delete(path, headers=make.seen(1))
        costs.append(len(statements))

    # Who, may they and the document in one; BEGIN; the log's lock, under a new epoch; whether they
    # still manage the project, and the document, under the lock; when anything of it was written
    # last; for the relations their entries and their end; for the annotations their entries, their
    # history and their end; the document's own end; its entry; the log's new end; COMMIT.
    assert costs == [16, 16, 16], "\n".join(statements)
