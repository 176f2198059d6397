"""Which members of a line of doccano's have its spans. Pure.

doccano keeps what it does not know, and gives it back as it was uploaded: a project without
relations writes ``label`` beside the ``entities`` and ``relations`` of what it was given.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.formats.refusals import Refused

_ENTITIES = "entities"
SPANS = (_ENTITIES, "label", "labels")


def members_of(line: dict[str, Any], *, own: bool) -> Sequence[str]:
    """The members that have the line's spans; of a line that Stet wrote, what doccano made of them.

    Raises:
        Refused: when nobody can tell which of two are meant, or what their labels are.
    """
    parts = line.get("annotations")
    for place, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict) and "start_offset" in part:
            raise Refused(
                "Spans are read from label or entities; in annotations an older doccano has "
                "numbers for their labels. Export them as JSONL(text label).",
                f"/annotations/{place}",
            )
    there = [member for member in SPANS if line.get(member) is not None]
    if own:
        return [member for member in there if member != _ENTITIES] or there
    full = [member for member in there if isinstance(line[member], list) and line[member]]
    if len(full) > 1:
        raise Refused(
            f"The line has spans twice, as {full[0]} and {full[1]}: leave out what is left of an "
            "upload.",
            f"/{full[1]}",
        )
    return there


def is_without_relations(members: Sequence[str]) -> bool:
    """Whether the members that have the spans are those of a project without relations."""
    return bool(members) and _ENTITIES not in members


def kept(
    held: dict[str, Any], annotations: Sequence[Any]
) -> Iterator[tuple[str, dict[str, Any], None]]:
    """What Stet wrote of relations between annotations that are still there, and where.

    A project without relations does not show them, so that none was deleted by itself.
    """
    ids = {it["id"] for it in annotations if isinstance(it, dict) and isinstance(it.get("id"), str)}
    parts = held.get("relations")
    for place, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict) and all(
            isinstance(part.get(end), str) and part[end] in ids for end in ("source", "target")
        ):
            names = ("id", "type", "source", "target")
            said = {name: part[name] for name in names if name in part}
            yield f"/stet/relations/{place}", said, None
