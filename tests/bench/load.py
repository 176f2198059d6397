"""Driving a server with wrk (https://github.com/wg/wrk)."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

_SCRIPT = Path(__file__).parent / "requests.lua"


@dataclass(frozen=True)
class Load:
    """Requests to send again and again, or, if ``once``, each at most once."""

    method: str
    authorization: str
    """The header's value: the scheme and the token."""
    requests: list[str]
    """Path, If-Match and body, separated by tabs."""
    once: bool = False


@dataclass(frozen=True)
class Run:
    """What wrk saw."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float


class Stocked(Protocol):
    """What a server has in its database, as a load finds and leaves it."""

    async def rows(self) -> dict[str, int]:
        """How many there are in each table that a load writes to."""
        ...


Stock = TypeVar("Stock", bound=Stocked)


@dataclass(frozen=True)
class Workload(Generic[Stock]):
    """What is sent for so many seconds, and how many rows each answer leaves in each table."""

    load: Callable[[Stock, float], Awaitable[Load]]
    leaves: dict[str, int]


def check_wrk() -> None:
    """Refuse to begin without wrk.

    Raises:
        SystemExit: saying how to install it.
    """
    if shutil.which("wrk") is None:
        raise SystemExit(
            "The benchmark needs wrk. On Debian and Ubuntu: apt-get install wrk. "
            "On macOS: brew install wrk."
        )


def lines(requests: Iterable[tuple[str, str, object]]) -> list[str]:
    """Requests as ``Load`` takes them; a body of None is none."""
    return [
        f"{path}\t{if_match}\t{'' if body is None else json.dumps(body)}"
        for path, if_match, body in requests
    ]


async def run(url: str, load: Load, seconds: float, folder: Path, *, connections: int = 16) -> Run:
    """Send the load over so many connections for so many seconds.

    Raises:
        RuntimeError: when an answer was not 2xx, a connection broke, or the requests ran out.
    """
    said = await seen_of(url, load, seconds, folder, connections=connections)
    if said["refused"] or said["broken"] or not said["requests"]:
        raise RuntimeError(
            f"Not all of {load.method} {load.requests[0]!r} was answered 2xx: {said}"
        )
    if load.once and said["requests"] + connections > len(load.requests):
        raise RuntimeError(f"Only {len(load.requests)} requests were prepared, all were sent.")
    return Run(said["requests"], said["requests"] / said["seconds"], said["p50_ms"], said["p99_ms"])


async def run_checked(
    url: str,
    load: Load,
    stock: Stocked,
    leaves: dict[str, int],
    seconds: float,
    folder: Path,
    *,
    connections: int,
) -> Run:
    """The same, and every answer has left its rows.

    Raises:
        RuntimeError: as ``run`` does, and when there are fewer rows than answers, or more.
    """
    before = await stock.rows()
    measured = await run(url, load, seconds, folder, connections=connections)
    after = await stock.rows()
    for table, count in before.items():
        expected = measured.requests * leaves.get(table, 0)
        # When its time is up, wrk hangs up on requests that the server still carries out.
        unseen = connections * leaves.get(table, 0)
        if not expected <= after[table] - count <= expected + unseen:
            raise RuntimeError(
                f"{measured.requests} answers, but {after[table] - count} rows in {table}."
            )
    return measured


async def seen_of(
    url: str, load: Load, seconds: float, folder: Path, *, connections: int, strict: bool = False
) -> dict[str, Any]:
    """The same whatever is answered, in wrk's own words (``requests.lua``).

    If ``strict``, each answer is looked at, and those are counted as wrong that are neither 2xx nor
    503 or 429 with a Retry-After.
    """
    file = folder / "requests.tsv"
    file.write_text("\n".join(load.requests))
    # One thread: each has a script of its own, and would send the same requests. What is late is
    # late, and counts as that.
    wrk = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
        "-s", str(_SCRIPT), url, "--", load.method, load.authorization, str(file),
        *(["strict"] if strict else []),
        stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    output, _ = await wrk.communicate()
    said: dict[str, Any] = json.loads(output.decode().rpartition("\n")[2])
    return said
