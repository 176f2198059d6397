"""What Prometheus reads: requests, connections and waits, of all workers together.

Measurements of one thing alone stand beside it: of commits in ``core.database.group_commit``, of
load in ``core.http.admission``, of exports in ``exports.content``.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import REGISTRY

from app.core.database import Database

REQUESTS = Counter("stet_requests_total", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "stet_request_duration_seconds",
    "From the first byte of a request to the last of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
POOL = Gauge(
    "stet_database_connections_in_use",
    "Database connections at work.",
    # Each worker keeps a number of its own; those of the living are added up.
    multiprocess_mode="livesum",
)
WAITED = Histogram(
    "stet_database_connection_wait_seconds",
    "Waits for a database connection, where none was free; on SQLite, for the one that writes.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WAITING = Gauge(
    "stet_writes_waiting",
    "Writes that wait for the commit before theirs, to be committed together.",
    multiprocess_mode="livesum",
)

STARTED = Counter(
    "stet_workers_started_total",
    "Workers that began: one more for each that took the place of another.",
)

METRICS_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The media type of ``metrics``."""


def metrics() -> bytes:
    """The measurements of every worker, in Prometheus's text format.

    With several workers, ``PROMETHEUS_MULTIPROC_DIR`` names a directory that they share; it must be
    there, and empty, before the first of them imports this module.
    """
    shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not shared:
        return generate_latest(REGISTRY)
    for pid in _dead(Path(shared)):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _dead(shared: Path) -> Iterator[int]:
    """The workers that left a number behind and are no more; what they counted still counts."""
    for path in shared.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, PermissionError):
            # Another user's process has its number now: workers are all of one.
            yield pid


def look(database: Database) -> None:
    """Note how many connections are at work, and how many writes wait."""
    POOL.set(database.pool_in_use())
    WAITING.set(database.writes_waiting())


async def keep_measuring(database: Database) -> None:
    """Look once a second, until cancelled.

    Any worker may be asked for the measurements of all, and each can only look at its own.
    """
    while True:
        look(database)
        await asyncio.sleep(1)


@contextmanager
def waiting() -> Iterator[None]:
    """Measure what is done meanwhile as a wait for a connection, however it ends."""
    began = perf_counter()
    try:
        yield
    finally:
        WAITED.observe(perf_counter() - began)


_requests: dict[tuple[str, str, int], Counter] = {}
_latencies: dict[tuple[str, str], Histogram] = {}


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. The children are kept: looking them up by label took half of the time."""
    counter = _requests.get((method, route, status))
    if counter is None:
        counter = _requests[method, route, status] = REQUESTS.labels(method, route, status)
    counter.inc()
    latency = _latencies.get((method, route))
    if latency is None:
        latency = _latencies[method, route] = LATENCY.labels(method, route)
    latency.observe(seconds)
