"""Ids for what a file names none for: the same file read again gives the same ones."""

import hashlib
from collections import Counter
from uuid import UUID, uuid5

_NAMESPACE = UUID("8d1f6b0e-54c7-4b5e-9a53-2f0c7f6a1d90")


def document_id(text: str, occurrence: int) -> UUID:
    """The id of a document that has this text.

    ``occurrence`` tells documents of one file apart that have the same text: the first is 0.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    return uuid5(_NAMESPACE, f"{digest} {occurrence}")


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
