"""The log: lines of JSON on standard error, of Stet, of the server and of libraries."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import structlog
from prometheus_client import Counter

LOST = Counter("stet_log_lines_lost_total", "Lines that standard error did not take.")


def configure_logging(level: str) -> None:
    """Write JSON lines to standard error, from ``level`` up; until this is called, write none.

    Lines of the server get the same form, and so do warnings of libraries.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    lines = _Lines()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(file=lines),  # type: ignore[arg-type]
    )
    handler = _Handler(lines)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("uvicorn").setLevel(threshold)


class _Lines(RawIOBase):
    """Standard error for whole lines. What it does not take is lost and counted, and fails nobody.

    No request is answered worse because a disk is full of its log.
    """

    def __init__(self) -> None:
        # It is closed with the last who has it, and is none where whoever started this closed it.
        self._stream = sys.stderr
        buffer = self._stream and self._stream.buffer
        # Past the buffer, which would keep what is refused and join it to a later line.
        self._raw: Any = getattr(buffer, "raw", buffer)
        self._is_torn = False

    def write(self, line: Any, /) -> int:
        """Write a line with its end."""
        whole = b"\n" + line if self._is_torn else line
        written = 0
        with suppress(OSError):
            while self._raw is not None and written < len(whole):
                taken = self._raw.write(memoryview(whole)[written:])
                if taken is None:
                    # It is full, and waits for nobody.
                    break
                written += taken
        if written < len(whole):
            LOST.inc()
        if written:
            self._is_torn = whole[written - 1 : written] != b"\n"
        return len(line)


class _Handler(logging.Handler):
    """What libraries log, in the same lines."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        self._lines.write(self.format(record).encode() + b"\n")


class _JsonLines(logging.Formatter):
    """A line of a library in the form of ours: its first line, and of an exception where it was."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage().strip()
        line: dict[str, Any] = {
            # What asyncio says on the lines below quotes the exception.
            "event": said.partition("\n")[0],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", {})[
                "timestamp"
            ],
        }
        if traced := _TRACED.match(said):
            # The server has the text of what its lifespan ended by, and nothing else of it.
            line.update(event="failed", error=[traced["type"]])
        if record.exc_info and record.exc_info[1] is not None:
            line.update(described(record.exc_info[1]))
        return orjson.dumps(line).decode()


# The first line that is not indented is the exception's; its message may have lines like it.
_TRACED = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(?P<type>[\w.]+)")

_APP = f"{Path(__file__).parent.parent}{os.sep}"


def described(failure: BaseException) -> dict[str, Any]:
    """The types of an exception and its causes, and where in Stet it came from; no message."""
    types: list[str] = []
    error: BaseException | None = failure
    while error is not None and len(types) < 5:
        types.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or error.__context__
    return {"error": types, "at": list(_places(failure.__traceback__))[-12:]}


def _places(trace: TracebackType | None) -> Iterator[str]:
    """Each place in Stet on the way to the exception, and the place that raised it."""
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(_APP) or trace.tb_next is None:
            yield f"{code.co_filename.removeprefix(_APP)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
