"""A corpus: a few inputs that between them go wherever the fuzzer has been."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import app
from tests.fuzz.targets import TARGETS, corpus_of

_APP = str(Path(app.__file__).parent)
_LARGEST = 4096
"""Bytes of an input that is kept."""

Step = tuple[str, int, int]
"""A file, and two lines of it that ran one after the other."""


def keep(target: str, found: Path) -> None:
    """Make the target's corpus anew, of it and of what was found."""
    folder = corpus_of(target)
    inputs = {
        path.read_bytes() for place in (folder, found) for path in place.iterdir() if path.is_file()
    }
    chosen = fewest(TARGETS[target], [one for one in inputs if len(one) <= _LARGEST])
    for path in folder.iterdir():
        path.unlink()
    for one in chosen:
        (folder / hashlib.sha256(one).hexdigest()[:16]).write_bytes(one)


def fewest(run: Callable[[bytes], None], inputs: list[bytes]) -> list[bytes]:
    """Few of the inputs, that between them take every step that all of them take.

    Each time the one is chosen that takes most of the steps that are left, the small ones first.
    """
    left = {one: _steps(run, one) for one in sorted(inputs, key=lambda one: (len(one), one))}
    chosen: list[bytes] = []
    while any(left.values()):
        best = max(left, key=lambda one: len(left[one]))
        taken = left.pop(best)
        left = {one: steps - taken for one, steps in left.items()}
        chosen.append(best)
    return chosen


def _steps(run: Callable[[bytes], None], one: bytes) -> set[Step]:
    """What of the app runs for that input."""
    steps: set[Step] = set()

    def begin(frame: FrameType, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_APP):
            return None
        last = frame.f_lineno

        def line(frame: FrameType, _event: str, _argument: Any) -> Any:
            nonlocal last
            steps.add((name, last, frame.f_lineno))
            last = frame.f_lineno
            return line

        return line

    sys.settrace(begin)
    try:
        run(one)
    finally:
        sys.settrace(None)
    return steps
