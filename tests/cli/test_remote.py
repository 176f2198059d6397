"""``stet export`` and ``stet import`` of another Stet, over HTTP."""

import asyncio
import hashlib
import json
import os
import pty
import socket
import subprocess
from pathlib import Path

import pytest

from tests import make, serving
from tests.cli.cutting import Line
from tests.cli.shell import STET, stet
from tests.cli.test_export_import import files, reviewed
from tests.conftest import TOKENS, Newsroom
from tests.forking import environment
from tests.serving import Forked

ILL = (
    '{"title": "Right", "text": "A text."}\n'
    '{"title": "Wrong", "text": "A text.", "annotations": [{"label": "claim", "quote": "b"}]}\n'
    "{\n"
)


def asked(
    *arguments: str, of: str, folder: Path, who: str = "reader", status: int = 0
) -> subprocess.CompletedProcess[str]:
    """``stet`` where there is no database, with the token of somebody in the newsroom."""
    nowhere = "postgresql://stet@127.0.0.1:1/none"
    return stet(
        *arguments,
        "--url",
        of,
        url=nowhere,
        folder=folder,
        status=status,
        STET_TOKEN=TOKENS[who],
    )


async def documents(newsroom: Newsroom) -> list[str]:
    listed = await make.said(await newsroom["reader"].get("/v1/projects/demo/documents"), 200)
    return [item["title"] for item in listed["items"]]


@pytest.mark.parametrize("options", [(), ("--format", "csv"), ("--format", "uima-cas")])
async def test_an_export_over_http_is_the_one_from_the_database(
    options: tuple[str, ...],
    database_url: str,
    server: Forked,
    newsroom: Newsroom,
    tmp_path: Path,
) -> None:
    await reviewed(newsroom)
    await make.document(newsroom["annotator"], "A second one.")

    here = stet("export", "demo", *options, "--output", "here", url=database_url, folder=tmp_path)
    there = asked("export", "demo", *options, "--output", "there", of=server.url, folder=tmp_path)

    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes() != b""
    assert (here.stdout, here.stderr) == (there.stdout, there.stderr)
    assert set(files(tmp_path)) == {"here", "there"}


