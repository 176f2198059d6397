"""What is wrong is said in one line on standard error, never in a traceback."""

import errno
import os
import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Connection, column, func, select, table, text

from app.cli.refusals import words
from app.core.database.connect import connect
from app.core.settings import InvalidSettings
from app.core.settings import settings as read
from tests import make
from tests.cli.shell import STET, stet
from tests.conftest import DIALECTS, Databases, Newsroom, settings
from tests.desk import rows
from tests.forking import environment
from tests.models.test_migrations import on

MIGRATE = ("migrate",)


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("mysql://localhost/stet", 2, "must begin with sqlite:/// or postgresql://."),
        ("sqlite:///:memory:", 2, "must name a file for SQLite."),
        ("sqlite:///stet.db?mode=ro", 2, "STET_DATABASE_URL: SQLite takes no options: leave out"),
        ("postgresql://h:port/stet", 2, "STET_DATABASE_URL: A port is a number; "),
        ("postgresql://jo:a/secret@h/stet", 2, "in a user or a password is written as %XX.\n"),
        ("postgresql://jo@db..example.org/stet", 2, "named 'db..example.org'.\n"),
        ("postgresql://jo@h%00x/stet", 2, "No host can be named 'h\\x00x'.\n"),
        ("postgresql://h:99999/stet", 2, "_URL: A port is from 1 to 65535, not 99999.\n"),
        ("postgresql://h:-1/stet", 2, "_URL: A port is from 1 to 65535, not -1.\n"),
        ("postgresql://h,/stet", 2, "_URL: One of its hosts has no name.\n"),
        (
            "postgresql://h/stet?target_session_attrs=bogus",
            2,
            "of any, primary, standby, prefer-standby, read-write, read-only, got 'bogus'.\n",
        ),
        ("postgresql://h/stet?sslrootcert=none&sslmode=verify-full", 2, "No such file"),
        ("sqlite:////no/such/folder/stet.db", 1, "cannot be used: unable to open database file."),
        ("postgresql://stet@127.0.0.1:1/stet", 1, "cannot be used: [Errno 111]"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_in_one_line(
    url: str, status: int, said: str, tmp_path: Path
) -> None:
    refused = stet(*MIGRATE, url=url, folder=tmp_path, status=status)

    assert refused.stdout == ""
    assert refused.stderr.startswith("stet: ")
    assert said in refused.stderr
    assert "secret" not in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("replica", "said"),
    [
        ("postgresql://postgres:@127.0.0.1:abc/stet", "A port is a number; "),
        ("postgresql://postgres:@db..example.org/stet", "No host can be named "),
        ("postgresql://h/stet?sslmode=bogus", "`sslmode` parameter must be one of: "),
        ("postgresql://h:99999/stet", "A port is from 1 to 65535, not 99999.\n"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "doctor"])
@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_replica_of_which_nothing_can_be_made_is_refused_before_anything_is_done(
    command: str, replica: str, said: str, database_url: str, tmp_path: Path
) -> None:
    wrong = {"STET_DATABASE_REPLICA_URL": replica}

    refused = stet(command, url=database_url, folder=tmp_path, status=2, **wrong)

    assert refused.stdout == ""
    assert refused.stderr.startswith(f"stet: STET_DATABASE_REPLICA_URL: {said}")
    assert refused.stderr.count("\n") == 1


def test_of_a_database_that_is_refused_a_replica_is_no_second_fault(tmp_path: Path) -> None:
    url, replica = "sqlite:///stet.db?mode=ro", {"STET_DATABASE_REPLICA_URL": _FOLLOWER}

    refused = stet(*MIGRATE, url=url, folder=tmp_path, status=2, **replica)

    assert refused.stderr == (
        "stet: STET_DATABASE_URL: SQLite takes no options: leave out the ? and what follows it.\n"
    )


def test_a_database_that_is_not_there_is_named_by_the_server(
    database_url: str, dialect: str, tmp_path: Path
) -> None:
    if dialect == "sqlite":
        (tmp_path / "letter.txt").write_text(
            "Dear editor, this is no database but a letter to you."
        )
        url, said = f"sqlite:///{tmp_path}/letter.txt", "file is not a database"
    else:
        url, said = database_url.replace("/stet_", "/none_"), "does not exist"

    refused = stet(*MIGRATE, url=url, folder=tmp_path, status=1)

    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("output", "said"),
    [("/dev/full", "/dev/full: No space left on device."), (None, "No space left on device.")],
)
async def test_a_full_disk_is_not_said_of_the_database(
    output: str | None, said: str, database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    await make.document(newsroom["annotator"])
    arguments = ("export", "demo") if output is None else ("export", "demo", "--output", output)

    refused = unheard(*arguments, url=database_url, folder=tmp_path)

    assert (refused.returncode, refused.stderr) == (1, f"stet: {said}\n")


@pytest.mark.parametrize(
    "arguments",
    [("export", "\udcff"), ("export", "demo", "--label", "\udcff"), ("user", "add", "\udcff")],
    ids=" ".join,
)
def test_an_argument_that_is_no_text_is_refused(
    arguments: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=2)

    assert refused.stderr == "stet: The argument '\\udcff' is not UTF-8.\n"


@pytest.mark.parametrize(
    "command",
    [
        "user add jo --password-stdin <&-",
        "export demo --url http://127.0.0.1:1 --token-file - <&-",
        "export demo >&-",
        "export demo --dry-run >&-",
        "token create admin --name laptop >&-",
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_closed_stream_that_a_command_needs_is_refused_before_anything_is_done(
    command: str, database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    before = await tokens(database_url)

    refused = subprocess.run(  # noqa: ASYNC221  # nothing else runs in this loop
        ("/bin/sh", "-c", f'exec "$0" {command}', STET),
        cwd=tmp_path,
        env=environment(database_url),
        capture_output=True,
        text=True,
        check=False,
    )

    stream = "input" if "<" in command else "output"
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"stet: Standard {stream}: It is closed.\n"
    assert await tokens(database_url) == before


@pytest.mark.parametrize("reader", ["a full disk", "gone"])
async def test_a_token_that_nobody_gets_to_see_is_not_made(
    reader: str, database_url: str, newsroom: Newsroom, tmp_path: Path
) -> None:
    before = await rows(newsroom)
    arguments = ("token", "create", "annotator", "--name", "laptop")

    refused = unheard(*arguments, url=database_url, folder=tmp_path, gone=reader == "gone")

    assert refused.returncode == 1
    # Who has closed a pipe is told nothing, as by other programs.
    said = "" if reader == "gone" else "stet: No space left on device.\n"
    assert refused.stderr == said
    # Nor is there an event of it.
    assert await rows(newsroom) == before


async def tokens(url: str) -> int:
    """How many there are."""
    database = connect(settings(url))
    async with database.session(writes=False) as db:
        found = await db.execute(select(func.count()).select_from(table("tokens")))
        count: int = found.scalar_one()
    await database.dispose()
    return count


def unheard(
    *arguments: str, url: str, folder: Path, gone: bool = False
) -> subprocess.CompletedProcess[str]:
    """``stet`` whose standard output takes nothing: a full disk, or a pipe whose reader is gone."""
    with ExitStack() as opened:
        output: IO[bytes]
        if gone:
            ours, theirs = os.pipe()
            os.close(ours)
            output = opened.enter_context(open(theirs, "wb"))  # noqa: PTH123  # of a number
        else:
            output = opened.enter_context(Path("/dev/full").open("wb"))
        return subprocess.run(
            (STET, *arguments),
            cwd=folder,
            env=environment(url),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        TimeoutError(),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        OSError("Multiple exceptions: both of its addresses refuse"),
    ],
)
def test_what_ends_a_connection_is_said_of_the_database(error: OSError) -> None:
    (line,) = words(error)

    assert line.startswith("The database that STET_DATABASE_URL names cannot be used: ")


@pytest.mark.parametrize(
    "arguments",
    [("user", "add", "jo"), ("export", "demo"), ("seed",)],
    ids=" ".join,
)
async def test_where_tables_are_missing_the_cure_is_named(
    arguments: tuple[str, ...], databases: Databases, dialect: str, tmp_path: Path
) -> None:
    empty = databases.empty(dialect)

    refused = stet(*arguments, url=empty, folder=tmp_path, status=1)
    databases.drop(empty)

    assert refused.stderr == (
        "stet: The database's tables are not those of this release; run stet migrate.\n"
    )


def test_a_variable_that_names_no_setting_is_refused_with_the_one_meant(tmp_path: Path) -> None:
    refused = stet(*MIGRATE, url=None, folder=tmp_path, status=2, STET_DATABSE_URL="x")

    assert refused.stderr == (
        "stet: STET_DATABSE_URL: There is no such setting. Did you mean STET_DATABASE_URL?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_name_in_the_file_of_settings_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STET_INK=red\nOTHER=1\n")

    refused = stet(*MIGRATE, url=None, folder=tmp_path, status=2)

    assert refused.stderr == "stet: STET_INK: There is no such setting.\n"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ('STET_DATABASE_URL="sqlite:///other.db\n', 1),
        ("STET_DATABASE_URL='sqlite:///it's.db'\n", 1),
        ("# Mine\n\nSTET_DATABASE_URL: sqlite:///other.db\n", 3),
        ("OTHER\n\n\nSTET_DATABASE_URL\n", 4),
        ("stet_database_url:sqlite:///other.db\n", 1),
        ('OTHER="not closed\nSTET_DATABASE_URL="sqlite:///other.db"\n', 1),
    ],
)
def test_a_line_of_the_file_of_settings_that_cannot_be_read_leads_to_no_other_database(
    written: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(written)

    refused = stet(*MIGRATE, url=None, folder=tmp_path, status=2)

    assert refused.stderr == (
        f"stet: .env, line {line}: It cannot be read; write NAME=value, and a value that begins"
        " with a quote to its closing quote.\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_a_file_of_settings_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("OTHER=1\nSTET_DATABASE_URL=sqlite:///é.db\n".encode("latin-1"))

    refused = stet(*MIGRATE, url=None, folder=tmp_path, status=2)

    assert refused.stderr == "stet: .env, line 2: It is not UTF-8; save it so.\n"


def test_a_pipe_of_settings_is_read_as_a_file_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")

    def said(written: str, status: int) -> str:
        writing = threading.Thread(target=(tmp_path / ".env").write_text, args=(written,))
        writing.start()
        told = stet(*MIGRATE, url=None, folder=tmp_path, status=status)
        writing.join()
        return told.stderr

    assert said("STET_INK=red\n", 2) == "stet: STET_INK: There is no such setting.\n"
    assert said("STET_DATABASE_URL=sqlite:///named.db\n", 0) == ""
    assert (tmp_path / "named.db").exists()


def test_no_variable_is_put_into_a_value_of_the_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('STET_DATABASE_URL="sqlite:///a${HOME}b$c.db"\n')

    stet(*MIGRATE, url=None, folder=tmp_path)

    assert (tmp_path / "a${HOME}b$c.db").exists()


def test_a_variable_goes_before_the_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STET_DATABASE_URL=sqlite:///file.db\nstet_port=70000\n")

    stet(*MIGRATE, url="sqlite:///variable.db", folder=tmp_path, STET_PORT="8001")

    assert (tmp_path / "variable.db").exists()
    assert not (tmp_path / "file.db").exists()


def test_the_file_of_settings_may_hold_what_other_programs_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "\ufeff# Theirs\nOTHER\nexport ANOTHER='two\nlines'\n\nexport STET_DATABASE_URL = \"sqlite:///mine.db\""
    )

    stet(*MIGRATE, url=None, folder=tmp_path)

    assert (tmp_path / "mine.db").exists()
    assert not (tmp_path / "stet.db").exists()


def test_a_setting_out_of_its_range_is_refused_by_its_name(tmp_path: Path) -> None:
    refused = stet(*MIGRATE, url=None, folder=tmp_path, status=2, STET_PORT="70000")

    assert refused.stderr == ("stet: STET_PORT: Input should be less than or equal to 65535.\n")


_ORIGIN = "It must be an origin, such as https://stet.example.org."
_FOLLOWER = "postgresql://stet@db.example.org/stet"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HOST", "", "String should have at least 1 character."),
        *(
            ("PUBLIC_URL", value, _ORIGIN)
            for value in (
                "stet.example.org",
                "ftp://stet.example.org",
                "https://stet.example.org/path",
                "https://stet.example.org?",
                "https://user@stet.example.org",
                "https://stet.example.org:65536",
                "https://stet.example.org:port",
                "https://",
                "https://stet example",
            )
        ),
        (
            "TRUSTED_PROXIES",
            "bogus",
            "'bogus' does not appear to be an IPv4 or IPv6 address; * alone is every address.",
        ),
        (
            "TRUSTED_PROXIES",
            "::1, fd00::/129",
            "'fd00::/129' does not appear to be an IPv4 or IPv6 network; * alone is every address.",
        ),
        (
            "TRUSTED_PROXIES",
            "10.0.0.1/8",
            "10.0.0.1/8 has host bits set; * alone is every address.",
        ),
        ("DATABASE_REPLICA_URL", "mysql://h/stet", "It must begin with postgresql://."),
        (
            "DATABASE_REPLICA_URL",
            _FOLLOWER,
            "Only PostgreSQL has a replica, and STET_DATABASE_URL names none.",
        ),
        *(
            (f"{name}_SECONDS", value, "Input should be a finite number.")
            for name in ("DATABASE_TIMEOUT", "BODY_TIMEOUT", "SLOW_REQUEST")
            for value in ("inf", "nan")
        ),
        # Less would be no limit at all to PostgreSQL, and more no number.
        ("DATABASE_TIMEOUT_SECONDS", "0.0004", "Input should be greater than or equal to 0.001."),
        ("DATABASE_TIMEOUT_SECONDS", "1000000", "Input should be less than or equal to 3600."),
    ],
)
def test_a_setting_that_nothing_can_be_made_of_is_refused_by_its_name(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"STET_{name}", value)

    with pytest.raises(InvalidSettings) as refused:
        read.__wrapped__()

    assert str(refused.value) == f"STET_{name}: {said}"


