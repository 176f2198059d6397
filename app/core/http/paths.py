"""Paths that are told apart before a route is found."""

import re

_IMPORT = "/import"
_LONG = ("/export", _IMPORT, "/changes")
# A user, a project or a release may have one of these names.
_IS_IMPORT = re.compile(r"/v1/projects/[^/]+/import")
_IS_LONG = re.compile(r"/v1/projects/[^/]+/(?:import|changes|(?:releases/[^/]+/)?export)")


def is_import(path: str) -> bool:
    """Whether a file is sent there."""
    return path.endswith(_IMPORT) and _IS_IMPORT.fullmatch(path) is not None


def is_long(path: str) -> bool:
    """Whether what is answered or sent there is of any length, or waits for something to happen."""
    return path.endswith(_LONG) and _IS_LONG.fullmatch(path) is not None
