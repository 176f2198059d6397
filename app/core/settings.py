"""The settings: ``STET_*`` environment variables or a ``.env`` file; README.md has their table."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from io import StringIO
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict


class InvalidSettings(ValueError):
    """A setting is not what it may be, or there is none of that name; the message is one line."""


LAST_PORT = 65535
_FILE = ".env"
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Every setting, with its unit and its default."""

    model_config = SettingsConfigDict(env_prefix="STET_", extra="ignore", frozen=True)

    database_url: str = Field(
        default="sqlite:///stet.db",
        description="`sqlite:///FILE` or `postgresql://user:password@host/database`.",
    )
    database_pool_size: Annotated[int, Field(ge=1, le=500)] = Field(
        default=16,
        description="PostgreSQL connections that a worker keeps at most for writing, as many again "
        "for reading, and as many for exports, the overview and releases. Three quarters of it, "
        "also on SQLite, is how many exports are sent at once, and half of it how many to one "
        "user.",
    )
    database_replica_url: str = Field(
        default="",
        description="A PostgreSQL that follows the first one, `postgresql://…`. Exports and the "
        "overview are read there, unless it is away or behind what the caller may have seen.",
    )
    database_pooler: bool = Field(
        default=False,
        description="Whether pgbouncer in transaction mode stands in between.",
    )
    # In milliseconds, PostgreSQL takes no 0 for a limit, and no more than fits into 31 bits.
    database_timeout_seconds: Annotated[_Seconds, Field(ge=0.001, le=3600)] = Field(
        default=10.0,
        description="How long a request waits for a connection, a lock or its turn to write to "
        "SQLite, an hour at most; a statement may take three times that, and a server be silent "
        "for four times.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that `stet serve` listens on."
    )
    port: Annotated[int, Field(ge=0, le=LAST_PORT)] = Field(
        default=8000, description="Port that `stet serve` listens on."
    )
    workers: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Processes of `stet serve`; SQLite takes one."
    )
    public_url: str = Field(
        default="",
        description="Where browsers find this Stet, such as `https://stet.example.org`. Cookies "
        "are taken from this origin alone. If it is https they are `Secure`, and browsers are told "
        "to come by https alone.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses and networks whose `X-Forwarded-*` headers are believed, separated "
        "by commas; `*` alone is every address.",
    )
    session_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=14, description="How long a browser session lasts, in days."
    )
    login_attempts_per_minute: Annotated[int, Field(ge=1)] = Field(
        default=10,
        description="Attempts to sign in from one address that a worker takes in a minute; under "
        "one user name, ten times as many.",
    )
    max_text_chars: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        default=5_000_000, description="Longest text of a document as it is stored, in code points."
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=33_554_432, description="Largest request body, in bytes."
    )
    max_import_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=2_147_483_648, description="Largest file that is imported over HTTP, in bytes."
    )
    body_timeout_seconds: _Seconds = Field(
        default=30.0,
        description="How long a request's body may take to arrive, and an imported file may pause.",
    )
    max_requests_at_once: Annotated[int, Field(ge=1)] = Field(
        default=200,
        description="Requests that a worker works on at once; as many wait, and one too many is "
        "answered 503.",
    )
    max_streams_at_once: Annotated[int, Field(ge=1)] = Field(
        default=500,
        description="Exports, imports and requests for `/changes` that a worker has at once, apart "
        "from the others, also such as wait for a connection; one more is answered 503.",
    )
    requests_per_minute_per_token: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Requests with one token, or in one browser session, that a worker takes in a "
        "minute; one more is answered 429. 0 is no limit.",
    )
    requests_per_minute_per_address: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="The same from one address, whoever asks. 0 is no limit.",
    )
    shutdown_grace_seconds: Annotated[int, Field(ge=0)] = Field(
        default=20, description="How long running requests may take to end when the server stops."
    )
    slow_request_seconds: _Seconds = Field(
        default=1.0,
        description="A request whose answer took longer to begin is logged as a warning, with the "
        "statements that took the time.",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="The least that is logged: `debug`, `info`, `warning` or `error`.",
    )

    @field_validator("database_url")
    @classmethod
    def _file(cls, url: str) -> str:
        # SQLite would open another file than is meant, or the same one for writing.
        if url.startswith("sqlite") and "?" in url:
            raise _wrong("SQLite takes no options: leave out the ? and what follows it")
        return url

    @field_validator("database_replica_url")
    @classmethod
    def _replica(cls, url: str, info: ValidationInfo) -> str:
        if url and not url.startswith(POSTGRESQL):
            raise _wrong("It must begin with postgresql://")
        # One that was refused is not there.
        if url and not info.data.get("database_url", POSTGRESQL[0]).startswith(POSTGRESQL):
            raise _wrong("Only PostgreSQL has a replica, and STET_DATABASE_URL names none")
        return url

    @field_validator("public_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        # Browsers send scheme and host in lower case (RFC 3986, 6.2.2.1).
        origin = _ORIGIN.fullmatch(url.lower())
        if url and (origin is None or int(origin["port"] or 0) > LAST_PORT):
            raise _wrong("It must be an origin, such as https://stet.example.org")
        return url.lower()

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: str) -> str:
        # uvicorn takes what it cannot read as a name that nobody has, and says nothing.
        given = [item.strip() for item in proxies.split(",") if item.strip()]
        for item in given if given != ["*"] else []:
            try:
                ip_network(item) if "/" in item else ip_address(item)
            except ValueError as error:
                raise _wrong(f"{error}; * alone is every address") from None
        return ",".join(given)


