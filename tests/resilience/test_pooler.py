"""Two Stets on one PostgreSQL behave as one, with pgbouncer in between and without.

The pgbouncer is the system's, in transaction mode and with few connections for many who ask.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.database import Database, Session, unavailable
from app.main import create_app
from tests import make
from tests.cli.shell import stet as shell
from tests.conftest import TOKENS, Databases, Newsroom, settings
from tests.resilience.kept import check, kept
from tests.resilience.shift import Shift
from tests.serving import Forked, Server, free_port

# Not every user's path has it.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
PGBOUNCER = shutil.which("pgbouncer", path=_PATH)

CONNECTIONS = 3
"""How many the pooler has to a database, and each Stet has of a kind."""
SECONDS = 0.3
"""STET_DATABASE_TIMEOUT_SECONDS of those who are not to wait for long."""
SOON = 20 * SECONDS
"""How long is allowed on a machine that does much else."""


class Pooler:
    """pgbouncer before the PostgreSQL server of an URL: another address of all its databases."""

    def __init__(self, server_url: str, folder: Path, clients: int) -> None:
        """Starts nothing yet; its settings and its log are in the folder.

        It takes so many ``clients`` at once.
        """
        self._port = free_port()
        self._folder = folder
        server = server_url.partition("?host=")[2]
        # As root it refuses to run, so it is whoever PostgreSQL is.
        owner = Path(server, ".s.PGSQL.5432").owner()
        self._user = owner if os.geteuid() == 0 else None
        self._settings = folder / "pgbouncer.ini"
        self._settings.write_text(
            f"[databases]\n* = host={server} user=postgres\n"
            f"[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
            f"max_client_conn = {clients}\nauth_type = any\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\n"
        )
        if self._user is not None:
            for path in (folder, self._settings):
                shutil.chown(path, self._user)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database_url: str) -> str:
        """The URL of a database of that server, through this."""
        name = database_url.partition("?")[0].rpartition("/")[2]
        return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"

    def start(self) -> None:
        """Start it, at the address that it had before, and wait until it listens."""
        assert PGBOUNCER is not None
        log = self._folder / "log"
        with log.open("w") as output:
            self._process = subprocess.Popen(
                (PGBOUNCER, self._settings), user=self._user, stdout=output, stderr=output
            )
        deadline = time.monotonic() + 30
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"pgbouncer did not start.\n{log.read_text()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextmanager
def pooled(databases: Databases, clients: int = 1000) -> Iterator[Pooler]:
    """A pooler that runs; without the program the test is skipped, or fails if that is wanted."""
    if PGBOUNCER is None:
        if os.environ.get("POOLER_TESTS") == "required":
            pytest.fail("There is no pgbouncer, and the tests behind it are required.")
        pytest.skip("There is no pgbouncer.")
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    with tempfile.TemporaryDirectory(prefix="stet-pooler-") as folder:
        pooler = Pooler(databases.server_uri(), Path(folder), clients)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.kill()


@pytest.fixture
def pooler(databases: Databases) -> Iterator[Pooler]:
    """A pooler of the test's own."""
    with pooled(databases) as made:
        yield made


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    """The newsroom's database, by the direct way."""
    made = databases.furnished("postgresql")
    yield made
    databases.drop(made)


@dataclass(frozen=True)
class Way:
    """How Stet comes to a database: through a pooler, or directly."""

    pooler: Pooler | None

    def both(self, database_url: str, folder: Path) -> "Both":
        """Two Stets that come to it so."""
        if self.pooler is None:
            return Both(database_url, folder)
        return Both(self.pooler.url(database_url), folder, database_pooler=True)


@pytest.fixture(scope="module", params=["direct", "pgbouncer"])
def way(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Way]:
    if request.param == "direct":
        yield Way(None)
    else:
        with pooled(databases) as made:
            yield Way(made)


class Both(Server):
    """Two servers: who asks where to go is sent to one or the other."""

    def __init__(self, database_url: str, folder: Path, **settings: object) -> None:
        """Starts nothing yet."""
        self.database_url = database_url
        self.servers: list[Forked] = []
        for name in ("one", "other"):
            (folder / name).mkdir()
            given = {"database_pool_size": CONNECTIONS, **settings}
            self.servers.append(Forked(database_url, folder / name, **given))
        one, other = self.servers
        # Two who come one after the other are sent apart, and now this, now that one comes first.
        self._turns = cycle((one, other, other, one))

    @property
    def url(self) -> str:
        return next(self._turns).url

    async def start(self) -> None:
        await asyncio.gather(*(server.start() for server in self.servers))

    async def kill(self) -> None:
        for server in self.servers:
            await server.kill()

    @asynccontextmanager
    async def clients(self, token: str) -> AsyncIterator[list[httpx.AsyncClient]]:
        """A client of each, that shows the token."""
        headers = {"Authorization": f"Bearer {token}"}
        async with AsyncExitStack() as stack:
            clients = [
                httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)
                for server in self.servers
            ]
            yield [await stack.enter_async_context(client) for client in clients]