def test_it_is_refused_in_one_line_before_anything_is_served(tmp_path: Path) -> None:
    wrong = {"STET_PUBLIC_URL": "stet.example.org"}

    refused = stet("serve", url=None, folder=tmp_path, status=2, **wrong)

    assert refused.stderr == f"stet: STET_PUBLIC_URL: {_ORIGIN}\n"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"public_url": "HTTPS://Stet.Example.ORG:8443/"}, "https://stet.example.org:8443/"),
        ({"public_url": "http://[::1]:8000"}, "http://[::1]:8000"),
        ({"public_url": ""}, ""),
        ({"trusted_proxies": "127.0.0.1, ::1, 10.0.0.0/8,"}, "127.0.0.1,::1,10.0.0.0/8"),
        ({"trusted_proxies": " * "}, "*"),
        ({"trusted_proxies": ""}, ""),
        ({"database_replica_url": _FOLLOWER}, _FOLLOWER),
    ],
)
def test_a_setting_is_kept_in_the_form_that_is_compared(given: dict[str, str], kept: str) -> None:
    ((name, _),) = given.items()

    chosen = settings("postgresql://", **given)

    assert getattr(chosen, name) == kept


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:1", 1), ("host:port", 2)])
def test_a_password_in_the_url_is_never_shown(host: str, status: int, tmp_path: Path) -> None:
    url = f"postgresql://stet:hunter2@{host}/stet"

    refused = stet(*MIGRATE, url=url, folder=tmp_path, status=status)

    assert "hunter2" not in refused.stderr


