"""Some hundreds of the malformed requests of which ``tests.fuzz.requests`` sends 100,000."""

import json
from pathlib import Path

import pytest

from app.core.errors import FormatNotInstalled, Problem, Unavailable, UnknownTransferCoding
from tests.fuzz.requests import CONNECTIONS, Answer, run

REQUESTS = 40 * CONNECTIONS


async def test_malformed_requests_are_refused_and_leave_nothing_behind(
    database_url: str, tmp_path: Path
) -> None:
    tally = await run(database_url, tmp_path, REQUESTS, seed=1)

    assert tally.faults == []
    assert tally.statuses.total() == REQUESTS
    assert {"400", "401", "404", "405", "422"} < tally.statuses.keys()


@pytest.mark.parametrize(
    ("problem", "fault"),
    [(UnknownTransferCoding, None), (FormatNotInstalled, "a failure"), (Unavailable, "a failure")],
)
def test_of_all_failures_one_alone_is_the_callers(
    problem: type[Problem], fault: str | None
) -> None:
    headers = {"x-request-id": "1", "content-type": "application/problem+json"}
    body = {"type": f"/problems/{problem.code}", "status": problem.status}

    answer = Answer(problem.status, headers, json.dumps(body).encode())

    assert answer.fault == fault
