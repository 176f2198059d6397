"""Ids of what is in one document, where a file names none or names them in its own way."""

import re
from collections import Counter
from uuid import UUID

from app.formats import identity

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def uuid_in(text: object) -> UUID | None:
    """The UUID that the text is, written with its hyphens; None for anything else."""
    return UUID(text) if isinstance(text, str) and _UUID.fullmatch(text) else None


def document_id(name: str, text: str) -> UUID:
    """The id of a document that goes by this name in its file, and has this text."""
    return identity.document_id(f"{name}\n{text}", 0)


class Derived:
    """The ids of a document's parts, the same ones each time the parts come in this order."""

    def __init__(self, document_id: UUID) -> None:
        self._document_id = document_id
        self._seen: Counter[tuple[object, ...]] = Counter()

    def annotation(self, label: str, start: int, end: int) -> UUID:
        """Of the next annotation with this label between these bounds."""
        occurrence = self._occurrence(label, start, end)
        return identity.annotation_id(self._document_id, label, start, end, occurrence)

    def relation(self, type: str, source: str, target: str) -> UUID:
        """Of the next relation of this type from one annotation to another."""
        occurrence = self._occurrence(type, source, target)
        return identity.relation_id(self._document_id, type, source, target, occurrence)

    def _occurrence(self, *said: object) -> int:
        self._seen[said] += 1
        return self._seen[said] - 1
