"""Telling those who wait that the server stops."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def told(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` when the process is told to stop, before the server does what it does then.

    The server waits for the requests that run, and a request that waits for something to happen
    would keep it waiting.
    """
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread hears signals, so there is no server here that one could stop.
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def heard(number: int, frame: FrameType | None) -> None:
        stop()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler is not signal.SIG_IGN:
            raise KeyboardInterrupt

    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set from Python; it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
