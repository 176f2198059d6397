"""What anybody on the machine may read of a command is its line, and so no secret stands there."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from app import cli
from tests.cli.shell import STET
from tests.conftest import TOKENS
from tests.forking import environment
from tests.heard import secrets_of

TOKEN = TOKENS["reader"]


def command_lines(group: int) -> list[str]:
    """The lines of all processes of a group, children included."""
    proc = Path("/proc")
    if not (proc / "self" / "cmdline").exists():
        listed = subprocess.run(
            ("/bin/ps", "-A", "-ww", "-o", "pgid=,args="),
            capture_output=True,
            text=True,
            check=True,
        )
        lines = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
        return [words[1] for words in lines if words[0] == str(group)]
    found = []
    for process in proc.glob("[0-9]*"):
        with suppress(ProcessLookupError, FileNotFoundError):
            if os.getpgid(int(process.name)) == group:
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("pull", "{url}", "demo", "kept"),
        ("pull", "{url}", "demo", "kept", "--token-file", "token"),
    ],
    ids=" ".join,
)
async def test_a_command_that_asks_by_token_does_not_show_it_in_the_list_of_processes(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    asked: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        # It waits for the answer.
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        command = await asyncio.create_subprocess_exec(
            STET, *(argument.format(url=url) for argument in arguments),
            cwd=tmp_path,
            env=environment(None, **({} if "--token-file" in arguments else {"STET_TOKEN": TOKEN})),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        head = await asyncio.wait_for(asked.get(), 60)
        listed = "\n".join(command_lines(command.pid))
        command.kill()
        said, _ = await command.communicate()

    assert f"Authorization: Bearer {TOKEN}\r\n".encode() in head
    assert url in listed
    for secret in secrets_of(TOKEN):
        assert secret.decode() not in listed
        assert secret not in said


def test_no_command_takes_a_secret_on_its_line() -> None:
    shell = typer.Typer()
    shell.add_typer(cli.app)
    for entry in entry_points(group="stet.commands"):
        shell.command(entry.name)(entry.load())
    taken = {
        name: [option for parameter in command.params for option in parameter.opts]
        for name, command in commands("stet", typer.main.get_command(shell))
    }
    secretive = re.compile("token|password|secret|credential|auth|key|cookie|database|dsn")

    found = [
        f"{name} {option}"
        for name, options in taken.items()
        for option in options
        # What a file or standard input holds is on no line.
        if secretive.search(option) and not option.endswith(("-file", "-stdin"))
    ]

    assert taken.keys() >= {"stet serve", "stet pull", "stet seed", "stet user add"}
    assert "--token-file" in taken["stet pull"]
    assert found == []


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and all below it, by what is typed for each."""
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(f"{name} {word}", below)