async def test_a_database_of_an_unknown_revision_is_not_migrated(
    database_url: str, tmp_path: Path
) -> None:
    await set_revision(database_url, "1f2e")

    refused = stet(*MIGRATE, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == (
        "stet: The migrations of this release do not fit the database: "
        "Can't locate revision identified by '1f2e'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "dialect"),
    [
        *(
            ((command,), dialect)
            for command in ("migrate", "serve", "doctor")
            for dialect in DIALECTS
        ),
        (("backup", "backup.db"), "sqlite"),
    ],
)
async def test_a_database_at_several_revisions_is_told_so_in_one_line(
    arguments: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    await set_revision(database_url, "0003_add_document_words")
    one_more = text("INSERT INTO alembic_version VALUES ('0001_create_everything')")
    await on(database_url, lambda connection: connection.execute(one_more))

    refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    *_, line = (refused.stdout + refused.stderr).splitlines()
    assert line.endswith(
        "at several revisions at once, 0001_create_everything and 0003_add_document_words; "
        "leave the true one in its table alembic_version."
    )


@pytest.mark.parametrize("command", ["migrate", "serve", "doctor"])
async def test_a_database_of_another_program_is_told_from_one_of_a_later_release(
    command: str, empty_url: str, tmp_path: Path
) -> None:
    """Both may have a table of revisions, and any numbers in it."""

    def make_theirs(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999_other')"))

    await on(empty_url, make_theirs)

    refused = stet(command, url=empty_url, folder=tmp_path, status=1)

    said = "The database is another program's, at its revision 9999_other.\n"
    assert (refused.stdout + refused.stderr).endswith(said)


async def set_revision(url: str, revision: str) -> None:
    """Let the database say that it is at another revision."""
    database = connect(settings(url))
    async with database.session(writes=True) as db:
        await db.execute(
            table("alembic_version", column("version_num")).update().values(version_num=revision)
        )
    await database.dispose()