async def test_an_export_over_http_is_narrowed_by_the_same_options(
    database_url: str, server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    await make.document(newsroom["annotator"], "A second one.")
    some = ("--status", "approved", "--status", "rejected", "--label", "claim", "--annotated")

    for options in (some, ("--dry-run", "--format", "brat")):
        here = stet("export", "demo", *options, url=database_url, folder=tmp_path)
        there = asked("export", "demo", *options, of=f"{server.url}/v1/", folder=tmp_path)

        assert here.stdout == there.stdout != ""
        assert here.stderr == there.stderr == ""


async def test_the_variables_of_a_remote_stet_stand_in_the_file_of_settings_too(
    database_url: str, server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    (tmp_path / ".env").write_text(f"STET_URL={server.url}\nSTET_TOKEN={TOKENS['reader']}\n")

    there = stet("export", "demo", url=None, folder=tmp_path)
    here = stet("export", "demo", "--url", "", url=database_url, folder=tmp_path)
    stet("doctor", url=database_url, folder=tmp_path)

    assert there.stdout == here.stdout != ""


async def test_a_token_in_a_file_comes_before_the_variable(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    (tmp_path / "reader.token").write_text(f"  {TOKENS['reader']}\r\nOf the reader.\n")
    export = ("export", "demo", "--url", server.url, "--token-file")

    of_file = stet(
        *export, "reader.token", url=None, folder=tmp_path, STET_TOKEN=TOKENS["stranger"]
    )
    of_input = stet(*export, "-", url=None, folder=tmp_path, stdin=f"{TOKENS['reader']}\n")

    assert of_file.stdout == of_input.stdout != ""


async def test_an_import_over_http_writes_and_reports_what_the_shell_does(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    lines = [json.dumps({"title": f"No. {n}", "text": "A text."}) for n in range(3)]
    (tmp_path / "some.jsonl").write_text("\n".join(lines))
    arguments = ("import", "demo", "some.jsonl", "--format", "jsonl")

    tried = asked(*arguments, "--dry-run", of=server.url, folder=tmp_path, who="annotator")
    before = await documents(newsroom)
    made = asked(*arguments, of=server.url, folder=tmp_path, who="annotator")

    assert tried.stdout.startswith("Would create: documents 3, annotations 0, relations 0.\n")
    assert before == []
    assert made.stdout == (
        "Created: documents 3, annotations 0, relations 0.\n"
        "Unchanged: documents 0, annotations 0, relations 0.\n"
    )
    assert made.stderr == ""
    assert await documents(newsroom) == ["No. 0", "No. 1", "No. 2"]


async def test_what_is_refused_over_http_is_shown_as_from_the_database(
    database_url: str, server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "ill.jsonl").write_text(ILL)
    arguments = ("import", "demo", "ill.jsonl")

    here = stet(*arguments, url=database_url, folder=tmp_path, status=1)
    there = asked(*arguments, of=server.url, folder=tmp_path, who="manager", status=1)
    before = await documents(newsroom)
    skipping = asked(
        *arguments, "--mode", "skip-refused", of=server.url, folder=tmp_path, who="manager"
    )

    assert there.stderr == here.stderr
    assert there.stderr.splitlines()[-1] == (
        "stet: 2 of the file's records are refused; nothing was written."
    )
    assert before == []
    assert skipping.stderr.splitlines() == there.stderr.splitlines()[:-1]
    # Of the wrong document, the annotation alone is refused.
    assert skipping.stdout.startswith("Created: documents 2, annotations 0, ")
    assert await documents(newsroom) == ["Right", "Wrong"]


async def test_a_pipe_is_imported_as_it_comes(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    imported = subprocess.run(  # noqa: ASYNC221  # the server is another process
        (STET, "import", "demo", "/dev/stdin", "--url", server.url),
        input=b'{"title": "Right", "text": "A text."}\n',
        cwd=tmp_path,
        env=environment(None, STET_TOKEN=TOKENS["annotator"]),
        capture_output=True,
        check=True,
    )

    assert imported.stdout.startswith(b"Created: documents 1, ")
    assert await documents(newsroom) == ["Right"]


async def test_a_refusal_is_one_line_and_leaves_what_was_there(
    server: Forked, tmp_path: Path
) -> None:
    (tmp_path / "demo.jsonl").write_text("of yesterday")
    export = ("export", "demo", "--output", "demo.jsonl", "--url", server.url)
    token = TOKENS["reader"]

    wrong = stet(*export, url=None, folder=tmp_path, status=1, STET_TOKEN=f"{token[:-1]}y")
    none = asked("export", "none", of=server.url, folder=tmp_path, status=1)
    csv = asked(
        "import", "demo", "demo.jsonl", "--format", "csv", of=server.url, folder=tmp_path,
        who="annotator", status=1,
    )  # fmt: skip
    reader = asked("import", "demo", "demo.jsonl", of=server.url, folder=tmp_path, status=1)

    assert wrong.stderr == "stet: The token or session is not valid, or no longer.\n"
    assert none.stderr == "stet: There is no such project.\n"
    assert csv.stderr == "stet: format: Stet writes csv but does not read it.\n"
    assert reader.stderr == (
        "stet: It takes the role annotator or above to add documents and import.\n"
    )
    assert (tmp_path / "demo.jsonl").read_text() == "of yesterday"
    assert files(tmp_path) == ["demo.jsonl"]


async def test_a_file_larger_than_the_server_takes_is_refused_in_its_words(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    (tmp_path / "large.jsonl").write_bytes(b" " * 20_000_000)
    folder = tmp_path_factory.mktemp("server")

    async with serving.stet(database_url, folder, max_import_bytes=10_000) as server:
        arguments = ("import", "demo", "large.jsonl")
        refused = asked(*arguments, of=server.url, folder=tmp_path, who="manager", status=1)

    assert refused.stderr == "stet: At most 10000 bytes are taken.\n"


def test_what_is_given_wrong_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    export = ("export", "demo")

    def said(*options: str, **variables: str) -> str:
        refused = stet(*export, *options, url=None, folder=tmp_path, status=2, **variables)
        return " ".join(refused.stderr.replace("│", " ").split())

    none = "Another Stet asks for a token: STET_TOKEN, or the first line of --token-file."
    of_a_file = ("--url", "http://[::1]:1", "--token-file")
    assert none in said("--url", "http://[::1]:1")
    assert none in said(*of_a_file, "/dev/null", STET_TOKEN="t")
    assert "'away': No such file or directory" in said(*of_a_file, "away", STET_TOKEN="t")
    assert f"'{tmp_path}': Is a directory" in said(*of_a_file, str(tmp_path), STET_TOKEN="t")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n")
    assert "characters that no token has" in said(*of_a_file, "picture")
    assert "no user, no query, no fragment" in said(
        "--url", "https://me:secret@stet.example.org", STET_TOKEN="t"
    )
    for url in ("stet.example.org", "ftp://me:secret@host", "http://me:secret"):
        shown = said("--url", url, STET_TOKEN="t")
        assert "is not an address such as" in shown
        assert "secret" not in shown
    assert "characters that no token has" in said("--url", "http://h", STET_TOKEN="té")
    assert "--token-file goes with --url." in said("--token-file", "picture")


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    refused = asked("export", "demo", of=url, folder=tmp_path, status=1)

    assert refused.stderr == (f"stet: {url} cannot be reached: [Errno 111] Connection refused.\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("200 OK\r\nContent-Length: 2\r\n\r\nhi", "{} answered 200 OK, but not as a Stet does"),
        ("502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "{} answered 502 Bad Gateway, but not"),
        (
            "307 Moved\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n",
            "{} has moved to http://other.example/; give that server's address.",
        ),
        ("200 OK\r\nStet-Snapshot: 1\r\nContent-Length: 9\r\n\r\nhi", "broke off"),
    ],
)
async def test_what_answers_otherwise_than_a_stet_is_one_line_and_gets_nothing_more(
    answer: str, said: str, tmp_path: Path
) -> None:
    requests = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {answer}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        refused = await asyncio.to_thread(
            asked, "export", "demo", "--output", "it", of=url, folder=tmp_path, status=1
        )

    assert said.format(f"stet: {url}/v1/projects/demo/export") in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert len(requests) == 1
    assert files(tmp_path) == []


async def test_a_server_that_dies_in_the_middle_of_an_export_leaves_no_file(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    for number in range(10):
        # Text that no encoding makes much shorter.
        digests = (hashlib.sha256(b"%d %d" % (number, n)).hexdigest() for n in range(5_000))
        await make.document(newsroom["annotator"], "".join(digests))
    arguments = ("export", "demo", "--output", "demo.jsonl")

    async with Line(server.port) as line:
        line.bytes_left = 100_000
        exporting = asyncio.create_task(
            asyncio.to_thread(asked, *arguments, of=line.url, folder=tmp_path, status=1)
        )
        await line.spent.wait()
        await server.kill()
        under_way = files(tmp_path)
        line.cut()
        broken = await exporting

    (part,) = under_way
    assert part.startswith("demo.jsonl.")
    assert part.endswith(".part")
    assert broken.stderr.startswith(f"stet: {line.url} broke off: ")
    assert broken.stderr.count("\n") == 1
    assert files(tmp_path) == []


async def test_a_terminal_shows_how_much_came(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    terminal, screen = pty.openpty()

    subprocess.run(  # noqa: ASYNC221  # the server is another process
        (STET, "export", "demo", "--output", "demo.jsonl", "--url", server.url),
        cwd=tmp_path,
        env=environment(None, TERM="xterm", COLUMNS="100", STET_TOKEN=TOKENS["reader"]),
        stderr=screen,
        check=True,
    )
    os.close(screen)

    shown = os.read(terminal, 65536)
    os.close(terminal)
    assert b"Bytes" in shown
    assert b"/? kB" in shown
