"""The log that ``stet serve`` would write, for tests to read."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.core.logs import configure_logging


class Log:
    """What was written to standard error."""

    def __init__(self, written: io.BytesIO) -> None:
        self._written = written

    @property
    def text(self) -> str:
        return self._written.getvalue().decode()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def level() -> str:
    return "info"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, level: str) -> Iterator[Log]:
    """The log, as ``stet serve`` configures it; ask for it before the newsroom's clients."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, write_through=True))
    root, of_server = logging.getLogger(), logging.getLogger("uvicorn")
    before = root.handlers[:], root.level, of_server.level
    configure_logging(level)
    yield Log(written)
    structlog.reset_defaults()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    of_server.setLevel(before[2])
