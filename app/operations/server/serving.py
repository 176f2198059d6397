"""Running the server: its socket, its workers, and how it stops."""

import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from app.core.errors import Unavailable
from app.core.logs import configure_logging
from app.core.settings import Settings
from app.operations.server import metrics_folder
from app.operations.server.protocol import Protocol
from app.operations.server.workers import Workers

_BACKLOG = 2048
_TAKEN_AT_ONCE = 16
_OPEN_FILES = 65_536
# Bytes that the system takes for a reader before it has sent those before them. Else Linux takes
# megabytes, and nothing more until a third of them is gone: of a slow reader one would not know for
# minutes whether anything is read.
_WAITS_UNSENT = 65_536
KEEP_ALIVE_SECONDS = 75
"""Longer than clients and proxies keep a connection that rests (httpx for 5 seconds, nginx and most
others for 60): who closes it first must be the one who might ask again, or the request is lost.
"""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that run then have the settings' grace to end.

    SIGHUP replaces workers one after the other; one that is alone has nobody to take its place, and
    ends as by SIGTERM.

    Args:
        settings: where to listen, with how many workers, whose proxy headers to believe.
        announce: told the server's address once connections to it are taken.

    Raises:
        Unavailable: when the address cannot be listened on.
    """
    _raise_open_files()
    listeners = listen(settings.host, settings.port, settings.workers)
    config = uvicorn.Config(
        "app.main:serve_app",
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        # Stet logs each request itself; uvicorn's own line costs a quarter of the throughput.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    announce(_address(settings.host, listeners[0]))
    if settings.workers == 1:
        server = uvicorn.Server(config)

        def leave(_signal: int = 0, _frame: object = None) -> None:
            # There is no lifespan before it begins.
            failed = hasattr(server, "lifespan") and server.lifespan.should_exit
            raise SystemExit(1 if failed else 0)

        # uvicorn raises the signal again once it has stopped, and a stop that was asked for is a
        # success, if all was done; before uvicorn listens for the signal, this ends the process.
        signal.signal(signal.SIGTERM, leave)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            # Not after nohup, which asks for it to be ignored.
            signal.signal(signal.SIGHUP, _terminate)
        with suppress(KeyboardInterrupt):
            server.run(sockets=handles(listeners[0]))
        leave()
    configure_logging(settings.log_level)
    with metrics_folder.made() as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared.path)
        workers = Workers(config, [handles(each) for each in listeners], shared)
        workers.run()
    if workers.failed:
        raise SystemExit(1)


def _raise_open_files() -> None:
    """Let each worker have as many connections open as the system allows it.

    The soft limit is often 1024 or less, for the sake of programs that use select(2), and idle
    connections alone would fill it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems allow less than they say; then it stays as it is.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """Each worker's listener: the same for all where the system would not deal out to several.

    Raises:
        Unavailable: when the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    several = workers > 1 and sys.platform == "linux"
    try:
        # Those that share a port would share it with another server too, so first one that doesn't.
        with socket.create_server((host, port), family=family) as alone:
            address = alone.getsockname()[:2]
        first = socket.create_server(address, family=family, backlog=_BACKLOG, reuse_port=several)
        others = [_bound(address, family) for _ in range(workers - 1)] if several else []
    except OSError as error:
        # What follows in brackets is the address once more.
        why = str(error.strerror).partition(" (")[0]
        raise Unavailable(f"Cannot listen on {host}, port {port}: {why}.") from None
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        for listener in (first, *others):
            # What is accepted has it from the listener (tcp(7)).
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _WAITS_UNSENT)
    return [first, *others] if several else [first] * workers


def _bound(address: tuple[str, int], family: socket.AddressFamily) -> socket.socket:
    """A listener that listens once its worker does: until then, those that do get all callers."""
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        # As ``create_server`` has it.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    bound.bind(address)
    return bound


def handles(listener: socket.socket) -> list[socket.socket]:
    """The listener several times over: in one pass of the event loop each takes a connection.

    libuv takes one in a pass (https://github.com/libuv/libuv/pull/3696), and a pass in which sixty
    requests are served takes tens of milliseconds: of sixty-four who connected at once to a server
    that was busy, the last waited for a second.
    """
    return [listener, *(listener.dup() for _ in range(_TAKEN_AT_ONCE - 1))]


def _address(host: str, listener: socket.socket) -> str:
    """The server's URL on this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # it is compared, not listened on
        host = "localhost"
    elif ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{listener.getsockname()[1]}"


def _terminate(_signal: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGTERM)
