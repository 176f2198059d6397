"""Several processes that serve: which take the places of those that die, hang or are replaced."""

import signal
import socket
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from app.operations.server import metrics_folder

# One begins in two seconds; beside others that are busy it takes many times as long.
_BEGINNING_SECONDS = 60.0
# What one may take to end beyond the grace of its requests, as for its connections to the database.
_ENDING_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class Worker(Process):
    """One of uvicorn's processes, which hangs when it does not answer, but not while it begins.

    uvicorn took one that imports for one that hangs, beside others that were busy, and ended it.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        """Begins at once."""
        super().__init__(config, sockets)
        self._may_begin_until = time.monotonic() + _BEGINNING_SECONDS
        self._must_end_by: float | None = None
        self._begins = True
        self.start()
        self.parent_conn.send(b"ping")

    def is_alive(self, timeout: float = 5) -> bool:
        """Whether it runs and answers, or may still begin."""
        if not self.process.is_alive():
            return False
        if self._begins and self.parent_conn.poll():
            self.parent_conn.recv()
            self._begins = False
        return time.monotonic() < self._may_begin_until if self._begins else self.ping(timeout)

    def serves(self, is_off: Callable[[], bool]) -> bool:
        """Wait until it does; not where it ends, takes too long, or the whole thing ``is_off``."""
        while self.is_alive() and time.monotonic() < self._may_begin_until and not is_off():
            if not self._begins and self.is_ready():
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def terminate(self) -> None:
        """Ask it to stop."""
        super().terminate()
        grace = self.config.timeout_graceful_shutdown or 0
        self._must_end_by = time.monotonic() + grace + _ENDING_SECONDS

    def join(self) -> None:
        """Wait until it has ended; one that does not, though it was asked to, is ended."""
        if self._must_end_by is not None:
            self.process.join(max(0.0, self._must_end_by - time.monotonic()))
            # Whoever waits here looks after no other and hears no signal.
            self.process.kill()
        super().join()

    def end(self) -> None:
        """End it at once, if it still runs."""
        self.kill()
        self.join()

    def how(self) -> dict[str, Any]:
        """How it ended, for the log."""
        code = self.exitcode or 0
        return {"signal": signal.strsignal(-code)} if code < 0 else {"status": code}


class Workers(Multiprocess):
    """uvicorn's processes, each with a listener of its own.

    From one that all share, whoever wakes first takes all connections that have come: of two
    workers with sixteen callers, one was often idle. Linux deals them out to several listeners. The
    listener of a worker that has died stays open here, and what comes waits for the next worker.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listeners: Sequence[list[socket.socket]],
        shared: metrics_folder.Folder,
    ) -> None:
        """Starts none yet.

        Args:
            config: what to serve.
            listeners: each worker's, with all handles of it.
            shared: where they measure.
        """
        super().__init__(config, sockets=[])
        self._listeners = listeners
        self._shared = shared
        self._workers: list[Worker] = []
        self.failed = False
        """Whether they stop though nobody asked them to."""
        self._log: Any = structlog.get_logger().bind()

    def init_processes(self) -> None:
        """Start them all."""
        self._workers = [Worker(self.config, sockets) for sockets in self._listeners]

    def keep_subprocess_alive(self) -> None:
        """Replace those that have died or hang."""
        self._keep_folder()
        for place, worker in enumerate(self._workers):
            if self.should_exit.is_set():
                return
            runs = worker.process.is_alive()
            if worker.is_alive():
                continue
            worker.end()
            if worker.exitcode == STARTUP_FAILURE:
                # So would its successor; what it failed by is in the log.
                self._fail()
                return
            successor = self._workers[place] = Worker(self.config, self._listeners[place])
            told = {"pid": worker.pid, "successor": successor.pid, **worker.how()}
            self._log.error("worker hung" if runs else "worker died", **told)

    def restart_all(self) -> None:
        """Replace all, at SIGHUP: one after the other, up to the first that gets no successor."""
        self._keep_folder()
        for place, worker in enumerate(self._workers):
            if self._is_told_to_stop():
                return
            told: dict[str, Any] = {"pid": worker.pid, "of": len(self._workers)}
            successor = Worker(self.config, self._listeners[place])
            if not successor.serves(is_off=self._is_told_to_stop):
                slow = successor.process.is_alive()
                successor.end()
                if not self._is_told_to_stop():
                    told |= {"seconds": _BEGINNING_SECONDS} if slow else successor.how()
                    remedy = "Send SIGHUP again."
                    self._log.error("worker not replaced", replaced=place, **told, remedy=remedy)
                return
            worker.terminate()
            self._see_off(worker)
            self._workers[place] = successor
            self._log.info("worker replaced", successor=successor.pid, replaced=place + 1, **told)

    def _is_told_to_stop(self) -> bool:
        # What comes while another signal is obeyed is only kept.
        kept = {signal.SIGTERM, signal.SIGINT}.intersection(self.signal_queue)
        return self.should_exit.is_set() or bool(kept)

    def terminate_all(self) -> None:
        """Ask all to stop, for good.

        While a listener is open here the system takes connections for it, which nobody will serve.
        """
        for handle in chain.from_iterable(self._listeners):
            handle.close()
        for worker in self._workers:
            worker.terminate()

    def join_all(self) -> None:
        """Wait until they have stopped."""
        for worker in self._workers:
            self._see_off(worker)

    def _see_off(self, worker: Worker) -> None:
        worker.join()
        if worker.exitcode == -signal.SIGKILL:
            self._log.error("worker did not end", pid=worker.pid, **worker.how())

    def _keep_folder(self) -> None:
        """Without the folder no worker can begin, and nobody can measure."""
        try:
            removed = self._shared.mend()
        except OSError as error:
            self._log.error("metrics folder lost", folder=str(self._shared.path), error=str(error))
            self._fail()
        else:
            if removed:
                # Those who run go on to measure into files that nobody finds any more.
                self._log.error("metrics folder removed", folder=str(self._shared.path))

    def _fail(self) -> None:
        self.failed = True
        self.should_exit.set()

    def handle_ttin(self) -> None:
        """Start no more: the settings say how many there are."""

    def handle_ttou(self) -> None:
        """Stop none: its listener would have nobody."""
