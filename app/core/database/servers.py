"""The servers that a URL of PostgreSQL names, of which any that answers will do."""

import asyncio
import re
from typing import Any

import asyncpg
from asyncpg import connect_utils
from asyncpg.connect_utils import SessionAttribute

from app.core.settings import LAST_PORT, InvalidSettings


class Connection(asyncpg.Connection):
    """The driver's, which asks the server to cancel what it runs when nobody waits for it."""

    commits = False
    """Whether that commits what was done."""

    def _cancel_current_command(self, *waiting: Any) -> None:
        if not self.commits:
            super()._cancel_current_command(*waiting)  # type: ignore[misc]  # the driver's own
            return
        # What waits for a replica is committed here already: cancelled, it would be shown to all
        # before the replica has it. Left alone, it ends as it should, and nobody hears of it.
        asyncio.get_running_loop().call_soon(self.terminate)


_NOT_HERE = (
    OSError,
    asyncpg.TargetServerAttributeNotMatched,
    # It starts, or stops.
    asyncpg.CannotConnectNowError,
)


class Servers:
    """Asked one after the other, each with a share of the time.

    The driver gives all of it to the first, so of two the second was never asked where the first
    had lost its power.
    """

    def __init__(self, setting: str, url: str) -> None:
        """Asks nothing yet.

        Raises:
            InvalidSettings: when nothing can be made of the URL that the setting names.
        """
        self._url = url
        self._addresses = _addresses(setting, url)
        # This asks for a choice among all of them.
        self._as_one = len(self._addresses) == 1 or "prefer-standby" in url

    async def connect(self, seconds: float, *, read_only: bool, **given: Any) -> Any:
        """A connection of the driver's, after so many seconds at most.

        Raises what the driver does, of the last that could not be reached if there is one.
        """
        # The URL goes to asyncpg as it is, so that all of libpq's forms work: several hosts,
        # target_session_attrs, sslmode.
        if read_only and "target_session_attrs=read-write" in self._url:
            # A connection that only reads is not what is asked for, though its server is.
            given["target_session_attrs"] = SessionAttribute.primary
        given["connection_class"] = Connection
        if self._as_one:
            return await asyncpg.connect(self._url, timeout=seconds, **given)
        refusals: list[Exception] = []
        for address in tuple(self._addresses):
            host, port = address
            share = seconds / len(self._addresses)
            try:
                return await asyncpg.connect(
                    self._url, timeout=share, host=host, port=port, **given
                )
            except _NOT_HERE as error:
                refusals.append(error)
                if isinstance(error, TimeoutError):
                    # It is asked last from now on.
                    self._addresses.remove(address)
                    self._addresses.append(address)
        lost = [error for error in refusals if isinstance(error, OSError)]
        raise (lost or refusals)[-1]


_NOT_GIVEN: dict[str, Any] = dict.fromkeys(
    (
        *("host", "port", "user", "password", "passfile", "database", "ssl", "direct_tls"),
        *("service", "servicefile", "server_settings", "target_session_attrs"),
        *("krbsrvname", "gsslib"),
    )
)
"""What the URL alone says."""


def _addresses(name: str, url: str) -> list[tuple[str, int]]:
    """Each server's host, or its socket's path, and its port; nothing is asked.

    Raises:
        InvalidSettings: when the driver can make nothing of the URL.
    """
    try:
        # What the driver does first when it connects; there is no public way to do this alone.
        parse = connect_utils._parse_connect_dsn_and_args  # type: ignore[attr-defined]  # noqa: SLF001
        addresses, _ = parse(dsn=url, **_NOT_GIVEN)
        # Sockets in a folder are named by their path alone.
        hosts = [address for address in addresses if isinstance(address, tuple)]
        for host, port in hosts:
            _check_host(host, port)
        return [
            address if isinstance(address, tuple) else (address, int(address.rpartition(".")[2]))
            for address in addresses
        ]
    except IndexError:
        raise InvalidSettings(f"{name}: One of its hosts has no name.") from None
    except KeyError:
        raise InvalidSettings(f"{name}: It names no user, and this one has no name.") from None
    except (ValueError, OSError) as error:
        raise InvalidSettings(f"{name}: {_told(error)}.") from None


def _check_host(host: str, port: int) -> None:
    if not 0 < port <= LAST_PORT:
        raise ValueError(f"A port is from 1 to {LAST_PORT}, not {port}")
    try:
        # What is done to it before it is looked up.
        sound = "\0" not in host and host.encode("idna")
    except UnicodeError:
        sound = False
    if not sound:
        raise ValueError(f"No host can be named {host!r}")


def _told(error: Exception) -> str:
    said = str(error).partition("\n")[0]
    if said.startswith("invalid literal for int()"):
        # What it names may be a part of the password.
        return (
            "A port is a number; what is no letter and no digit in a user or a password is written "
            "as %XX"
        )
    # Where the words of this one should stand, the driver names a method of Python's.
    words = ", ".join(attribute.value for attribute in SessionAttribute)
    return re.sub("<built-in method values [^>]*>", words, said)
