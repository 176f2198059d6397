"""Which of a task's strings is its text, and whether its regions are of that one. Pure.

A region names the tag that it is of (``to_name``), and only the project's labeling configuration
says which of the data that tag shows. By custom both have one name; where they have not, the words
of the regions tell.
"""

from collections.abc import Sequence
from typing import Any

from app.formats.label_studio_spans import Spans
from app.formats.refusals import Refused

TEXT = "text"
"""The key and the tag of the text in Stet's own tasks."""
_MOST_TEXTS = 20
"""How many strings beside the text are looked at: each is, with all of the regions."""


def text_of(data: dict[str, Any]) -> str:
    """The key of the text among the data: ``text``, or else that of the longest string.

    Raises:
        Refused: when there is none.
    """
    texts = {key: len(value) for key, value in data.items() if isinstance(value, str)}
    if not texts:
        raise Refused("The task has no text.", "/data")
    return TEXT if TEXT in texts else max(texts, key=texts.__getitem__)


def check_of_text(
    data: dict[str, Any], text: str, regions: Sequence[tuple[str, dict[str, Any]]]
) -> None:
    """Look whether regions, each with where it stands, are of the text that has that key.

    Raises:
        Refused: when they are of several tags, or may as well be of other data.
    """
    tags: dict[str, str] = {}
    for at, region in regions:
        tag = region.get("to_name")
        if tag is None:
            continue
        if not isinstance(tag, str):
            raise Refused("Label Studio has a string here.", f"{at}/to_name")
        tags.setdefault(tag, f"{at}/to_name")
    if len(tags) > 1:
        raise Refused(
            f"The regions of this task are of {len(tags)} texts, and a document has one: make a "
            "task of each.",
            [*tags.values()][1],
        )
    values = [region["value"] for _, region in regions]
    for tag, at in tags.items():
        if tag != text and _may_be_of_another(data, text, values):
            raise Refused(
                f"Which of its data the tag {ascii(tag)[:60]} shows, this task does not say, and "
                "the words of its regions do not tell: leave the other data out, or let to_name be "
                f"{ascii(text)[:60]}.",
                at,
            )


def _may_be_of_another(data: dict[str, Any], text: str, values: Sequence[dict[str, Any]]) -> bool:
    """Whether all of the regions stand in another string of the data too."""
    furthest = max(value["end"] for value in values)
    # In UTF-16 a string may be twice as long.
    others = [
        value
        for key, value in data.items()
        if key != text and isinstance(value, str) and 2 * len(value) >= furthest
    ]
    return len(others) > _MOST_TEXTS or any(
        all(map(Spans(other, arrived=False).may_hold, values)) for other in others
    )
