"""Functions of Python's that a statement may call on SQLite."""

from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {}
"""What each connection is given, by name: how many arguments it takes, and what it does."""


def called(name: str, arguments: int, function: Callable[..., Any]) -> str:
    """Let statements call a function that answers the same for the same arguments; its name."""
    FUNCTIONS[name] = arguments, function
    return name
