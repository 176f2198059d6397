"""``stet pull``: a directory that is kept in step with a project."""

import asyncio
import json
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.remote import pull
from app.remote.client import Client
from tests import make
from tests.cli.cutting import Line
from tests.cli.shell import STET, stet
from tests.cli.test_export_import import files, over_http, reviewed
from tests.conftest import TOKENS, Newsroom
from tests.forking import environment
from tests.serving import Forked

READER = {"STET_TOKEN": TOKENS["reader"]}


def pulled(of: str, folder: Path, name: str = "kept", *, status: int = 0) -> str:
    """What ``stet pull`` says."""
    ended = stet("pull", of, "demo", name, url=None, folder=folder, status=status, **READER)
    return ended.stdout + ended.stderr


def held(directory: Path) -> dict[str, bytes]:
    """Every file below the directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


async def write(newsroom: Newsroom, document: dict[str, Any], doomed: dict[str, Any]) -> None:
    """One of everything that changes what a document's file holds."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    listed = await make.said(
        await annotator.get(f"/v1/documents/{document['id']}/annotations"), 200
    )
    claim, denial = listed["items"]
    path = f"/v1/annotations/{denial['id']}"
    edit = await annotator.patch(path, json={"note": "Why."}, headers=make.seen(1))
    assert edit.status_code == 200, edit.text
    # What was withdrawn says no more of which document it was; its relation goes with it.
    gone = await reviewer.delete(f"/v1/annotations/{claim['id']}", headers=make.seen(2))
    assert gone.status_code == 204, gone.text
    await make.decision(reviewer, denial["id"], "reject", version=2, comment="It is not.")
    short = await make.annotation(annotator, document["id"], "quote", "“totally unfounded”")
    away = await annotator.delete(f"/v1/annotations/{short['id']}", headers=make.seen(1))
    assert away.status_code == 204, away.text
    new = await make.document(annotator, "Another one, of later.", title="Later")
    later = [
        await make.annotation(annotator, new["id"], label, quote)
        for label, quote in (("denial", "Another one"), ("claim", "later"))
    ]
    await make.relation(annotator, new["id"], "denies", later[0]["id"], later[1]["id"])
    ended = await newsroom["manager"].delete(f"/v1/documents/{doomed['id']}", headers=make.seen(1))
    assert ended.status_code == 204, ended.text


