"""doccano (https://github.com/doccano/doccano, MIT), installed and served to be measured.

It lives in an environment of its own, ``build/doccano``: nothing of it comes into Stet's. It is
served as ``doccano webserver`` does where nothing else is asked for: gunicorn with twice as many
workers as there are cores, and one more; its settings for production, DEBUG off. These workers
close the connection after each answer. They listen on all addresses, on which the account made here
has a random password. The task worker (celery) imports and exports, which is not measured here, and
is left out.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.console import Console

from tests import make, serving
from tests.bench import material
from tests.bench.load import Load, Workload, lines

_HOME = Path(__file__).parents[2] / "build" / "doccano"
_INSTALLED = _HOME / ".installed"
_DOCCANO = str(_HOME / "bin" / "doccano")
_REQUIREMENTS = (
    "doccano==1.8.4",
    # What Django speaks to PostgreSQL by.
    "psycopg2-binary>=2.9,<3",
    # environs 9 looks for a version number that marshmallow 4 no longer has.
    "marshmallow<4",
    # pandas 1.5 was built for the binary interface of numpy 1.
    "numpy<2",
)
_USER = "bench"
# More than can be confirmed in a second.
_CONFIRMATIONS_PER_SECOND = 1000
_COPY = """
    INSERT INTO examples_example
        (meta, filename, upload_name, text, score, project_id, uuid, created_at, updated_at)
    SELECT meta, filename, upload_name, text, score, project_id, gen_random_uuid(), now(), now()
    FROM examples_example CROSS JOIN generate_series(1, $2)
    WHERE id = $1
    RETURNING id
"""
_COUNT = """
    SELECT (SELECT count(*) FROM labels_span) AS spans,
        (SELECT count(*) FROM examples_examplestate) AS confirmations
"""


def install() -> None:
    """Install it, if it is not there: some 550 MB.

    Raises:
        SystemExit: on a Python that it does not run on.
        subprocess.CalledProcessError: when pip could not.
    """
    wanted = "\n".join(_REQUIREMENTS)
    if _INSTALLED.is_file() and _INSTALLED.read_text() == wanted:
        return
    if sys.version_info >= (3, 12):
        raise SystemExit("doccano needs pandas 1.5, which is built for Python 3.11 and older.")
    Console(stderr=True).print(f"Installing {_REQUIREMENTS[0]} into build/doccano ...")
    subprocess.run((sys.executable, "-m", "venv", "--clear", str(_HOME)), check=True)
    pip = (str(_HOME / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
    subprocess.run((*pip, "install", *_REQUIREMENTS), check=True)
    _INSTALLED.write_text(wanted)


def _environment(database_url: str, folder: Path) -> dict[str, str]:
    return {
        # It asks for TLS, which PostgreSQL's client leaves out over a Unix socket.
        "DATABASE_URL": database_url,
        "DEBUG": "False",
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DOCCANO_HOME": str(folder),
    }


def server(database_url: str, folder: Path) -> serving.Server:
    """``doccano webserver`` on a database that has its tables."""
    command = (_DOCCANO, "webserver", "--port", "{port}")
    return serving.Server(command, folder, ready="/", **_environment(database_url, folder))


class Project:
    """A project with documents of 5,000 characters, the first of which holds fifty spans."""

    def __init__(self, database_url: str, folder: Path) -> None:
        """``folder`` is where doccano keeps what is not in the database."""
        self._database_url = database_url
        self._environment = {**os.environ, **_environment(database_url, folder)}
        self._password = secrets.token_urlsafe()
        self.authorization = ""
        self.path = ""
        self.label = 0
        self.documents: list[int] = []

    def prepare(self) -> None:
        """The tables of an empty database, and an administrator."""
        account = ("--username", _USER, "--password", self._password)
        for command in (("init",), ("createuser", *account)):
            subprocess.run(
                (_DOCCANO, *command),
                check=True,
                stdout=subprocess.DEVNULL,
                env=self._environment,
            )

    async def furnish(self, url: str) -> None:
        """All else through the API, which is served at ``url``."""
        async with httpx.AsyncClient(base_url=url, timeout=60) as admin:
            account = {"username": _USER, "password": self._password}
            token = await make.said(await admin.post("/v1/auth/login/", json=account), 200)
            self.authorization = f"Token {token['key']}"
        headers = {"Authorization": self.authorization}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as admin:
            new: dict[str, Any] = {
                "name": "bench",
                "description": "bench",
                "project_type": "SequenceLabeling",
                "resourcetype": "SequenceLabelingProject",
                # Else a second span in the same place is refused.
                "allow_overlapping": True,
            }
            made = await make.said(await admin.post("/v1/projects", json=new))
            self.path = f"/v1/projects/{made['id']}"
            label = {"text": "claim"}
            made = await make.said(await admin.post(f"{self.path}/span-types", json=label))
            self.label = made["id"]
            for _ in range(material.DOCUMENTS + 1):
                document = {"text": material.TEXT}
                made = await make.said(await admin.post(f"{self.path}/examples", json=document))
                self.documents.append(made["id"])
            for number in range(50):
                path = f"{self.path}/examples/{self.documents[0]}/spans"
                await make.said(await admin.post(path, json=self.span(number)))

    def span(self, number: int) -> dict[str, int]:
        """The span of ``material.span``, as doccano takes it: without a quote or attributes."""
        there = material.span(number)
        return {
            "label": self.label,
            "start_offset": there["start"],
            "end_offset": there["end"],
        }

    async def pend(self, count: int) -> list[int]:
        """Add documents that nobody has confirmed; their ids."""
        database = await asyncpg.connect(self._database_url)
        try:
            rows = await database.fetch(_COPY, self.documents[1], count)
            await database.execute("VACUUM ANALYZE")
            return [row["id"] for row in rows]
        finally:
            await database.close()

    async def rows(self) -> dict[str, int]:
        """How many there are of each thing that a request of the benchmark writes."""
        database = await asyncpg.connect(self._database_url)
        try:
            return dict(await database.fetchrow(_COUNT) or {})
        finally:
            await database.close()


async def _create(project: Project, _seconds: float) -> Load:
    sent = [
        (f"{project.path}/examples/{document}/spans", "", project.span(number))
        for number in range(50)
        for document in project.documents[1:]
    ]
    return Load("POST", project.authorization, lines(sent))


async def _list(project: Project, _seconds: float) -> Load:
    sent = [(f"{project.path}/examples/{project.documents[0]}/spans", "", None)]
    return Load("GET", project.authorization, lines(sent))


async def _decide(project: Project, seconds: float) -> Load:
    ids = await project.pend(round(_CONFIRMATIONS_PER_SECOND * seconds))
    sent = [(f"{project.path}/examples/{id}/states", "", None) for id in ids]
    return Load("POST", project.authorization, lines(sent), once=True)


WORKLOADS: dict[str, Workload[Project]] = {
    "create": Workload(_create, {"spans": 1}),
    "list": Workload(_list, {}),
    "list anew": Workload(_list, {}),
    "decide": Workload(_decide, {"confirmations": 1}),
}
"""By the names of Stet's own (``tests.bench``)."""
