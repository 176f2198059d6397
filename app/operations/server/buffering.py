"""What a connection sends, sent together."""

import asyncio

_COPIED = 65_536
"""What is longer together, in bytes, is not copied to be sent together."""


class BufferingTransport:
    """A connection's transport, which sends the head of an answer with the body behind it.

    What is written is held until more comes, or the loop comes by.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """It has what uvicorn uses of a transport."""
        self._transport = transport
        self._loop = loop
        self._held = b""
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
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

    def close(self) -> None:
        """Send what is held, and close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close, and send nothing more: to wait until all is taken may be to wait for ever."""
        self._held = b""
        self._transport.abort()
