"""Where in a task of Label Studio's stands what a document and its annotations have of it."""

from collections.abc import Mapping
from functools import lru_cache

MAX_LABELS = 200
"""How many labels the regions of one id may have: a scheme has no more.

Each is an annotation, and each answer about the region is one of them all.
"""

_PARTICULARS = ("id", "external_id", "title", "language", "source_url", "published_on", "metadata")
DATA: Mapping[str, str] = {"title": "/data/title", "metadata": "/data"}
"""Pointers into a task to its document's particulars."""
KEPT_DATA: Mapping[str, str] = {name: f"/data/stet/{name}" for name in _PARTICULARS}
"""The same for a task that Stet wrote."""

_REGION = {
    "start": "/value/start",
    "end": "/value/end",
    "quote": "/value/text",
    "note": "/meta/text",
    "external_id": "/id",
    "confidence": "/score",
}
_KEPT = {name: f"/meta/stet/{name}" for name in ("external_id", "origin", "confidence")}


@lru_cache(2 * MAX_LABELS)
def parts_of_region(label: int, *, kept: bool) -> Mapping[str, str]:
    """Pointers into a region to the parts of its annotation of that label, counted from 0.

    ``kept`` is of a region that has what Stet wrote with it.
    """
    return {**_REGION, **(_KEPT if kept else {}), "label": f"/value/labels/{label}"}
