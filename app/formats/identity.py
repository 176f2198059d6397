"""Ids for what a file names none for, or in its own way: read again, it gives the same ones."""

import hashlib
import re
from collections import Counter
from uuid import UUID, uuid5

_NAMESPACE = UUID("8d1f6b0e-54c7-4b5e-9a53-2f0c7f6a1d90")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def uuid_in(text: object) -> UUID | None:
    """The UUID that the text is, written with its hyphens; None for anything else."""
    return UUID(text) if isinstance(text, str) and _UUID.fullmatch(text) else None


def document_id(text: str, occurrence: int) -> UUID:
    """The id of a document that has this text.

    ``occurrence`` tells documents of one file apart that have the same text: the first is 0.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    return uuid5(_NAMESPACE, f"{digest} {occurrence}")


def named_document_id(name: str, text: str) -> UUID:
    """The id of a document that goes by this name in its file, and has this text."""
    return document_id(f"{name}\n{text}", 0)


def annotation_id(document_id: UUID, label: str, start: int, end: int, occurrence: int) -> UUID:
    """The id of an annotation with this label between these bounds, in code points.

    ``occurrence`` tells annotations of one document apart that have both in common: the first is 0.
    """
    return uuid5(document_id, f"{start} {end} {occurrence} {label}")


class DocumentIds:
    """Ids for the documents of one file, which may have the same text.

    Of each text that was seen 8 bytes are kept. Where two texts share them the second has an id of
    its own all the same, for its digest goes into that too.
    """

    def __init__(self) -> None:
        """Begins with no text seen."""
        self._seen: Counter[bytes] = Counter()

    def next(self, name: str, text: str) -> UUID:
        """The id of the next document, which has this text under this name.

        Under another name the same text is another document, perhaps of another file.
        """
        text = f"{name}\n{text}"
        key = hashlib.sha256(text.encode()).digest()[:8]
        occurrence = self._seen[key]
        self._seen[key] += 1
        return document_id(text, occurrence)


def relation_id(document_id: UUID, type: str, source: str, target: str, occurrence: int) -> UUID:
    """The id of a relation of this type between the annotations with these ids.

    ``occurrence`` tells relations of one document apart that have all in common: the first is 0.
    """
    return uuid5(document_id, f"{source} {target} {occurrence} {type}")


class Derived:
    """The ids of a document's parts, the same ones each time the parts come in this order."""

    def __init__(self, document_id: UUID) -> None:
        self._document_id = document_id
        self._seen: Counter[tuple[object, ...]] = Counter()

    def annotation(self, label: str, start: int, end: int) -> UUID:
        """Of the next annotation with this label between these bounds."""
        occurrence = self._occurrence(label, start, end)
        return annotation_id(self._document_id, label, start, end, occurrence)

    def relation(self, type: str, source: str, target: str) -> UUID:
        """Of the next relation of this type from one annotation to another."""
        occurrence = self._occurrence(type, source, target)
        return relation_id(self._document_id, type, source, target, occurrence)

    def _occurrence(self, *said: object) -> int:
        self._seen[said] += 1
        return self._seen[said] - 1
