"""The Dockerfile cannot be built in every place that the tests run, so its claims are read."""

import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from app.core.settings import Settings
from app.operations.routes import router
from tests import forking

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its argument, on one line each, without comments."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in joined.splitlines())
        if word
    ]


def last_stage() -> dict[str, list[str]]:
    """The final image's instructions: the arguments of each, in order."""
    found: dict[str, list[str]] = {}
    for instruction, argument in instructions():
        if instruction == "FROM":
            found = {}
        found.setdefault(instruction, []).append(argument)
    return found


def the_one(instruction: str) -> str:
    (argument,) = last_stage()[instruction]
    return argument


def environment() -> dict[str, str]:
    pairs = (word.partition("=") for line in last_stage()["ENV"] for word in shlex.split(line))
    return {name: value for name, _, value in pairs}


def copied() -> list[str]:
    """What is copied from the working tree, in any stage."""
    return [
        source
        for instruction, argument in instructions()
        if instruction == "COPY" and not argument.startswith("--from")
        for source in argument.split()[:-1]
    ]


def test_what_is_copied_exists() -> None:
    assert copied()
    assert [path for path in copied() if not (ROOT / path).exists()] == []


def test_what_is_copied_may_be_read_by_its_user_whatever_the_umask_of_the_clone_was() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "--editable ." in rest]

    assert [rest.endswith("&& chmod -R a+rX .") for rest in installs] == [True]


def test_what_is_copied_is_let_through_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    let_through = {line.removeprefix("!") for line in lines if line.startswith("!")}

    assert "*" in lines
    assert let_through == set(copied())


def test_both_stages_have_one_base_with_an_exact_version() -> None:
    bases = {argument.split()[0] for word, argument in instructions() if word == "FROM"}

    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", base)


def test_the_entry_point_is_the_console_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    (command,) = json.loads(the_one("ENTRYPOINT"))

    assert project["scripts"] == {command: "app.cli:main"}


def test_it_serves_on_the_port_that_it_exposes_the_default_one() -> None:
    assert the_one("EXPOSE") == str(Settings.model_fields["port"].default)
    assert "STET_PORT" not in environment()


def test_its_command_has_no_options_that_would_come_before_its_settings() -> None:
    assert json.loads(the_one("CMD")) == ["serve"]
    assert environment()["STET_HOST"] == "0.0.0.0"  # noqa: S104 - a container's own network is the limit.


def test_commands_run_where_their_user_may_write() -> None:
    (volume,) = json.loads(the_one("VOLUME"))
    (made,) = (line for line in last_stage()["RUN"] if "useradd" in line)

    assert the_one("WORKDIR") == volume
    assert f"--owner=stet --group=root --mode=0770 {volume}" in made


def test_it_does_not_run_as_root() -> None:
    user, group = the_one("USER").split(":")
    (made,) = (line for line in last_stage()["RUN"] if "useradd" in line)

    assert int(user) >= 10_000
    assert f"--uid {user}" in made
    assert f"--gid {group}" in made


def test_the_one_volume_holds_the_default_database() -> None:
    (volume,) = json.loads(the_one("VOLUME"))

    file = Settings.model_fields["database_url"].default.removeprefix("sqlite:///")

    assert Path(the_one("WORKDIR"), file).parent == Path(volume)


def test_it_says_nothing_that_a_file_of_settings_in_the_volume_may_say() -> None:
    # Variables come before the file, and who names a database there must not be given another.
    assert {name for name in environment() if name.startswith("STET_")} == {"STET_HOST"}


def test_it_is_stopped_by_what_python_listens_for_from_its_start() -> None:
    # The first process of a container is given no other signal before it listens for it.
    asked = (
        "import signal; print(*(s.name for s in signal.Signals if callable(signal.getsignal(s))))"
    )
    python = [sys.executable, "-c", asked]
    heard = subprocess.run(python, check=True, capture_output=True, text=True).stdout.split()

    assert the_one("STOPSIGNAL") in heard


def health_check(**given: str) -> int:
    """The exit status of the container's own check, run here."""
    command: list[str] = json.loads(the_one("HEALTHCHECK").partition(" CMD ")[2])
    python = [sys.executable, *command[1:]]
    return subprocess.run(
        python, env=forking.environment(None, **given), check=False, stderr=subprocess.DEVNULL
    ).returncode


def test_the_health_check_asks_a_path_that_is_served() -> None:
    asked = re.search(
        r"http://127\.0\.0\.1:.*?'(?P<port>\d+)'.*?'(?P<path>/\w+)'", the_one("HEALTHCHECK")
    )
    assert asked

    served = {route.path for route in iter_route_contexts(router.routes)}

    assert asked["port"] == the_one("EXPOSE")
    assert asked["path"] in served


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_asks_the_port_of_the_settings_and_no_proxy(status: int) -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        # For those who ask elsewhere.
        server.timeout = 30
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
        healthy = health_check(STET_PORT=str(server.server_port), no_proxy="", **proxies)
        answering.join()

    assert asked == ["/readyz"]
    assert (healthy == 0) is (status == 200)