async def test_what_either_of_two_acknowledged_under_load_is_there_once(
    way: Way, url: str, tmp_path: Path
) -> None:
    shift = Shift()
    async with way.both(url, tmp_path) as both:
        await shift.work(both, 80, end=both.kill)

    check(shift, await kept(url))


async def test_a_pooler_that_is_killed_and_started_again_loses_nothing(
    pooler: Pooler, url: str, tmp_path: Path
) -> None:
    shift = Shift()
    async with (
        Way(pooler).both(url, tmp_path) as both,
        both.clients(TOKENS["annotator"]) as annotators,
    ):

        async def outage() -> None:
            pooler.kill()
            for annotator in annotators:
                make.refused(await annotator.get("/readyz"), 503, "unavailable")
                refused = await post(annotator)
                problem = make.refused(refused, 503, "unavailable")
                assert problem["detail"] == "The database cannot be reached."
                assert refused.headers["Retry-After"] == "1"
            await asyncio.to_thread(pooler.start)
            # They have been at work all the time, and no Stet is told that it is back.
            before = acknowledged(shift)
            async with asyncio.timeout(30):
                while acknowledged(shift) < before + 30:  # noqa: ASYNC110  # nobody says
                    await asyncio.sleep(0.02)
            for annotator in annotators:
                assert (await annotator.get("/readyz")).status_code == 200

        await shift.work(both, 40, end=outage)
        await shift.ask_again(both)

    check(shift, await kept(url))


async def post(annotator: httpx.AsyncClient) -> httpx.Response:
    """The answer to a document."""
    sent = {"title": "An article", "text": make.TEXT}
    return await annotator.post("/v1/projects/demo/documents", json=sent)


def acknowledged(shift: Shift) -> int:
    """How many requests were."""
    return sum(bool(request.happened) for request in shift.requests)


@pytest.fixture(scope="module")
async def both(
    way: Way, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Both]:
    url = databases.furnished("postgresql")
    async with way.both(url, tmp_path_factory.mktemp("both")) as made:
        yield made
    databases.drop(url)


async def test_what_one_wrote_the_other_reads_and_lists_at_once(both: Both) -> None:
    async with both.clients(TOKENS["annotator"]) as (one, other):
        document = await make.document(one)
        listed = f"/v1/documents/{document['id']}/annotations"
        written: list[dict[str, Any]] = []
        for here, there in [(one, other), (other, one)] * 5:
            made = await make.annotation(here, document["id"])
            path = f"/v1/annotations/{made['id']}"
            assert (await there.get(path)).json() == made
            assert (await there.get(listed)).json()["items"] == [*written, made]

            edited = await here.patch(path, json={"note": "Why."}, headers=make.seen(1))
            written.append(await make.said(edited, 200))
            assert (await there.get(listed)).json()["items"] == written


async def test_an_edit_at_one_is_held_against_whoever_saw_less_at_the_other(both: Both) -> None:
    async with both.clients(TOKENS["annotator"]) as (one, other):
        document = await make.document(one)
        path = f"/v1/annotations/{(await make.annotation(one, document['id']))['id']}"
        seen = {"If-Match": (await other.get(path)).headers["ETag"]}

        edited = await one.patch(path, json={"note": "One's."}, headers=seen)
        stale = await other.patch(path, json={"note": "The other's."}, headers=seen)

        await make.said(edited, 200)
        problem = make.refused(stale, 412, "stale-version")
        assert problem["current"] == edited.json()
        known = await other.get(path, headers={"If-None-Match": edited.headers["ETag"]})
        assert known.status_code == 304
        seen = {"If-Match": edited.headers["ETag"]}
        await make.said(await other.patch(path, json={"note": "Both's."}, headers=seen), 200)
        assert (await one.get(path)).json()["note"] == "Both's."


