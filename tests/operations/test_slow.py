"""A request that is slow says in its line what took the time."""

from tests import make
from tests.conftest import Newsroom
from tests.operations.conftest import Log

SECRET = "hush-hush-9f8e7d"


async def test_a_slow_request_is_a_warning_with_its_statements(
    log: Log, newsroom: Newsroom
) -> None:
    slow = newsroom.beside(slow_request_seconds=1e-9)
    document = await make.document(newsroom["annotator"], f"A text. {SECRET}")
    path = f"/v1/documents/{document['id']}/annotations"

    await make.annotation(slow["annotator"], document["id"], quote=SECRET, note=SECRET)
    await make.said(await slow["reader"].get(path, params={"author": SECRET}), 200)

    created, listed = log.lines()[-2:]
    assert (created["level"], created["event"], created["status"]) == ("warning", "answered", 201)
    assert "written together with others" in {each["sql"] for each in created["statements"]}
    assert len(listed["statements"]) == 2
    assert any("annotations.document_id = :document_id" in e["sql"] for e in listed["statements"])
    times = [each["milliseconds"] for each in listed["statements"]]
    assert times == sorted(times, reverse=True)
    assert 0 < sum(times) <= listed["milliseconds"]
    assert SECRET not in log.text


async def test_what_is_answered_in_time_says_nothing_of_statements(
    log: Log, newsroom: Newsroom
) -> None:
    await make.said(await newsroom["reader"].get("/v1/me"), 200)

    [line] = log.lines()
    assert line["level"] == "info"
    assert "statements" not in line


async def test_what_may_take_long_is_not_slow(log: Log, newsroom: Newsroom) -> None:
    slow = newsroom.beside(slow_request_seconds=1e-9)

    assert (await slow["reader"].get("/v1/projects/demo/export?format=jsonl")).status_code == 200

    [line] = log.lines()
    assert "statements" not in line