POSTGRESQL = ("postgresql://", "postgres://")
"""What the URL of a PostgreSQL begins with."""

_ORIGIN = re.compile(r"https?://([^\s/?#@:\\\[\]]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?")


def _wrong(why: str) -> PydanticCustomError:
    # What is in braces would be filled in.
    return PydanticCustomError("wrong", "{why}", {"why": why})


class Remote(BaseSettings):
    """The Stet that the shell's commands ask instead of the database, and by which token."""

    model_config = Settings.model_config

    url: str = ""
    token: SecretStr = SecretStr("")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        InvalidSettings: when one is not what it may be, a variable names no setting, or a line of
            the file cannot be read: a typing error in ``STET_DATABASE_URL`` must not lead to
            another database.
    """
    names = {name.upper() for name in (*os.environ, *_in_file())}
    ours = {name for name in names if name.startswith(_PREFIX)}
    wrong = [_unknown(name) for name in ours - _KNOWN]
    found = None
    try:
        found = Settings(**_given_to(Settings))
    except ValidationError as error:
        wrong += [f"STET_{item['loc'][0]}".upper() + f": {item['msg']}." for item in error.errors()]
    if wrong or found is None:
        raise InvalidSettings(" ".join(sorted(wrong)))
    return found


def remote() -> Remote:
    """Which other Stet to ask. Raises as ``settings`` does."""
    settings()
    return Remote(**_given_to(Remote))


_PREFIX = "STET_"
_KNOWN = {f"{_PREFIX}{name}".upper() for kind in (Settings, Remote) for name in kind.model_fields}


def _given_to(kind: type[BaseSettings]) -> dict[str, Any]:
    """What the file of settings says of a kind of them, where no variable says it."""
    variables = {name.upper() for name in os.environ}
    said = {name.upper(): value for name, value in _in_file().items()}
    names = {field: f"{_PREFIX}{field}".upper() for field in kind.model_fields}
    return {
        field: said[name] for field, name in names.items() if name in said and name not in variables
    }


@lru_cache(maxsize=1)
def _in_file() -> Mapping[str, str | None]:
    """The values that the file of settings gives, for other programs too, as they are written.

    Not what pydantic reads, which puts variables where a value has ``${NAME}``, as a password may.
    The file may be a pipe, of which nothing is left once it was read.
    """
    file = Path(_FILE)
    if not file.is_file() and not file.is_fifo():
        return {}
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidSettings(f"{_FILE}, line {line}: It is not UTF-8; save it so.") from None
    found: dict[str, str | None] = {}
    for binding in parse_stream(StringIO(text)):
        name = binding.key or ""
        # The parser goes on after what it cannot read, as if it were not there.
        if binding.error or (binding.value is None and name.upper().startswith(_PREFIX)):
            said = binding.original.string
            line = binding.original.line + said[: -len(said.lstrip())].count("\n")
            raise InvalidSettings(
                f"{_FILE}, line {line}: It cannot be read; write NAME=value, and a value that"
                " begins with a quote to its closing quote."
            )
        found[name] = binding.value
    return found


def _unknown(name: str) -> str:
    near = get_close_matches(name.lower().removeprefix("stet_"), Settings.model_fields, n=1)
    meant = "".join(f" Did you mean STET_{field.upper()}?" for field in near)
    return f"{name}: There is no such setting.{meant}"
