"""What is wrong is said in one line on standard error, never in a traceback."""

from pathlib import Path

import pytest
from sqlalchemy import column, table

from app.core.connect import connect
from app.core.settings import InvalidSettings
from app.core.settings import settings as read
from tests.cli.shell import stet
from tests.conftest import settings

MIGRATE = ("migrate",)


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("mysql://localhost/stet", 2, "must begin with sqlite:/// or postgresql://."),
        ("sqlite:///:memory:", 2, "must name a file for SQLite."),
        ("postgresql://h:port/stet", 2, "STET_DATABASE_URL: invalid literal"),
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
    assert refused.stderr.count("\n") == 1


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


async def test_a_database_of_a_later_release_is_not_migrated(
    database_url: str, tmp_path: Path
) -> None:
    await set_revision(database_url, "9999_later")

    refused = stet(*MIGRATE, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == (
        "stet: The migrations of this release do not fit the database: "
        "Can't locate revision identified by '9999_later'\n"
    )


async def set_revision(url: str, revision: str) -> None:
    """Let the database say that it is at another revision."""
    database = connect(settings(url))
    async with database.session(writes=True) as db:
        await db.execute(
            table("alembic_version", column("version_num")).update().values(version_num=revision)
        )
    await database.dispose()
