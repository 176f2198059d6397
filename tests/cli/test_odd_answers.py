"""Whatever the other server answers is one line and an exit status, and nothing half written."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.cli.shell import stet
from tests.cli.test_export_import import files
from tests.cli.test_pull import held

ID, OTHER, PART = (str(make.id_of(number)) for number in (1, 2, 3))
TOKEN = "any"
PROBLEM = "Content-Type: application/problem+json"


def answer(
    body: bytes | str = b"", *heads: str, status: str = "200 OK", snapshot: str | None = "5"
) -> bytes:
    """An answer as it stands on the wire."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *heads]
    if snapshot is not None:
        lines.append(f"Stet-Snapshot: {snapshot}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def document(id: Any = ID, **fields: Any) -> str:
    """A line of an export."""
    return json.dumps({"id": id, "annotations": [], "relations": [], **fields})


def entry(**fields: Any) -> str:
    """A line of a log; a field that is ``...`` is left out."""
    said = {"sequence": 6, "kind": "document.updated", "subject": ID, "state": {}, **fields}
    return json.dumps({name: value for name, value in said.items() if value is not ...})


@asynccontextmanager
async def answering(**answers: bytes) -> AsyncIterator[str]:
    """The address of a server that answers so to ``export``, ``changes`` and ``import``."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked, *heads = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        for head in heads:
            name, _, value = head.partition(": ")
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
        path = asked.split(" ")[1].partition("?")[0]
        writer.write(answers[path.rpartition("/")[2]])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def refused(folder: Path, *arguments: str) -> str:
    """The one line that ``stet`` says, without its newline."""
    run = partial(stet, *arguments, url=None, folder=folder, status=1, STET_TOKEN=TOKEN)
    ended = await asyncio.to_thread(run)
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.removesuffix("\n")


def kept(folder: Path, url: str, lines: Sequence[str] = ()) -> Path:
    """A directory as a pull left it at change 5."""
    directory = folder / "kept"
    (directory / "documents").mkdir(parents=True)
    for line in lines or (document(), document(OTHER)):
        path = directory / "documents" / f"{json.loads(line)['id']}.json"
        path.write_text(f"{line}\n")
    state = {"url": url, "project": "demo", "sequence": 5}
    (directory / "stet-pull.json").write_text(json.dumps(state))
    return directory


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (document("../../x"), "id: Input should be a valid UUID"),
        (document(7), "id: "),
        ('{"annotations": [], "relations": []}', "id: Field required."),
        (document(annotations=[1]), "annotations/0: Input should be an object."),
        (document(annotations=[{"id": "x"}]), "annotations/0/id: "),
        (document(relations={}), "relations: "),
        ("[]", "Input should be an object."),
        ("<html>", "it is no JSON."),
        ('{"id": "\\ud800"}', "it is no JSON."),
        ("[" * 5000, "it is no JSON."),
    ],
)
async def test_a_line_that_is_no_document_is_named_and_ends_a_pull(
    line: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    async with answering(export=answer(f"{document()}\n{line}\n")) as url:
        said = await refused(tmp_path / "in", "pull", url, "demo", "kept")

    asked = f"{url}/v1/projects/demo/export"
    assert said.startswith(f"stet: What {asked} answered is none of Stet's: line 2: {why}")
    assert files(tmp_path) == ["in"]
    assert files(tmp_path / "in") == ["kept"]
    assert held(tmp_path / "in" / "kept").keys() == {"stet-pull.json", f"documents/{ID}.json"}
    assert json.loads((tmp_path / "in/kept/stet-pull.json").read_text())["sequence"] is None


ODD_ENTRIES = [
    (entry(kind=...), "line 1: kind: Field required."),
    (entry(kind=7), "line 1: kind: "),
    (entry(sequence=...), "line 1: sequence: Field required."),
    (entry(sequence="6"), "line 1: sequence: "),
    (entry(sequence=True), "line 1: sequence: "),
    (entry(sequence=6.5), "line 1: sequence: "),
    (entry(sequence=2**63), "line 1: sequence: "),
    (entry(sequence=10**30), "line 1: sequence: "),
    ('{"sequence": 1' + "0" * 5000 + "}", "line 1: it is no JSON."),
    (entry(subject="../../x"), "line 1: subject: "),
    (entry(subject=7), "line 1: subject: "),
    (entry(subject=None), "line 1: It has no subject."),
    (entry(state=7), "line 1: state: "),
    (entry(kind="annotation.created"), "line 1: Its state has no document_id."),
    (entry(kind="relation.created", state={"document_id": 7}), "line 1: state/document_id: "),
    ("7", "line 1: Input should be an object."),
    (f"{entry()}\n{entry()}", "after change 6 comes 6."),
    (entry(sequence=5), "after change 5 comes 5."),
]


@pytest.mark.parametrize(("lines", "why"), ODD_ENTRIES)
async def test_a_log_that_is_none_is_named_and_changes_nothing(
    lines: str, why: str, tmp_path: Path
) -> None:
    async with answering(changes=answer(f"{lines}\n"), export=answer()) as url:
        before = held(kept(tmp_path, url))
        said = await refused(tmp_path, "pull", url, "demo", "kept")

    asked = f"{url}/v1/projects/demo/changes"
    assert said.startswith(f"stet: What {asked} answered is none of Stet's: {why}")
    assert held(tmp_path / "kept") == before


async def test_a_document_of_a_later_pull_that_is_none_changes_nothing(tmp_path: Path) -> None:
    export = answer(f"{document(title='Later')}\n{document('../../x')}\n")
    async with answering(changes=answer(f"{entry()}\n"), export=export) as url:
        before = held(kept(tmp_path, url))
        said = await refused(tmp_path, "pull", url, "demo", "kept")

    assert "/export answered is none of Stet's: line 2: id: " in said
    assert held(tmp_path / "kept") == before


async def test_following_ends_at_what_is_no_log(tmp_path: Path) -> None:
    export, changes = answer(f"{document()}\n"), answer(f"{entry(kind=...)}\n")
    async with answering(export=export, changes=changes) as url:
        said = await refused(tmp_path, "pull", url, "demo", "kept", "--follow")

    assert said.endswith("/changes answered is none of Stet's: line 1: kind: Field required.")
    assert files(tmp_path / "kept/documents") == [f"{ID}.json"]


async def test_what_a_later_stet_adds_is_passed_over(tmp_path: Path) -> None:
    lines = [
        entry(sequence=6, kind="weather.changed", subject=None, state={"sun": True}),
        entry(sequence=7, kind="member.set", state={"document_id": None}, new=1),
    ]
    async with answering(changes=answer("\n".join(lines), snapshot="7")) as url:
        kept(tmp_path, url)
        pull = partial(
            stet, "pull", url, "demo", "kept", url=None, folder=tmp_path, STET_TOKEN=TOKEN
        )
        ended = await asyncio.to_thread(pull)

    assert ended.stdout == "0 documents brought up to date, 0 removed, at change 7.\n"


@pytest.mark.parametrize("line", ["[]", "{", document(), '{"annotations": [], "relations": []}'])
async def test_a_file_that_somebody_else_wrote_is_named(line: str, tmp_path: Path) -> None:
    withdrawn = entry(kind="annotation.withdrawn", subject=PART, state=None)
    async with answering(changes=answer(f"{withdrawn}\n"), export=answer()) as url:
        directory = kept(tmp_path, url)
        (directory / "documents" / f"{OTHER}.json").write_text(line)
        before = held(directory)
        said = await refused(tmp_path, "pull", url, "demo", "kept")

    assert said == f"stet: kept/documents/{OTHER}.json is not as a pull leaves it."
    assert held(directory) == before


@pytest.mark.parametrize("snapshot", ["9" * 5000, str(2**63), "-1", "1_0", "٣", "1.0", ""])
async def test_a_snapshot_that_is_no_sequence_is_named_and_nothing_is_written(
    snapshot: str, tmp_path: Path
) -> None:
    odd = answer(f"{document()}\n", snapshot=snapshot)
    async with answering(export=odd, changes=odd) as url:
        exported = await refused(tmp_path, "export", "demo", "--output", "it", "--url", url)
        nothing = files(tmp_path)
        before = held(kept(tmp_path, url))
        pulled = await refused(tmp_path, "pull", url, "demo", "kept")

    path = f"stet: What {url}/v1/projects/demo"
    assert exported.startswith(f"{path}/export answered is none of Stet's: Stet-Snapshot: ")
    assert pulled.startswith(f"{path}/changes answered is none of Stet's: Stet-Snapshot: ")
    assert nothing == []
    assert held(tmp_path / "kept") == before


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"detail": "No.", "errors": [1]}', "errors/0: "),
        ('{"detail": "No.", "errors": [{"line": 1}]}', "errors/0/detail: Field required."),
        ('{"detail": "No.", "errors": [{"detail": 7}]}', "errors/0/detail: "),
        ('{"detail": "No.", "errors": [{"detail": "-", "line": -1}]}', "errors/0/line: "),
        ('{"detail": "No.", "errors": null}', "errors: "),
        ('{"detail": 7}', "detail: "),
        ("{}", "detail: Field required."),
        ("[]", "Input should be an object."),
        ("", "it is no JSON."),
        (b"\xff", "it is no JSON."),
    ],
)
async def test_a_problem_that_is_none_is_named(body: str | bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text('{"title": "t", "text": "A text."}\n')
    problem = answer(body, PROBLEM, status="422 Unprocessable")
    async with answering(**dict.fromkeys(("export", "import"), problem)) as url:
        exported = await refused(tmp_path, "export", "demo", "--output", "it", "--url", url)
        imported = await refused(tmp_path, "import", "demo", "some.jsonl", "--url", url)

    path = f"stet: What {url}/v1/projects/demo"
    assert exported.startswith(f"{path}/export answered is none of Stet's: {why}")
    assert imported.startswith(f"{path}/import answered is none of Stet's: {why}")
    assert files(tmp_path) == ["some.jsonl"]


@pytest.mark.parametrize(
    "fields",
    [
        {"refusals": [{}]},
        {"refusals": [7]},
        {"refusals": [{"detail": "No.", "line": "x"}]},
        {"refused": {"documents": "7"}},
        {"created": {"documents": 7.0}},
        {"created": 7},
        {"created": ...},
    ],
)
async def test_a_report_that_is_none_is_one_line(fields: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text('{"title": "t", "text": "A text."}\n')
    report = {"created": {}, "unchanged": {}, "refused": {}, "refusals": [], **fields}
    body = json.dumps({name: value for name, value in report.items() if value is not ...})
    async with answering(**{"import": answer(body)}) as url:
        said = await refused(tmp_path, "import", "demo", "some.jsonl", "--url", url)

    assert "/import answered 200 OK, but not as a Stet does" in said


@pytest.mark.parametrize("location", ["http:there", "mailto:a@b", "http://xn--/", "http://[::1"])
async def test_a_redirection_to_what_is_no_address_is_one_line(
    location: str, tmp_path: Path
) -> None:
    moved = answer(b"", f"Location: {location}", status="307 Moved")
    async with answering(export=moved) as url:
        said = await refused(tmp_path, "export", "demo", "--output", "it", "--url", url)

    assert said.startswith((f"stet: What {url}/v1/", f"stet: {url} broke off: "))
    assert files(tmp_path) == []


async def test_words_that_would_steer_a_terminal_are_shown_in_one_line(tmp_path: Path) -> None:
    plain = answer('{"detail": "No.\\nstet: \\u001b[2JYes."}', PROBLEM, status="403 Forbidden")
    listed = answer(
        '{"detail": "-", "errors": [{"detail": "a\\nb", "pointer": "/x\\u009b"}]}',
        PROBLEM,
        status="422 Unprocessable",
    )
    async with answering(export=plain, changes=listed) as url:
        kept(tmp_path, url)
        exported = await refused(tmp_path, "export", "demo", "--url", url)
        pulled = await refused(tmp_path, "pull", url, "demo", "kept")

    assert exported == "stet: No. stet:  [2JYes."
    assert pulled == "stet: /x : a b"


async def test_words_that_would_steer_a_terminal_are_escaped_in_a_report(tmp_path: Path) -> None:
    what = "\u009b2J \u202e\x7f да"
    example = {"document": ID, "subject": PART, "what": what}
    report = {
        "format": "csv",
        "documents": 1,
        "annotations": 1,
        "relations": 0,
        "losses": [{"kind": "notes", "count": 1, "example": example}],
    }
    async with answering(
        export=answer(json.dumps(report), "Content-Type: application/json")
    ) as url:
        arguments = ("export", "demo", "--dry-run", "--format", "csv", "--url", url)
        run = partial(stet, *arguments, url=None, folder=tmp_path, STET_TOKEN=TOKEN)
        told = await asyncio.to_thread(run)

    assert json.loads(told.stdout) == report
    assert "да" in told.stdout
    assert [it for it in told.stdout if not it.isprintable() and it != "\n"] == []
