"""What deciding costs: its statements, and the reason for each.

The cost of many decisions at once is told in ``test_bulk.py``.
"""

from tests import make
from tests.conftest import Newsroom


async def test_a_decision_takes_one_statement(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    first, annotation = [
        await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)
    ]
    await make.decision(newsroom["reviewer"], first["id"])
    statements.clear()

    await make.decision(newsroom["reviewer"], annotation["id"])

    # Who is asking and what they may was read a moment ago. The log's sequence, the new version of
    # an annotation that is as it must be, the old one's copy, the decision and the entry in one.
    # SQLite: BEGIN IMMEDIATE, SAVEPOINT, the five, RELEASE.
    expected = {"postgresql": 1, "sqlite": 8}[dialect]
    assert len(statements) == expected, "\n".join(statements)


async def test_a_repeated_decision_takes_three(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}/decisions"
    await make.decision(newsroom["reviewer"], annotation["id"])
    statements.clear()

    await newsroom["reviewer"].post(path, json={"verdict": "approve"}, headers=make.seen(1))

    # The decision, which finds nothing to decide on; in a new try who, may they and the annotation
    # in one; what this reviewer said of it. SQLite gives up at the second statement of five, with
    # BEGIN IMMEDIATE, SAVEPOINT and ROLLBACK around it, and says BEGIN in the new try.
    expected = {"postgresql": 3, "sqlite": 8}[dialect]
    assert len(statements) == expected, "\n".join(statements)


async def test_a_stale_decision_takes_three(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}/decisions"
    await make.decision(newsroom["reviewer"], annotation["id"])
    statements.clear()

    await newsroom["reviewer-b"].post(path, json={"verdict": "approve"}, headers=make.seen(1))

    # Nothing was read of this reviewer a moment ago: who, may they and the annotation in one; what
    # this reviewer said of it; how it stands now.
    assert len(statements) - (dialect == "sqlite") == 3, "\n".join(statements)


async def test_the_history_costs_the_same_however_long_it_is(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    costs: dict[str, list[int]] = {"history": [], "decisions": []}
    for version in range(1, 7):
        verdict = "approve" if version % 2 else "reject"
        await make.decision(
            newsroom["reviewer"], annotation["id"], verdict, version=version, comment="So."
        )
        for name, found in costs.items():
            statements.clear()
            await newsroom["reader"].get(f"{path}/{name}", params={"limit": 1000})
            found.append(len(statements) - (dialect == "sqlite"))

    # Who, may they and the annotation in one; then the versions and the decisions; or the decisions
    # alone.
    assert costs == {"history": [3] * 6, "decisions": [2] * 6}, "\n".join(statements)
