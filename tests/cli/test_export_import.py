"""``stet export`` and ``stet import``."""

import json
import os
import pty
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from tests import make
from tests.cli.shell import STET, stet
from tests.conftest import Databases, Newsroom
from tests.forking import environment


async def reviewed(newsroom: Newsroom) -> dict[str, Any]:
    """A document with a claim that is approved, a denial that is not, and a relation."""
    document = await make.document(newsroom["annotator"])
    claim = await make.annotation(newsroom["annotator"], document["id"])
    denial = await make.annotation(
        newsroom["annotator"], document["id"], "denial", "have called the allegations"
    )
    await make.relation(newsroom["annotator"], document["id"], "denies", denial["id"], claim["id"])
    await make.decision(newsroom["reviewer"], claim["id"])
    return document


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def over_http(newsroom: Newsroom, **filters: str) -> str:
    answer = await newsroom["reader"].get(
        "/v1/projects/demo/export", params={"format": "jsonl", **filters}
    )
    assert answer.status_code == 200
    return answer.text


async def test_an_export_is_what_the_api_answers(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    await make.document(newsroom["annotator"], "A second one.")

    arguments = ("export", "demo", "--format", "jsonl", "--output", "demo.jsonl")
    written = stet(*arguments, url=database_url, folder=tmp_path)

    assert (tmp_path / "demo.jsonl").read_text() == await over_http(newsroom)
    assert (written.stdout, written.stderr) == ("", "")
    assert files(tmp_path) == ["demo.jsonl"]


async def test_without_a_file_an_export_goes_to_standard_output_and_can_be_narrowed(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)

    arguments = ("export", "demo", "--status", "approved", "--status", "pending")
    written = stet(*arguments, "--label", "claim", url=database_url, folder=tmp_path)

    assert written.stdout == await over_http(newsroom, label="claim")
    (line,) = written.stdout.splitlines()
    assert [found["label"] for found in json.loads(line)["annotations"]] == ["claim"]


async def test_an_export_of_nothing_leaves_the_file_that_was_there(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "demo.jsonl").write_text("of yesterday")

    arguments = ("export", "none", "--output", "demo.jsonl")
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == "stet: There is no such project.\n"
    assert (tmp_path / "demo.jsonl").read_text() == "of yesterday"


async def test_a_pipe_is_written_to_and_stays_a_pipe(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)

    arguments = ("export", "demo", "--output", "/dev/stdout")
    written = stet(*arguments, url=database_url, folder=tmp_path)

    assert written.stdout == await over_http(newsroom)
    assert "stdout.part" not in files(Path("/dev"))


async def test_a_terminal_shows_a_bar(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    terminal, screen = pty.openpty()

    ended = subprocess.run(  # noqa: ASYNC221  # nothing else runs in this loop
        (STET, "export", "demo", "--output", "demo.jsonl"),
        cwd=tmp_path,
        env=environment(database_url, TERM="xterm"),
        stderr=screen,
        check=True,
    )
    os.close(screen)

    assert b"Documents" in os.read(terminal, 65536)
    os.close(terminal)
    assert ended.returncode == 0
    assert (tmp_path / "demo.jsonl").read_text() == await over_http(newsroom)


async def test_a_project_comes_back_whole_from_its_file(
    database_url: str, databases: Databases, dialect: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    elsewhere = databases.furnished(dialect)
    output = ("--output", "demo.jsonl")
    stet("export", "demo", *output, url=database_url, folder=tmp_path)

    first = stet(
        "import", "demo", "demo.jsonl", "--format", "jsonl", url=elsewhere, folder=tmp_path
    )
    again = stet("import", "demo", "demo.jsonl", url=elsewhere, folder=tmp_path)
    back = stet("export", "demo", url=elsewhere, folder=tmp_path)
    databases.drop(elsewhere)

    assert first.stdout == (
        "Created: documents 1, annotations 2, relations 1.\n"
        "Unchanged: documents 0, annotations 0, relations 0.\n"
    )
    assert again.stdout == (
        "Created: documents 0, annotations 0, relations 0.\n"
        "Unchanged: documents 1, annotations 2, relations 1.\n"
    )
    assert first.stderr == again.stderr == ""
    assert back.stdout == (tmp_path / "demo.jsonl").read_text()


async def test_what_a_file_is_refused_for_is_said_with_its_lines_and_nothing_is_written(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "mixed.jsonl").write_text(
        '{"title": "Right", "text": "A text."}\n'
        '{"title": "Wrong", "text": "A text.", "annotations": [{"label": "claim", "quote": "b"}]}\n'
        "{\n"
    )

    refused = stet("import", "demo", "mixed.jsonl", url=database_url, folder=tmp_path, status=1)

    documents = await make.said(await newsroom["reader"].get("/v1/projects/demo/documents"), 200)
    wrong, broken, last = refused.stderr.splitlines()
    assert wrong.startswith("stet: line 2 /annotations/0/quote: ")
    assert broken.startswith("stet: line 3: ")
    assert last == "stet: 2 of the file's records are refused; nothing was written."
    assert documents["items"] == []


async def test_nothing_in_a_file_that_is_refused_ends_a_line_or_steers_the_terminal(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    label = "\x1b[2Jdenial\rstet: All is well.\n\x9b"
    annotation = {"label": label, "quote": "A", "attributes": {"\x1b[1m\u202e": 1}}
    line = {"title": "Wrong", "text": "A text.", "annotations": [annotation]}
    (tmp_path / "wrong.jsonl").write_text(json.dumps(line))
    with zipfile.ZipFile(tmp_path / "brat.zip", "w") as archive:
        archive.writestr("a.txt", "A text.")
        archive.writestr("\x1b[2J\n.ann", "T1\tclaim 0 1\tA\n")

    for format, file in {"jsonl": "wrong.jsonl", "brat": "brat.zip"}.items():
        arguments = ("import", "demo", file, "--format", format)
        refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

        [told] = refused.stderr.split("\n")[:-1]
        assert told.startswith("stet: ")
        assert "[2J" in told
        assert told.isprintable()


async def test_an_import_is_the_first_managers_or_whose_it_is_said_to_be(
    database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "one.jsonl").write_text('{"title": "One", "text": "A text."}\n')
    (tmp_path / "two.jsonl").write_text('{"title": "Two", "text": "A text."}\n')

    stet("import", "demo", "one.jsonl", url=database_url, folder=tmp_path)
    stet("import", "demo", "two.jsonl", "--as", "annotator", url=database_url, folder=tmp_path)
    reader = ("--as", "reader")
    refused = stet(
        "import", "demo", "two.jsonl", *reader, url=database_url, folder=tmp_path, status=1
    )

    documents = await make.said(await newsroom["reader"].get("/v1/projects/demo/documents"), 200)
    assert [(one["title"], one["created_by"]) for one in documents["items"]] == [
        ("One", "admin"),
        ("Two", "annotator"),
    ]
    assert refused.stderr == (
        "stet: It takes the role annotator or above to add documents and import.\n"
    )
