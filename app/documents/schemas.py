"""Documents, as they come in and go out."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BeforeValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from app.core.characters import control_character
from app.core.etags import etag
from app.core.fields import ExternalId, In, Out, Patch, Timestamp, Title, unprintable
from app.core.jsontext import dump_json
from app.core.validation import escaped
from app.core.vocabulary import Order, Status

_URL = TypeAdapter(AnyHttpUrl)
_BLANK = re.compile(r"\s")


def _web_address(value: str) -> str:
    if control_character(value) is not None or _BLANK.search(value):
        # A parser of URLs takes these out, and what is kept is what was sent.
        raise PydanticCustomError("invalid-url", "A URL holds no white space or control character")
    try:
        _URL.validate_python(value)
    except ValidationError as error:
        raise PydanticCustomError(
            "invalid-url", "{why}", {"why": error.errors()[0]["msg"]}
        ) from None
    return value


WebAddress = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web_address)]
"""An http or https URL, kept as it was written."""

Language = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*|[XxIi](-[A-Za-z0-9]{1,8})+)$"),
]
"""A BCP 47 language tag."""


class _Control(NamedTuple):
    at: str
    """A JSON pointer to the string, or to the member whose name it is."""
    text: str
    position: int


def _control(value: Any) -> _Control | None:
    """The first control character in any string of a JSON value."""
    if isinstance(value, str):
        position = control_character(value)
        return None if position is None else _Control("", value, position)
    if isinstance(value, dict):
        for name, item in value.items():
            found = _control(name) or _control(item)
            if found is not None:
                return found._replace(at=f"/{escaped(name)}{found.at}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            found = _control(item)
            if found is not None:
                return found._replace(at=f"/{place}{found.at}")
    return None


def _printable(value: dict[str, Any]) -> dict[str, Any]:
    # Names are repeated in the pointer, so that they are known to be short first.
    if len(dump_json(value)) > 100_000:
        raise PydanticCustomError("too-long", "At most 100,000 characters of JSON are taken")
    found = _control(value)
    if found is not None:
        raise unprintable(found.text, found.position, at=found.at)
    return value


Metadata = Annotated[dict[str, Any], AfterValidator(_printable)]
"""Free JSON about a document."""


def _written_as_a_date(value: Any) -> Any:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise PydanticCustomError("invalid-date", "A date is written like 2026-11-23")
    return value


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

PublishedOn = Annotated[dt.date, Field(strict=False), BeforeValidator(_written_as_a_date)]
"""A day, as RFC 3339 writes it: a full-date, and not a count of seconds."""


class DocumentIn(In):
    """A new document."""

    id: Annotated[UUID, Field(strict=False)] | None = Field(
        default=None, description="Made by the client, so that creating can be retried."
    )
    external_id: ExternalId | None = Field(default=None, description="Unique in the project.")
    title: Title
    text: str = Field(description="Kept as it is, but for a leading BOM and CRLF or CR.")
    language: Language | None = None
    source_url: WebAddress | None = None
    published_on: PublishedOn | None = None
    metadata: Metadata = {}


class DocumentPatch(Patch):
    """What of a document can change: everything but the text."""

    external_id: ExternalId | None = None
    title: Title = Field(default="")
    language: Language | None = None
    source_url: WebAddress | None = None
    published_on: PublishedOn | None = None
    metadata: Metadata = {}


class Length(Out):
    """How long a text is, in each offset unit."""

    code_points: int
    utf16: int
    utf8: int


class Normalized(Out):
    """What arrival changed in the text."""

    bom_removed: bool
    newlines_converted: int = Field(description="How many CRLF and CR became LF.")


class Counts(Out):
    """How many annotations there are in each status."""

    pending: int = 0
    approved: int = 0
    rejected: int = 0
    changes_requested: int = 0

    _latest: int = PrivateAttr(0)

    @classmethod
    def of(cls, by_status: dict[Status, int], latest: int = 0) -> "Counts":
        """The counts, zero where the status is missing.

        ``latest`` is the sequence of the annotation that came last, 0 if there is none.
        """
        counts = cls(**{status.value: times for status, times in by_status.items()})
        counts._latest = latest
        return counts

    def tag(self) -> str:
        """The counts in the document's ETag, and what they alone do not show: that one has come.

        Who withdraws an annotation and makes another leaves as many.
        """
        counts = (self.pending, self.approved, self.rejected, self.changes_requested)
        return ".".join(map(str, (*counts, self._latest)))


class DocumentItem(Out):
    """A document in a list, without its text."""

    id: UUID
    project: str
    external_id: str | None
    title: str
    language: str | None
    source_url: str | None
    published_on: dt.date | None
    metadata: dict[str, Any]
    revision: int
    sha256: str
    length: Length
    normalized: Normalized
    counts: Counts
    version: int
    etag: str = Field(
        description="What a GET of it answers as `ETag`. Unlike the version it tells of the "
        "annotations too: with it in `If-Match`, DELETE is refused if any came since."
    )
    created_by: str | None
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, row: Any, project: str, counts: Counts) -> "DocumentItem":
        """The document of a row with ``documents.seen.COLUMNS``."""
        return cls(**_fields(row, project, counts))


class DocumentOut(DocumentItem):
    """A document with its text."""

    text: str

    @classmethod
    def with_text(cls, row: Any, project: str, counts: Counts, text: str) -> "DocumentOut":
        """The document of a row with ``documents.seen.COLUMNS`` and its text."""
        return cls(**_fields(row, project, counts), text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents of a project; what is None does not narrow."""

    q: str | None
    """Only those in whose title and text this is found (``text.search_query``)."""
    external_id: str | None
    """Only the one with this external id."""
    has_status: Status | None
    """Only those with an annotation in this status."""
    annotated: bool | None
    """Only those with annotations, or only those without."""
    annotated_by: str | None
    """Asks that of the annotations by the user of this name: if ``annotated`` is None, only those
    with some."""

    def ranked(self, order: Order | None) -> bool:
        """Whether the best come first."""
        return self.q is not None and order is None


def _fields(row: Any, project: str, counts: Counts) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": project,
        "external_id": row.external_id,
        "title": row.title,
        "language": row.language,
        "source_url": row.source_url,
        "published_on": row.published_on,
        "metadata": row.details,
        "revision": row.revision,
        "sha256": row.sha256,
        "length": Length(code_points=row.code_points, utf16=row.utf16, utf8=row.utf8),
        "normalized": Normalized(
            bom_removed=row.bom_removed, newlines_converted=row.newlines_converted
        ),
        "counts": counts,
        "version": row.version,
        "etag": etag(row.version, counts.tag()),
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
