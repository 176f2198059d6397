"""brat standoff: a zip of a ``.txt`` and an ``.ann`` a document, and what brat needs to open them.

Each document has a ``.json`` too, with what brat has no place for and passes over: its title,
language, source, day and metadata. Of an annotation such things stand in a comment of type
``Stet``, as JSON: brat shows it, keeps it with the annotation and drops it with it. Where a T, A or
``AnnotatorNotes`` line was changed in brat, it is believed over the comment.

Who wrote what and how it was reviewed is left out: what is edited in brat must not come back as
approved.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from app.core.ids import ById
from app.core.vocabulary import AttributeType
from app.formats.brat_reading import COMMENT, NOTES, PARTICULARS, Reader
from app.formats.brat_spans import covered, cut, flat
from app.formats.kinds import Kind
from app.formats.names import escaped
from app.formats.record import AnnotationRecord, DocumentRecord, Head
from app.formats.zipped import Packer

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer"]

SUFFIX = "zip"
LOSES = frozenset({Kind.CREATED_BY, Kind.AUTHORS, Kind.STATUS, Kind.DECISIONS, Kind.HISTORY})

_WORD = re.compile(r"[\w.+-]+")
"""A value that can stand in an A line and be listed in the configuration."""


class Writer:
    """Records to the members of an archive."""

    def __init__(self, head: Head) -> None:
        """The scheme becomes brat's configuration."""
        self._configuration: str | None = _configuration(head.scheme)
        self._labels = head.labels
        self._packer = Packer()

    def write(self, record: DocumentRecord) -> bytes:
        """The document's three members; before the first stands the configuration."""
        particulars = {name: getattr(record, name) for name in sorted(PARTICULARS)}
        standoff = "".join(f"{line}\n" for line in _lines(record, self._labels))
        return b"".join(
            [
                *self._configured(),
                self._packer.add(f"{record.id}.json", to_json(particulars) + b"\n"),
                self._packer.add(f"{record.id}.txt", record.text.encode()),
                self._packer.add(f"{record.id}.ann", standoff.encode()),
            ]
        )

    def close(self) -> Iterator[bytes]:
        """The archive's directory."""
        yield from self._configured()
        yield from self._packer.close()

    def _configured(self) -> Iterator[bytes]:
        if self._configuration is not None:
            yield self._packer.add("annotation.conf", self._configuration.encode())
            self._configuration = None


def _configuration(scheme: Mapping[str, Any]) -> str:
    """The scheme as https://brat.nlplab.org/configuration.html has it."""
    lines = ["[entities]", *(_name(label["name"]) for label in scheme["labels"])]
    lines += ["", "[relations]"]
    for relation in scheme.get("relations", ()):
        source, target = ("|".join(map(_name, relation[end])) for end in ("source", "target"))
        lines.append(f"{_name(relation['name'])}\tArg1:{source}, Arg2:{target}")
    # Without this line brat takes no span that nests in another or crosses it.
    lines += ["<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>", "", "[events]", ""]
    lines.append("[attributes]")
    carriers: dict[str, list[str]] = {}
    values: dict[str, dict[str, None]] = {}
    for label in scheme["labels"]:
        for attribute in label.get("attributes", ()):
            words = dict.fromkeys(filter(_WORD.fullmatch, attribute.get("values") or ()))
            if attribute["type"] == AttributeType.BOOLEAN or (
                attribute["type"] == AttributeType.ENUM and words
            ):
                carriers.setdefault(attribute["name"], []).append(_name(label["name"]))
                values.setdefault(attribute["name"], {}).update(words)
    for name, labels in carriers.items():
        chosen = f", Value:{'|'.join(values[name])}" if values[name] else ""
        lines.append(f"{_name(name)}\tArg:{'|'.join(labels)}{chosen}")
    return "\n".join(lines) + "\n"


def _name(name: str) -> str:
    return escaped(name, hyphens=True)


def _lines(
    record: DocumentRecord, labels: Mapping[str, Mapping[str, AttributeType]]
) -> Iterator[str]:
    attributes = comments = 0
    handles: ById[str] = ById()
    for place, annotation in enumerate(record.annotations):
        handle = handles[annotation.id] = f"T{place + 1}"
        exact = _spans(annotation)
        spans = cut(exact, record.text)
        offsets = ";".join(f"{start} {end}" for start, end in spans)
        words = covered(spans, record.text)
        yield f"{handle}\t{_name(annotation.label)} {offsets}\t{words}"
        types = labels.get(annotation.label, {})
        others: dict[str, Any] = {}
        for name, value in annotation.attributes.items():
            flag = _flag(value, types.get(name))
            if flag is None:
                others[name] = value
            else:
                attributes += 1
                yield f"A{attributes}\t{_name(name)} {handle}{flag}"
        comments += 1
        kept = _kept(annotation, others, exact if exact != spans else None)
        yield f"#{comments}\t{COMMENT} {handle}\t{kept}"
        if annotation.note is not None and (note := flat(annotation.note).strip()):
            comments += 1
            yield f"#{comments}\t{NOTES} {handle}\t{note}"
    for place, relation in enumerate(record.relations):
        ends = f"Arg1:{handles[relation.source]} Arg2:{handles[relation.target]}"
        yield f"R{place + 1}\t{_name(relation.type)} {ends}"
        yield f"#{comments + place + 1}\t{COMMENT} R{place + 1}\t" + _json({"id": relation.id})


def _spans(annotation: AnnotationRecord) -> list[tuple[int, int]]:
    if annotation.fragments is None:
        return [(annotation.start, annotation.end)]
    return [(fragment["start"], fragment["end"]) for fragment in annotation.fragments]


def _flag(value: object, type: AttributeType | None) -> str | None:
    """What stands for the value behind the name in an A line; None if brat cannot say it.

    brat knows values that its configuration lists, one each, and flags that are set or absent: that
    something is false, numbers, lists and free text go into the comment.
    """
    if value is True:
        return ""
    listed = type is AttributeType.ENUM and isinstance(value, str) and _WORD.fullmatch(value)
    return f" {value}" if listed else None


def _kept(
    annotation: AnnotationRecord, attributes: dict[str, Any], spans: list[tuple[int, int]] | None
) -> str:
    kept: dict[str, Any] = {"id": annotation.id, "origin": annotation.origin}
    if annotation.external_id is not None:
        kept["external_id"] = annotation.external_id
    if annotation.confidence is not None:
        kept["confidence"] = annotation.confidence
    if spans is not None:
        kept["spans"] = spans
    if attributes:
        kept["attributes"] = attributes
    # One line of brat's holds no line end, and what stands around a note is taken off.
    note = annotation.note
    if note is not None and (not note or note != flat(note).strip()):
        kept["note"] = note
    return _json(kept)


def _json(value: dict[str, Any]) -> str:
    # In ASCII: a line separator of Unicode ends a line in many a reader.
    return json.dumps(value, separators=(",", ":"), default=str)
