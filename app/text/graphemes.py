"""Grapheme clusters: what a reader takes for one character (Unicode Standard Annex #29).

A span that splits one is taken, for old corpora hold such spans, but its author is told.
"""

import regex

# How far to look to either side, in code points. Longer clusters, and rows of more than 512 flags,
# are not written to be read: in them the answer is as if the text began and ended this far away, so
# that a million combining marks cost no more than a thousand.
REACH = 1024

# What is looked through at once, backwards.
_REACHES = (8, 128, REACH)

_CLUSTER = regex.compile(r"\X")


def splits_none(text: str, offset: int) -> bool:
    """Whether two characters tell at a glance that the offset splits no cluster."""
    # Below U+0300, the first combining mark, CRLF alone is a cluster of two.
    return not 0 < offset < len(text) or (
        text[offset - 1] < "\u0300" > text[offset] and text[offset - 1] != "\r"
    )


def nearest_bounds(text: str, offset: int) -> tuple[int, int] | None:
    """The bounds of the grapheme cluster that the offset splits; None if it splits none.

    All in code points. The start and the end of the text split nothing.
    """
    if splits_none(text, offset):
        return None
    start = max(0, offset - REACH)
    window = text[start : offset + REACH]
    at = offset - start
    if _breaks(window, at):
        return None
    # A cluster is short, so what stands before it is seldom looked at; one of marks is long.
    before = next(filter(None, (_boundary_before(window, at, reach) for reach in _REACHES)), 0)
    return start + before, start + _boundary_after(window, at, len(window))


def _breaks(text: str, at: int) -> bool:
    """Whether one cluster ends and another begins at ``at``."""
    return _boundary_after(text, at - 1, at + 1) == at


def _boundary_before(text: str, at: int, reach: int) -> int:
    """The last boundary before ``at``, up to ``reach`` from there; 0 if there is none."""
    ends = (match.end() for match in _CLUSTER.finditer(text, max(0, at - reach), at))
    return max((end for end in ends if end < at), default=0)


def _boundary_after(text: str, at: int, end: int) -> int:
    """The first boundary behind ``at``, or ``end`` if that comes before.

    A match may begin inside a cluster. It ends where the cluster does, because a boundary is judged
    by all the text before it, not only by the match: pairs of flags are counted from the first.
    """
    return next(_CLUSTER.finditer(text, at, end)).end()
