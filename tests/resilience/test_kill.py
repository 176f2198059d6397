"""kill -9 under load: what was acknowledged is there, whole; the rest is wholly there or absent."""

import sys
import time

import pytest

from tests.resilience.rounds import go_through

ROUNDS = {"sqlite": 3, "postgresql": 5}
"""On PostgreSQL, each death once."""


# Servers are started over and over, which takes minutes where many tests run at once.
@pytest.mark.timeout(300)
def test_what_was_acknowledged_outlives_kill_9(dialect: str) -> None:
    seed = time.time_ns()
    sys.stdout.write(f"seed {seed}\n")

    gone = go_through(dialect, ROUNDS[dialect], seed)

    assert gone.died.total() == ROUNDS[dialect]
    assert len(gone.died) == {"sqlite": 1, "postgresql": 5}[dialect]
