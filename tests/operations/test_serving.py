"""How the server takes connections, and how its workers begin."""

import asyncio
import os
import select
import signal
import socket

import pytest
import uvicorn
import uvloop

from app.operations.server import workers
from app.operations.server.serving import handles, listen
from app.operations.server.workers import Worker

CALLERS = 48


def test_all_who_connect_at_once_are_taken_in_a_few_passes_of_the_loop() -> None:
    taken: list[asyncio.BaseTransport] = []

    class Taking(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken.append(transport)

    async def passes() -> int:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Taking, sock=each) for each in handles(listener)]
        passed = 0
        while len(taken) < CALLERS:
            await asyncio.sleep(0)
            passed += 1
        for transport in taken:
            transport.close()
        for server in servers:
            server.close()
            await server.wait_closed()
        return passed

    with socket.create_server(("127.0.0.1", 0)) as listener:
        callers = [socket.create_connection(listener.getsockname()) for _ in range(CALLERS)]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            passed = runner.run(passes())
    for caller in callers:
        caller.close()

    # One in a pass would be as many passes as callers.
    assert passed < CALLERS / 2


def test_a_worker_does_not_hang_while_it_begins_but_must_have_begun_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = uvicorn.Config("app.main:serve_app", factory=True)
    beginning = Worker(config, [])
    assert beginning.pid is not None
    os.kill(beginning.pid, signal.SIGSTOP)
    monkeypatch.setattr(workers, "_BEGINNING_SECONDS", 0.0)
    late = Worker(config, [])

    assert beginning.is_alive(timeout=0)
    assert not beginning.serves(is_off=lambda: True)
    assert not late.is_alive(timeout=0)
    assert not late.serves(is_off=lambda: False)

    for worker in (beginning, late):
        worker.end()
        assert worker.how() == {"signal": "Killed"}


def test_a_worker_that_does_not_end_though_it_was_asked_to_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = uvicorn.Config("app.main:serve_app", factory=True)
    worker = Worker(config, [])
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    monkeypatch.setattr(workers, "_ENDING_SECONDS", 0.0)

    worker.terminate()
    worker.join()

    assert worker.how() == {"signal": "Killed"}


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the system has no such limit")
@pytest.mark.parametrize("workers", [1, 2])
def test_little_waits_unsent_for_a_slow_reader(workers: int) -> None:
    listeners = listen("127.0.0.1", 0, workers)
    for listener in listeners:
        # The second begins to listen with its worker.
        listener.listen()

    with socket.create_connection(listeners[0].getsockname()) as caller:
        ready, _, _ = select.select(listeners, (), ())
        taken, address = ready[0].accept()
        with taken:
            assert address == caller.getsockname()
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 65_536
    for listener in listeners:
        listener.close()
