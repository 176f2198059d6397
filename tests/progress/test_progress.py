"""How far a project has come."""

import asyncio
import datetime as dt
import json
from typing import Any

from sqlalchemy import func, select, update

from app.core.database import Database
from app.core.timestamps import now
from app.models import Annotation, Change
from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/progress"
NONE = {"approve": 0, "reject": 0, "request_changes": 0}
NO_STATUS = {"pending": 0, "approved": 0, "rejected": 0, "changes_requested": 0}


async def progress(newsroom: Newsroom) -> dict[str, Any]:
    return await make.said(await newsroom["reader"].get(PATH), 200)


async def test_an_empty_project_has_come_nowhere(newsroom: Newsroom) -> None:
    assert await progress(newsroom) == {
        "documents": {"total": 0, "without_annotations": 0},
        "labels": {},
        "people": [],
        "days": [],
    }


async def test_what_stands_is_counted_by_label_and_what_was_done_by_person_and_day(
    newsroom: Newsroom,
) -> None:
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(annotator)
    await make.document(annotator, title="Not begun")
    deleted = await make.document(annotator, title="Deleted")
    await make.annotation(annotator, deleted["id"])
    await newsroom["manager"].delete(f"/v1/documents/{deleted['id']}", headers=make.seen(1))
    emptied = await make.document(annotator, title="Emptied")
    withdrawn = await make.annotation(annotator, emptied["id"])
    await annotator.delete(f"/v1/annotations/{withdrawn['id']}", headers=make.seen(1))
    claim = await make.annotation(annotator, document["id"])
    await make.annotation(newsroom["annotator-b"], document["id"])
    denial = await make.annotation(annotator, document["id"], "denial", "totally unfounded")
    await make.decision(reviewer, claim["id"], "request_changes", comment="Shorter.")
    path = f"/v1/annotations/{claim['id']}"
    await make.said(await annotator.patch(path, json={"note": "No."}, headers=make.seen(2)), 200)
    await make.decision(reviewer, denial["id"])

    found = await progress(newsroom)

    assert found["documents"] == {"total": 3, "without_annotations": 2}
    assert found["labels"] == {
        "claim": {**NO_STATUS, "pending": 2},
        "denial": {**NO_STATUS, "approved": 1},
    }
    assert found["people"] == [
        {"name": "annotator", "created": 2, "edited": 1, "decided": NONE},
        {"name": "annotator-b", "created": 1, "edited": 0, "decided": NONE},
        {
            "name": "reviewer",
            "created": 0,
            "edited": 0,
            "decided": {"approve": 1, "reject": 0, "request_changes": 1},
        },
    ]
    created = {"claim": 2, "denial": 1}
    decided = {"approve": 1, "reject": 0, "request_changes": 1}
    assert [{**day, "day": None} for day in found["days"]] == [
        {"day": None, "created": created, "decided": decided}
    ]


async def test_who_wrote_only_what_is_not_counted_is_not_among_the_people(
    newsroom: Newsroom,
) -> None:
    annotator, other = newsroom["annotator"], newsroom["annotator-b"]
    document = await make.document(other)
    claim = await make.annotation(annotator, document["id"])
    denial = await make.annotation(annotator, document["id"], "denial", "totally unfounded")
    withdrawn = await make.annotation(other, document["id"])
    await other.delete(f"/v1/annotations/{withdrawn['id']}", headers=make.seen(1))
    await make.relation(other, document["id"], "denies", denial["id"], claim["id"])
    # An edit is counted, whatever becomes of what was edited.
    edited = await make.annotation(annotator, document["id"])
    path = f"/v1/annotations/{edited['id']}"
    reviewer = newsroom["reviewer"]
    await make.said(await reviewer.patch(path, json={"note": "n"}, headers=make.seen(1)), 200)
    await reviewer.delete(path, headers=make.seen(2))

    assert (await progress(newsroom))["people"] == [
        {"name": "annotator", "created": 2, "edited": 0, "decided": NONE},
        {"name": "reviewer", "created": 0, "edited": 1, "decided": NONE},
    ]


async def test_a_day_is_one_in_utc_and_the_last_366_with_any_activity_are_told(
    newsroom: Newsroom,
) -> None:
    first = dt.datetime(2020, 1, 1, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-1)))
    claims = [
        {
            "label": "claim",
            "quote": "Chinese nationals fight for Russia",
            "created_at": (first + dt.timedelta(days=2 * number)).isoformat(),
        }
        for number in range(367)
    ]
    line = json.dumps({"title": "Imported", "text": make.TEXT, "annotations": claims})
    imported = await newsroom["manager"].post("/v1/projects/demo/import?format=jsonl", content=line)
    assert imported.json()["created"]["annotations"] == 367, imported.text

    days = (await progress(newsroom))["days"]

    # Half past eleven, an hour behind, is half past midnight of the next day.
    assert [days[0]["day"], days[-1]["day"], len(days)] == ["2020-01-04", "2022-01-03", 366]
    assert days[0] == {"day": "2020-01-04", "created": {"claim": 1}, "decided": NONE}


async def test_the_number_of_statements_does_not_grow_with_what_is_counted(
    newsroom: Newsroom, statements: list[str]
) -> None:
    costs = []
    for _ in range(2):
        for name in ("annotator", "annotator-b"):
            document = await make.document(newsroom[name])
            made = await make.annotation(newsroom[name], document["id"])
            await make.decision(newsroom["reviewer"], made["id"])
        statements.clear()
        await progress(newsroom)
        costs.append(len([one for one in statements if one.lstrip().startswith("SELECT")]))

    # Who asks and what they are; where the log ends; documents; annotations; edits; decisions; and
    # both by day.
    assert costs == [8, 8], "\n".join(statements)


async def test_of_many_who_ask_at_once_one_counts_and_nobody_does_until_something_is_written(
    newsroom: Newsroom, statements: list[str]
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    reader = newsroom["reader"]
    statements.clear()

    at_once = await asyncio.gather(*(reader.get(PATH) for _ in range(6)))
    again = await reader.get(PATH)
    counted = [one for one in statements if "GROUP BY day" in one]
    await make.annotation(newsroom["annotator"], document["id"], "denial", "totally unfounded")
    # Who needs no more than what they saw is not held to it.
    seen = {"Stet-Snapshot": again.headers["Stet-Snapshot"]}
    later = await reader.get(PATH, headers=seen)

    told = {(answer.content, answer.headers["Stet-Snapshot"]) for answer in (*at_once, again)}
    assert len(told) == 1
    # What was created, and what was decided.
    assert len(counted) == 2, "\n".join(counted)
    assert again.json()["labels"].keys() == {"claim"}
    assert later.json()["labels"].keys() == {"claim", "denial"}
    assert int(later.headers["Stet-Snapshot"]) > int(again.headers["Stet-Snapshot"])


async def test_of_a_log_whose_numbers_are_given_away_again_it_is_counted_anew(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    assert (await progress(newsroom))["labels"].keys() == {"claim"}
    database: Database = newsroom.app.state.database

    # As after a copy was put back, and somebody wrote something else instead.
    async with database.session(writes=True) as db:
        await db.begin()
        last = select(func.max(Change.sequence)).scalar_subquery()
        later = now() + dt.timedelta(seconds=1)
        await db.execute(update(Change).where(Change.sequence == last).values(at=later))
        await db.execute(update(Annotation).values(label="denial"))

    assert (await progress(newsroom))["labels"].keys() == {"denial"}


async def test_an_outsider_is_told_nothing(newsroom: Newsroom) -> None:
    make.refused(await newsroom["stranger"].get(PATH), 404, "not-found")