async def test_a_token_that_is_revoked_at_one_is_refused_there_at_once_and_soon_by_the_other(
    both: Both,
) -> None:
    async with both.clients(TOKENS["annotator"]) as (one, other):
        document = await make.document(one)
        path = f"/v1/documents/{document['id']}/annotations"
        body = {"label": "claim", "quote": "Beijing"}
        minted = await make.said(await one.post("/v1/tokens", json={"name": "lent"}))
        async with both.clients(minted["token"]) as (here, there):
            for each in (here, there):
                await make.said(await each.post(path, json=body))

            revoked = await other.delete(f"/v1/tokens/{minted['id']}", headers=make.seen(1))
            assert revoked.status_code == 204
            make.refused(await there.post(path, json=body), 401, "unauthenticated")
            await asyncio.sleep(1)
            make.refused(await here.post(path, json=body), 401, "unauthenticated")


async def test_what_one_imports_the_other_exports_and_tells_its_followers(both: Both) -> None:
    names = [f"{number:03}" for number in range(150)]
    annotations = [{"label": "claim", "quote": "Beijing"}, {"label": "denial", "quote": "Kyiv"}]
    lines = "\n".join(
        json.dumps(
            {"external_id": name, "title": name, "text": make.TEXT, "annotations": annotations}
        )
        for name in names
    )
    async with both.clients(TOKENS["admin"]) as (one, other):
        await make.project(one, "imported")
        path = "/v1/projects/imported"
        before = int((await one.get(f"{path}/changes")).headers["Stet-Snapshot"])
        waiting = asyncio.create_task(
            other.get(f"{path}/changes", params={"after": before, "wait": 20})
        )
        imported = await one.post(f"{path}/import?format=jsonl", content=lines)
        exported = await other.get(f"{path}/export?format=jsonl")
        told = await other.get(f"{path}/changes", params={"after": before})

        await make.said(imported, 200)
        documents = [json.loads(line) for line in exported.text.splitlines()]
        assert [document["external_id"] for document in documents] == names
        assert {len(document["annotations"]) for document in documents} == {2}
        entries = [json.loads(line) for line in told.text.splitlines()]
        last = before + 3 * len(names)
        assert [entry["sequence"] for entry in entries] == list(range(before + 1, last + 1))
        kinds = Counter(entry["kind"] for entry in entries)
        assert kinds == {"document.created": 150, "annotation.created": 300}
        assert told.headers["Stet-Snapshot"] == str(last)
        assert (await waiting).text.startswith(told.text.partition("\n")[0])


async def test_more_may_ask_at_once_than_there_are_connections_and_nothing_is_left_on_those(
    way: Way, both: Both
) -> None:
    async with both.clients(TOKENS["annotator"]) as annotators:
        document = await make.document(annotators[0])
        path = f"/v1/documents/{document['id']}/annotations"
        body = {"label": "claim", "quote": "Beijing"}
        requests = []
        for annotator in annotators:
            requests += [annotator.post(path, json=body) for _ in range(20)]
            requests += [annotator.get(path) for _ in range(20)]
            # One of a user has no share of more, of so few.
            requests.append(annotator.get("/v1/projects/demo/export?format=jsonl"))
        answers = await asyncio.gather(*requests)

        assert Counter(answer.status_code for answer in answers) == {201: 40, 200: 42}
        assert len((await annotators[0].get(path)).json()["items"]) == 40
    if way.pooler is not None:
        prepared = "SELECT count(*) FROM pg_prepared_statements"
        async with lent(both.database_url) as connections:
            assert [await one.fetchval(prepared) for one in connections] == [0] * CONNECTIONS
            servers = {await one.fetchval("SELECT pg_backend_pid()") for one in connections}
        assert len(servers) == CONNECTIONS


@asynccontextmanager
async def lent(url: str) -> "AsyncIterator[list[asyncpg.Connection[Any]]]":
    """All connections that the pooler has to a database, each in a transaction."""
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(CONNECTIONS):
            connections.append(await asyncpg.connect(url, statement_cache_size=0))
            stack.push_async_callback(connections[-1].close)
            await connections[-1].execute("BEGIN")
        yield connections


