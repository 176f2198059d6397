"""What a connection sends, sent together; and its end, which takes nothing back that was sent."""

import asyncio
import fcntl
import termios
from collections.abc import Callable

_COPIED = 65_536
"""What is longer together, in bytes, is not copied to be sent together."""

# How long a caller may go on to send what nobody reads; nginx has the same.
_LISTENS_SECONDS = 30.0

# How long a caller may take nothing of what waits for them, which would be kept for ever. Of one
# who takes a kilobyte a second the system tells nothing for two minutes and more.
_TAKES_SECONDS = 240.0


class BufferingTransport:
    """A connection's transport, which sends the head of an answer with the body behind it.

    What is written is held until more comes, or the loop comes by.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        is_interrupted: Callable[[], bool],
    ) -> None:
        """It has what uvicorn uses of a transport.

        Args:
            transport: what to send by.
            loop: the one that it runs in.
            is_interrupted: whether a caller still sends what an answer was not waiting for.
        """
        self._transport = transport
        self._loop = loop
        self._is_interrupted = is_interrupted
        self._held = b""
        self._listens: asyncio.TimerHandle | None = None
        self._takes: asyncio.TimerHandle | None = None
        self.is_deaf = False
        """Whether what comes is for nobody."""
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Send the data with what is held, or hold it."""
        if not self._held:
            self._held = data
            self._loop.call_soon(self.flush)
        elif len(self._held) + len(data) > _COPIED:
            self.flush()
            self._transport.write(data)
        else:
            held, self._held = self._held, b""
            self._transport.write(held + data)

    def flush(self) -> None:
        """Send what is held, if anything is."""
        if self._held:
            held, self._held = self._held, b""
            if not self._transport.is_closing():
                self._transport.write(held)

    def has_unread(self) -> bool:
        """Whether something has come that was not read yet."""
        opened = self._transport.get_extra_info("socket").fileno()
        return any(fcntl.ioctl(opened, termios.FIONREAD, bytes(4)))

    def is_closing(self) -> bool:
        """Whether it takes no more to send."""
        return self.is_deaf or self._transport.is_closing()

    def close(self) -> None:
        """Send what is held, and close: at first our end alone if the caller still sends.

        What comes to a closed end resets the connection, and that takes back an answer which has
        not been read: a proxy then has none to pass on (RFC 9112, section 9.6). To close once more
        closes both.
        """
        self.flush()
        if self.is_closing() or not self._is_interrupted():
            self._transport.close()
            self.watch()
        else:
            self.is_deaf = True
            self._transport.write_eof()
            self._transport.resume_reading()
            self._listens = self._loop.call_later(_LISTENS_SECONDS, self.close)

    def watch(self) -> None:
        """Close once the caller takes nothing for minutes, while nothing more is written."""
        waits = self._transport.get_write_buffer_size()
        if waits and self._takes is None:
            self._takes = self._loop.call_later(_TAKES_SECONDS, self._look, waits)

    def _look(self, waited: int) -> None:
        self._takes = None
        if self._transport.get_write_buffer_size() < waited:
            self.watch()
        else:
            self.abort()

    def unwatch(self) -> None:
        """Whoever waits for the caller writes again."""
        if self._takes is not None:
            self._takes.cancel()
            self._takes = None

    def lost(self) -> None:
        """The connection is no more: no timer keeps what is left of it."""
        self.unwatch()
        if self._listens is not None:
            self._listens.cancel()
            self._listens = None

    def abort(self) -> None:
        """Close, and send nothing more: to wait until all is taken may be to wait for ever."""
        self._held = b""
        self._transport.abort()
