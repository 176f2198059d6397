"""The functions that are fuzzed, and the corpus of each.

Each takes any bytes, and raises only when something is wrong.
"""

from collections.abc import Callable
from pathlib import Path

from tests.fuzz.imports import imports
from tests.fuzz.queries import queries
from tests.fuzz.spans import spans

TARGETS: dict[str, Callable[[bytes], None]] = {
    "imports": imports,
    "queries": queries,
    "spans": spans,
}

_CORPUS = Path(__file__).with_name("corpus")


def corpus_of(target: str) -> Path:
    """The folder of the target's inputs."""
    return _CORPUS / target
