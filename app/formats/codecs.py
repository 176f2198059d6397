"""The formats, by the names that callers give them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import Any, Protocol

from app.core.errors import FormatNotInstalled, InvalidParameter
from app.formats.kinds import Kind
from app.formats.losses import Loss
from app.formats.record import DocumentRecord, Head, Item


class Format(StrEnum):
    """What an export is written in, and an import read from."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    CONLL = "conll"
    BRAT = "brat"
    DOCCANO = "doccano"
    LABEL_STUDIO = "label-studio"
    SPACY = "spacy"
    UIMA_CAS = "uima-cas"
    WEB_ANNOTATION = "web-annotation"


class Writer(Protocol):
    """Records to bytes. What it answers, in order and joined, is the file."""

    def __init__(self, head: Head) -> None:
        """Begin a file of that project."""

    def write(self, record: DocumentRecord) -> bytes:
        """What can be written now that this record has come; perhaps nothing yet."""

    def close(self) -> Iterable[bytes]:
        """The rest of the file."""


class Reader(Protocol):
    """Bytes to records, however the bytes are cut."""

    def __init__(self, head: Head) -> None:
        """Begin a file for that project."""

    def feed(self, chunk: bytes) -> Iterable[Item]:
        """The records that are whole now. Raises ``InvalidFile`` where no more can be read."""

    def close(self) -> Iterable[Item]:
        """The rest of the records. Raises ``InvalidFile`` when the file is not whole."""


class Measure(Protocol):
    """What a codec says of losses that depend on how it cuts a text."""

    def __call__(self, record: DocumentRecord) -> Iterable[Loss]:
        """Losses of kinds that ``losses.lost`` leaves to the format."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A format's module, taken apart."""

    suffix: str
    """What its files' names end in, by which they are told from those of every other format."""
    loses: frozenset[Kind]
    writer: type[Writer]
    reader: type[Reader] | None
    measure: Measure


MEDIA_TYPES: dict[Format, str] = {
    Format.JSONL: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.CONLL: "text/plain; charset=utf-8",
    Format.BRAT: "application/zip",
    Format.DOCCANO: "application/x-ndjson",
    Format.LABEL_STUDIO: "application/json",
    Format.SPACY: "application/octet-stream",
    Format.UIMA_CAS: "application/zip",
    Format.WEB_ANNOTATION: "application/ld+json",
}
"""What each is called over HTTP: known without its library."""

_MODULES = {format: format.value.replace("-", "_") for format in Format}
READABLE = frozenset(Format) - {Format.CSV, Format.PARQUET, Format.SPACY}
"""The formats that an import takes."""
_ALIKE = {Format.BRAT, Format.DOCCANO, Format.UIMA_CAS}
"""Their files end as those of another format do, so that their names say the format too."""
_EXTRAS = {"numpy", "pyarrow", "spacy", "srsly"}
"""What the extra ``formats`` installs: without it any of them may be the first that is missed."""


def codec(format: Format) -> Codec:
    """The format's codec.

    Raises:
        FormatNotInstalled: when it needs a library that is not there.
    """
    try:
        module: Any = import_module(f"app.formats.{_MODULES[format]}")
    except ModuleNotFoundError as missing:
        if missing.name not in _EXTRAS:
            raise
        raise FormatNotInstalled(
            f"The format {format} needs {missing.name}: pip install 'stet[formats]'."
        ) from None
    return Codec(
        suffix=f"{format}.{module.SUFFIX}" if format in _ALIKE else module.SUFFIX,
        loses=module.LOSES,
        writer=module.Writer,
        reader=getattr(module, "Reader", None),
        measure=getattr(module, "measure", _nothing),
    )


def reader(format: Format, head: Head) -> Reader:
    """A reader of the format.

    Raises:
        InvalidParameter: when Stet only writes it.
    """
    chosen = codec(format)
    found = chosen.reader if format in READABLE else None
    if found is None:
        allowed = sorted(READABLE)
        raise InvalidParameter(
            "format", f"Stet writes {format} but does not read it.", allowed=allowed
        )
    return _Reserved(found(head), chosen.loses)


class _Reserved:
    """A reader whose items say of what kinds their format holds nothing."""

    def __init__(self, reader: Reader, loses: frozenset[Kind]) -> None:
        self._reader = reader
        self._loses = loses

    def feed(self, chunk: bytes) -> Iterable[Item]:
        return map(self._reserved, self._reader.feed(chunk))

    def close(self) -> Iterable[Item]:
        return map(self._reserved, self._reader.close())

    def _reserved(self, item: Item) -> Item:
        return replace(item, unsaid=item.unsaid | self._loses)


def _nothing(record: DocumentRecord) -> Iterable[Loss]:  # noqa: ARG001  # the protocol's argument
    return ()
