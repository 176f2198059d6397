"""A new document as rows, and what the log keeps of it. Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.core.etags import etag
from app.core.jsontext import same_json
from app.documents.schemas import Counts, DocumentIn, DocumentItem, DocumentOut
from app.text.normalization import NormalizedText, sha256
from app.text.offsets import length
from app.text.words import indexed, line, words


@dataclass(frozen=True, slots=True)
class NewDocument:
    """The row of a document and of its first revision."""

    document: dict[str, Any]
    revision: dict[str, Any]

    @classmethod
    def of(
        cls,
        new: DocumentIn,
        normalized: NormalizedText,
        *,
        project_id: UUID,
        maker_id: UUID,
        at: dt.datetime,
    ) -> "NewDocument":
        """The rows of a document that arrives in a project now, without the log's sequence."""
        id = new.id or uuid7()
        measured = length(normalized.text)
        return cls(
            document={
                "id": id,
                "project_id": project_id,
                "external_id": new.external_id,
                "title": new.title,
                "title_folded": new.title.casefold(),
                "language": new.language,
                "source_url": new.source_url,
                "published_on": new.published_on,
                "metadata": new.metadata,
                "revision": 1,
                "version": 1,
                "created_by_id": maker_id,
                "created_at": at,
                "updated_at": at,
                "deleted_at": None,
            },
            revision={
                "document_id": id,
                "number": 1,
                "text": normalized.text,
                "sha256": sha256(normalized.text),
                "code_points": measured.code_points,
                "utf16": measured.utf16,
                "utf8": measured.utf8,
                "bom_removed": normalized.bom_removed,
                "newlines_converted": normalized.newlines_converted,
                "created_by_id": maker_id,
                "created_at": at,
            },
        )

    def out(self, *, project: str, created_by: str) -> DocumentOut:
        """The document as it is answered, without annotations yet."""
        revision, counts = self.revision, Counts()
        return DocumentOut.model_validate(
            {
                **self.document,
                "project": project,
                "created_by": created_by,
                "sha256": revision["sha256"],
                "length": {name: revision[name] for name in ("code_points", "utf16", "utf8")},
                "normalized": {
                    name: revision[name] for name in ("bom_removed", "newlines_converted")
                },
                "counts": counts,
                "etag": etag(self.document["version"], counts.tag()),
                "text": revision["text"],
            }
        )


def words_of(document: dict[str, Any], text: str) -> dict[str, Any]:
    """The row that a document with this text is found by; seconds for millions of characters."""
    kept = indexed(text)
    return {
        "document_id": document["id"],
        "project_id": document["project_id"],
        "title": line(words(document["title"])),
        "text": kept.words,
        "keys": kept.keys,
        "cut": kept.cut,
    }


def logged(out: DocumentItem) -> dict[str, Any]:
    """What the log keeps of a document: all but its text and what tells of its annotations."""
    return out.model_dump(mode="json", exclude={"text", "counts", "etag", "project"})


_CONTENT = ("external_id", "title", "language", "source_url", "published_on", "metadata", "sha256")


def state(row: Any) -> dict[str, Any]:
    """What a stored document says now, as the log would keep it: what ``same_content`` compares.

    ``row`` has the document's columns, its metadata as ``details``, and its text's digest.
    """
    return {
        "external_id": row.external_id,
        "title": row.title,
        "language": row.language,
        "source_url": row.source_url,
        "published_on": row.published_on and row.published_on.isoformat(),
        "metadata": row.details,
        "sha256": row.sha256,
    }


def same_content(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two states of documents, as the log keeps them, say the same."""
    return all(same_json(one[name], other[name]) for name in _CONTENT)
