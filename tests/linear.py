"""That something takes as long as there is much of it, however fast the machine is."""

import time
from collections.abc import Callable

_TIMES = 8
# A clock that has other work beside it cannot tell less, in seconds.
_LEAST = 0.01


def is_linear(work: Callable[[int], object], size: int) -> bool:
    """Whether work of this size takes about eight times as long as of an eighth of it.

    By the square it would be sixty-four times; between the two is much room. What counts is this
    process's time on a processor, of which other programs take none.
    """
    least = max(_LEAST, min(_seconds(work, size // _TIMES) for _ in range(2)))
    return _seconds(work, size) < 3 * _TIMES * least


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