async def stocked(newsroom: Newsroom) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document with all there is, one that will be deleted with its annotation, and others."""
    document = await reviewed(newsroom)
    doomed = await make.document(newsroom["annotator"], "It ends.")
    await make.annotation(newsroom["annotator"], doomed["id"], "claim", "ends")
    for number in range(3):
        await make.document(newsroom["annotator"], f"The same as ever, {number}.")
    return document, doomed


async def test_the_first_pull_is_an_export_in_a_file_a_document(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await stocked(newsroom)

    said = pulled(server.url, tmp_path)

    lines = (await over_http(newsroom)).splitlines(keepends=True)
    state = json.loads((tmp_path / "kept" / "stet-pull.json").read_text())
    assert state.keys() == {"url", "project", "sequence"}
    assert (state["url"], state["project"]) == (server.url, "demo")
    assert said == f"5 documents brought up to date, 0 removed, at change {state['sequence']}.\n"
    assert {path.name: path.read_text() for path in (tmp_path / "kept/documents").iterdir()} == {
        f"{json.loads(line)['id']}.json": line for line in lines
    }


async def test_a_later_pull_makes_of_the_directory_what_a_first_one_would(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    document, doomed = await stocked(newsroom)
    pulled(server.url, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept/documents").iterdir()}
    await write(newsroom, document, doomed)

    said = pulled(server.url, tmp_path)
    again = pulled(server.url, tmp_path)
    pulled(server.url, tmp_path, "fresh")

    sequence = json.loads((tmp_path / "kept" / "stet-pull.json").read_text())["sequence"]
    assert said == f"2 documents brought up to date, 1 removed, at change {sequence}.\n"
    assert again == f"0 documents brought up to date, 0 removed, at change {sequence}.\n"
    assert held(tmp_path / "kept") == held(tmp_path / "fresh")
    untouched = [
        path for path, at in before.items() if path.exists() and path.stat().st_mtime_ns == at
    ]
    assert len(untouched) == 3


async def test_a_withdrawn_relation_leaves_the_file_of_its_document(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    document = await reviewed(newsroom)
    pulled(server.url, tmp_path)
    file = tmp_path / "kept" / "documents" / f"{document['id']}.json"
    (relation,) = json.loads(file.read_text())["relations"]
    path = f"/v1/relations/{relation['id']}"
    await newsroom["annotator"].delete(path, headers=make.seen(1))

    said = pulled(server.url, tmp_path)

    assert said.startswith("1 document brought up to date, 0 removed, ")
    assert json.loads(file.read_text())["relations"] == []


async def test_a_pull_that_is_killed_half_way_ends_right_when_it_is_run_again(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    document, doomed = await stocked(newsroom)
    async with Line(server.port) as line:
        await asyncio.to_thread(pulled, line.url, tmp_path, "old")
        of_the_first = line.passed
        await write(newsroom, document, doomed)
        shutil.copytree(tmp_path / "old", tmp_path / "new")
        line.passed = 0
        await asyncio.to_thread(pulled, line.url, tmp_path, "new")
        of_the_next = line.passed
        await asyncio.to_thread(pulled, line.url, tmp_path, "fresh")

        for start, total in (("nothing", of_the_first), ("old", of_the_next)):
            kept = tmp_path / f"killed-{start}"
            if start == "old":
                shutil.copytree(tmp_path / start, kept)
            line.spent.clear()
            line.bytes_left = total // 2
            killed = await asyncio.create_subprocess_exec(
                STET, "pull", line.url, "demo", kept.name, cwd=tmp_path,
                env=environment(None, **READER),
            )  # fmt: skip
            await line.spent.wait()
            killed.kill()
            await killed.wait()
            line.cut()
            assert held(kept) != held(tmp_path / "fresh")
            await asyncio.to_thread(pulled, line.url, tmp_path, kept.name)

            assert held(kept) == held(tmp_path / "fresh"), start


async def test_files_that_are_newer_than_the_state_says_are_left_right(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    document, doomed = await stocked(newsroom)
    pulled(server.url, tmp_path)
    state = tmp_path / "kept" / "stet-pull.json"
    early = state.read_bytes()
    await write(newsroom, document, doomed)
    pulled(server.url, tmp_path)
    after = held(tmp_path / "kept")
    # As a pull leaves it that is killed just before its end.
    state.write_bytes(early)
    for cut in (f"documents/{document['id']}.json", "stet-pull.json"):
        (tmp_path / "kept" / f"{cut}.5f0c1e2d.part").write_text('{"')

    said = pulled(server.url, tmp_path)

    assert said.startswith("0 documents brought up to date, 0 removed, ")
    assert held(tmp_path / "kept") == after


async def test_a_log_that_is_shorter_than_what_was_read_begins_everything_anew(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await stocked(newsroom)
    pulled(server.url, tmp_path)
    before = held(tmp_path / "kept")
    state = tmp_path / "kept" / "stet-pull.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "sequence": 1_000_000}))
    stray = tmp_path / "kept" / "documents" / f"{make.id_of(1)}.json"
    stray.write_text('{"annotations": [], "relations": []}')

    said = pulled(server.url, tmp_path)

    assert said.startswith("0 documents brought up to date, 1 removed, ")
    assert held(tmp_path / "kept") == before


@pytest.mark.parametrize("limit", ["_ENTRIES_AT_ONCE", "_DOCUMENTS_AT_ONCE"])
async def test_a_long_log_is_read_in_stretches_and_many_documents_come_at_once(
    limit: str,
    server: Forked,
    newsroom: Newsroom,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document, doomed = await stocked(newsroom)

    def here(name: str) -> str:
        with (
            Client(server.url, TOKENS["reader"], "demo") as client,
            pull.opened(client, tmp_path / name) as directory,
        ):
            return str(directory.pull())

    here("kept")
    await write(newsroom, document, doomed)
    monkeypatch.setattr(f"app.remote.pull.{limit}", 1)

    said = here("kept")
    here("fresh")

    assert said.startswith("2 documents brought up to date, 1 removed, ")
    assert held(tmp_path / "kept") == held(tmp_path / "fresh")


async def test_a_directory_of_others_is_refused_and_left_as_it_is(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    await reviewed(newsroom)
    await make.project(newsroom["admin"], "other")
    await make.member(newsroom["admin"], "reader", "reader", "other")
    pulled(server.url, tmp_path)
    before = held(tmp_path / "kept")
    (tmp_path / "mine" / "documents").mkdir(parents=True)
    (tmp_path / "mine" / "documents" / "letter.txt").write_text("Dear editor,")
    other = server.url.replace("127.0.0.1", "localhost")

    of_another = pulled(other, tmp_path, status=1)
    of_mine = pulled(server.url, tmp_path, "mine", status=1)
    ended = stet("pull", server.url, "other", "kept", url=None, folder=tmp_path, status=1, **READER)

    belongs = (
        f"stet: kept belongs to the project demo of {server.url}; pull into another directory.\n"
    )
    assert of_another == ended.stderr == belongs
    assert of_mine == (
        "stet: mine/documents is there without a stet-pull.json beside it; "
        "pull into another directory.\n"
    )
    assert held(tmp_path / "kept") == before
    assert files(tmp_path / "mine") == ["documents"]


async def test_a_pull_that_is_refused_can_be_run_again(server: Forked, tmp_path: Path) -> None:
    ended = stet(
        "pull", server.url, "demo", "kept", url=None, folder=tmp_path, status=1, STET_TOKEN="no"
    )

    assert ended.stderr.count("\n") == 1
    assert pulled(server.url, tmp_path).startswith("0 documents brought up to date, ")


async def test_following_goes_on_until_ctrl_c_and_keeps_others_out(
    server: Forked, newsroom: Newsroom, tmp_path: Path
) -> None:
    following = await asyncio.create_subprocess_exec(
        STET, "pull", server.url, "demo", "kept", "--follow", cwd=tmp_path,
        # What runs in the background of a shell without jobs does not hear Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        env=environment(None, **READER), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert following.stdout is not None
    assert (await following.stdout.readline()).startswith(b"0 documents")

    document = await make.document(newsroom["annotator"])
    said = await asyncio.wait_for(following.stdout.readline(), 60)
    second = await asyncio.to_thread(pulled, server.url, tmp_path, status=1)
    following.send_signal(signal.SIGINT)
    rest = await following.communicate()

    assert said.startswith(b"1 document brought up to date, 0 removed, ")
    assert second == "stet: Another stet pull is at work in kept.\n"
    assert (following.returncode, rest) == (0, (b"", b""))
    assert files(tmp_path / "kept" / "documents") == [f"{document['id']}.json"]
