"""Some hundreds of the malformed requests of which ``tests.fuzz.requests`` sends 100,000."""

from pathlib import Path

from tests.fuzz.requests import CONNECTIONS, run

REQUESTS = 40 * CONNECTIONS


async def test_malformed_requests_are_refused_and_leave_nothing_behind(
    database_url: str, tmp_path: Path
) -> None:
    tally = await run(database_url, tmp_path, REQUESTS, seed=1)

    assert tally.faults == []
    assert tally.statuses.total() == REQUESTS
    assert {"400", "401", "404", "405", "422"} < tally.statuses.keys()