async def test_nobody_waits_for_ever_on_a_pooler_that_has_no_connection_left(
    pooler: Pooler, url: str
) -> None:
    through = pooler.url(url)
    async with AsyncExitStack() as stack:
        # One that has used the database before, and one that has not.
        given = {"database_pooler": True, "database_timeout_seconds": SECONDS}
        apps = [create_app(settings(through, **given)) for _ in range(2)]
        for app in apps:
            stack.push_async_callback(app.state.database.dispose)
        annotators = [Newsroom(app, stack)["annotator"] for app in apps]
        database: Database = apps[0].state.database

        async def ask(annotator: httpx.AsyncClient) -> list[int]:
            export = annotator.get("/v1/projects/demo/export?format=jsonl")
            requests = (annotator.get("/readyz"), annotator.get("/v1/projects"), export)
            answers = await asyncio.gather(post(annotator), *requests)
            return [answer.status_code for answer in answers]

        async def go_on(db: Session) -> None:
            with pytest.raises(DBAPIError) as failure:
                await db.execute(text("SELECT 1"))
            assert unavailable(failure.value) is not None

        well = await ask(annotators[0])
        async with database.session(writes=True) as db:
            await db.execute(text("SELECT 1"))
            async with lent(through):
                began = time.monotonic()
                *ill, _ = await asyncio.gather(*map(ask, annotators), go_on(db))
                took = time.monotonic() - began

        assert well == [201, 200, 200, 200]
        assert ill == [[503] * 4] * 2
        assert took < SOON
        assert [await ask(annotator) for annotator in annotators] == [well] * 2


async def test_connections_that_are_idle_give_way_where_a_pooler_takes_no_more(
    databases: Databases, url: str
) -> None:
    with pooled(databases, clients=CONNECTIONS) as pooler:
        through = pooler.url(url)
        database: Database = create_app(settings(through, database_pooler=True)).state.database
        async with AsyncExitStack() as stack:
            for _ in range(CONNECTIONS):
                db = await stack.enter_async_context(database.session(writes=True))
                await db.begin()
            with pytest.raises(asyncpg.ProtocolViolationError, match="no more connections"):
                await asyncpg.connect(through)

        async with database.session(writes=False) as reading, database.snapshot() as snapshot:
            for session in (reading, snapshot):
                await session.execute(text("SELECT 1"))
        await database.dispose()


async def test_a_database_is_migrated_and_looked_at_through_a_pooler(
    pooler: Pooler, databases: Databases, tmp_path: Path
) -> None:
    url = databases.empty("postgresql")
    through = pooler.url(url)
    connection = await asyncpg.connect(url)
    for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        # Of the database, for the role is that of all tests.
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET {limit} = '30s'")
    await connection.close()

    def run(*arguments: str) -> str:
        return shell(*arguments, url=through, folder=tmp_path, STET_DATABASE_POOLER="true").stdout

    migrated = run("migrate")
    again = run("migrate")
    run("user", "add", "first", "--admin")
    looked = run("doctor")

    assert migrated.endswith(" now.\n")
    assert again == migrated.replace(" now.", " already.")
    assert "ILL" not in looked
    databases.drop(url)


async def test_who_does_not_say_that_there_is_a_pooler_is_told_the_setting(
    pooler: Pooler, url: str, tmp_path: Path
) -> None:
    through = pooler.url(url)
    needed = "so STET_DATABASE_POOLER=true is needed."
    async with AsyncExitStack() as stack:
        app = create_app(settings(through))
        stack.push_async_callback(app.state.database.dispose)
        newsroom = Newsroom(app, stack)
        ready = await newsroom["nobody"].get("/readyz")
        written = await post(newsroom["annotator"])

    served, migrated, looked = [
        await asyncio.to_thread(shell, command, url=through, folder=tmp_path, status=1)
        for command in ("serve", "migrate", "doctor")
    ]

    for answer in (ready, written):
        problem = make.refused(answer, 503, "unavailable")
        said = f"The database cannot be reached: a pooler stands before it, {needed}"
        assert problem["detail"] == said
    assert served.stderr == migrated.stderr
    assert served.stderr.endswith(f" cannot be used: a pooler stands before it, {needed}\n")
    assert looked.stdout.endswith(f" cannot be used: a pooler stands before it, {needed}\n")


async def test_what_a_pooler_does_not_take_of_the_url_is_not_told_as_the_setting(
    pooler: Pooler, url: str
) -> None:
    through = f"{pooler.url(url)}?options=-c%20work_mem%3D8MB"
    async with AsyncExitStack() as stack:
        app = create_app(settings(through, database_pooler=True))
        stack.push_async_callback(app.state.database.dispose)

        ready = await Newsroom(app, stack)["nobody"].get("/readyz")

    assert "STET_DATABASE_POOLER" not in make.refused(ready, 503, "unavailable")["detail"]
