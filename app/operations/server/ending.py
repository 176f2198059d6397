"""Answers that end with their connection."""

import socket
import struct

from starlette.types import Message, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_RESET, _END = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
"""What the kernel does with a connection that is closed (SO_LINGER)."""


def until_closed(cycle: RequestResponseCycle, send: Send) -> Send:
    """Sends an answer to HTTP/1.0, which has no chunks (RFC 9112, section 6.1).

    Where its length is not known, it ends where the connection does. So that a part never looks
    like the whole, whatever closes the connection before the end resets it.
    """
    opened = cycle.transport.get_extra_info("socket")
    unmeasured = False

    async def sent(message: Message) -> None:
        nonlocal unmeasured
        if cycle.disconnected:
            # There is no connection to be reset, and nobody to be sent anything.
            return
        if message["type"] == "http.response.start":
            unmeasured = all(name != b"content-length" for name, _ in message["headers"])
            if unmeasured:
                cycle.chunked_encoding = False
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        elif unmeasured:
            # What uvicorn would hold it against.
            cycle.expected_content_length = len(message.get("body", b""))
            if not message.get("more_body", False):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END)
        await send(message)

    return sent


def last_if_unread(cycle: RequestResponseCycle, send: Send) -> Send:
    """Sends an answer that is the connection's last if the body has not arrived by then.

    A proxy that has its answer may leave the rest of the body out, and HAProxy 2.6 then sends the
    next caller's request in its place.
    """

    async def sent(message: Message) -> None:
        if cycle.more_body and not cycle.response_started:
            cycle.keep_alive = False
        await send(message)

    return sent
