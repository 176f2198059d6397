"""How far a transfer is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class _DocumentsASecond(ProgressColumn):
    """How fast it goes, where documents are counted."""

    def render(self, task: Task) -> Text:
        """The rate of late; empty at first."""
        return Text("" if task.speed is None else f"{task.speed:,.0f} documents/s")


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing in a pipe; calls say how many more are done.

    Args:
        what: what is counted: ``Bytes`` or ``Documents``.
        total: how many there are; None when nobody knows, and the time that remains neither.
    """
    console = Console(stderr=True)
    in_bytes = what == "Bytes"
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TransferSpeedColumn() if in_bytes else _DocumentsASecond(),
        TimeElapsedColumn() if total is None else TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
