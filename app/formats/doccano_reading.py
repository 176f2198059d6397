"""The other half of ``doccano``: lines to documents."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from app.core.blanks import is_blank
from app.core.errors import ControlCharacter, InvalidFile, InvalidJson, TooLarge
from app.core.vocabulary import OffsetUnit
from app.formats import jsonl, values
from app.formats.arrivals import Shift
from app.formats.doccano_members import SPANS, is_without_relations, kept, members_of
from app.formats.identity import DocumentIds, annotation_id, relation_id
from app.formats.quoting import Quoting
from app.formats.record import Head, Item, Place
from app.formats.refusals import Refused
from app.text.normalization import normalize, sha256

PARTICULARS = ("external_id", "title", "language", "source_url", "published_on")
_TITLE_CHARS = 80

# Where in a line, an entity, a triple or a relation stands what goes by another name here.
_OWN = {name: f"/stet/{name}" for name in ("id", *PARTICULARS, "metadata")}
_FOREIGN = {"external_id": "/id", "metadata": ""}
_ENTITY = {"start": "/start_offset", "end": "/end_offset", "external_id": "/id", "quote": ""}
_TRIPLE = {"start": "/0", "end": "/1", "label": "/2", "id": "", "quote": ""}
_RELATION = {"source": "/from_id", "target": "/to_id"}


class Reader:
    """Lines to values, however the bytes are cut."""

    def __init__(self, head: Head) -> None:
        """A line says itself what it needs of a head."""
        self._lines = jsonl.Reader(head)
        self._ids = DocumentIds()

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The lines that end in this chunk."""
        for item in self._lines.feed(chunk):
            yield self._read(item)

    def close(self) -> Iterator[Item]:
        """The last line, if no newline ended it."""
        for item in self._lines.close():
            yield self._read(item)

    def _read(self, item: Item) -> Item:
        if item.problem is not None:
            return item
        line = item.value
        if not isinstance(line, dict) or not isinstance(line.get("text"), str):
            return Item(item.line, None, InvalidFile("The line is no JSON object with a text."))
        held = line["stet"] if isinstance(line.get("stet"), dict) else None
        try:
            members = members_of(line, own=held is not None)
            value = _foreign(line, item.line) if held is None else _own(held)
        except (InvalidJson, TooLarge) as problem:
            return Item(item.line, None, problem)
        except Refused as refused:
            return Item(item.line, None, refused.problem)
        text = line["text"]
        given = value.get("id")
        id = self._ids.next(str(value.get("external_id")), text) if given is None else _uuid(given)
        value |= {"id": str(id) if given is None else given, "text": text}
        if held is not None and "\r" not in text:
            # With its digest, a byte order mark at the text's beginning is known to be part of it.
            value["sha256"] = sha256(text)
        parts = _Parts(id, text, held)
        places = {"": Place(item.line, "", _FOREIGN if held is None else _OWN)}
        annotations: list[Any] = []
        for member in members:
            for place, part in enumerate(_list(line, member)):
                at = f"/annotations/{len(annotations)}"
                places[at] = Place(item.line, f"/{member}/{place}", _names(part))
                annotations.append(parts.annotation(part))
        value["annotations"] = annotations
        value["relations"] = []
        without = held is not None and is_without_relations(members)
        found = kept(held or {}, annotations) if without else _joined(line, parts)
        for place, (at, relation, names) in enumerate(found):
            places[f"/relations/{place}"] = Place(item.line, at, names)
            value["relations"].append(relation)
        return Item(item.line, value, places=places, size=item.size)


def _joined(
    line: dict[str, Any], parts: "_Parts"
) -> Iterator[tuple[str, Any, Mapping[str, str] | None]]:
    """The relations of a line, where each stands and the names that it has there."""
    for place, part in enumerate(_list(line, "relations")):
        relation = parts.relation(part)
        # What is left as it is has its own names.
        yield f"/relations/{place}", relation, None if relation is part else _RELATION


def _list(line: dict[str, Any], member: str) -> list[Any]:
    """A member's parts; one that is no list is its only part, for the importer to refuse."""
    parts = line.get(member)
    if parts is None:
        return []
    return parts if isinstance(parts, list) else [parts]


def _own(held: dict[str, Any]) -> dict[str, Any]:
    value = {name: held[name] for name in ("id", *PARTICULARS) if name in held}
    metadata = held.get("metadata")
    if isinstance(metadata, str):
        metadata = values.parse(metadata.encode())
    return value if metadata is None else {**value, "metadata": metadata}


def _foreign(line: dict[str, Any], number: int) -> dict[str, Any]:
    """The particulars of a document that Stet did not write."""
    known = {"id", "text", "title", "relations", "stet", *SPANS}
    value: dict[str, Any] = {
        "metadata": {
            name: member
            for name, member in line.items()
            if name not in known and not (name == "Comments" and not member)
        }
    }
    name_there = line.get("id")
    if isinstance(name_there, int) or (isinstance(name_there, str) and name_there):
        value["external_id"] = str(name_there)
    meta = line.get("meta")
    rows = (row.strip()[:_TITLE_CHARS] for row in line["text"].splitlines())
    titles = (line.get("title"), meta.get("title") if isinstance(meta, dict) else None, *rows)
    named = (title for title in titles if isinstance(title, str) and not is_blank(title))
    value["title"] = next(named, f"document {number}")
    return value


def _uuid(given: object) -> UUID | None:
    """The id that was given; None if it is none, which the importer says."""
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _key(*said: object) -> str:
    """What an entity or a relation says, or is called by, as what it is known by again.

    As text: whoever chooses numbers can choose a million of one hash.
    """
    return repr(said)


def _by(
    held: dict[str, Any] | None, member: str, names: tuple[str, str, str]
) -> dict[str, list[dict[str, Any]]]:
    """What Stet wrote of the ids, by what the parts say."""
    found: dict[str, list[dict[str, Any]]] = {}
    parts = held.get(member) if held is not None else None
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            first, second, third = (part.get(name) for name in names)
            if all(isinstance(it, int | str) for it in (first, second, third)):
                found.setdefault(_key(first, second, third), []).append(part)
    return found


def _words(text: str) -> str:
    """The text once it has arrived; one that is refused, as it is."""
    try:
        return normalize(text).text
    except ControlCharacter:
        return text


def _names(part: Any) -> Mapping[str, str] | None:
    """Where in an entity or a triple the parts of its annotation stand; None for anything else."""
    match part:
        case {"start_offset": _, "end_offset": _, "label": _}:
            return _ENTITY
        case [_, _, _]:
            return _TRIPLE
        case _:
            return None


class _Parts:
    """Reads the entities and relations of a document; what is odd is left for the importer."""

    def __init__(self, document: UUID | None, text: str, held: dict[str, Any] | None) -> None:
        """``held`` is what Stet wrote of the document, if it did."""
        self._document = document
        # A text that came from Stet has arrived before, and nothing more is dropped from it.
        arrived = held is not None and "\r" not in text
        self._text = text if arrived else _words(text)
        self._quoting = Quoting(self._text)
        self._shift = None if arrived else Shift(text, OffsetUnit.CODE_POINTS)
        self._own = held is not None
        self._annotations = _by(held, "annotations", ("label", "start_offset", "end_offset"))
        self._relations = _by(held, "relations", ("type", "source", "target"))
        self._seen: Counter[str] = Counter()
        self._named: dict[str, Any] = {}
        # Of an entity that is not there the importer is to say so: no annotation has this id.
        self._nothing = str(annotation_id(document or UUID(int=0), "", 0, 0, 0))

    def annotation(self, part: Any) -> Any:
        """The annotation of an entity, or of a triple of start, end and label."""
        match part:
            case {"start_offset": start, "end_offset": end, "label": label}:
                entity = part.get("id")
            case [start, end, label]:
                entity = None
            case _:
                return part
        value = {"label": label, "start": start, "end": end}
        if not (type(start) is type(end) is int and isinstance(label, str)):
            return value
        said = _key(label, start, end)
        if self._shift is not None:
            start, end = self._shift.moved(start), self._shift.moved(end)
        value |= {"start": start, "end": end}
        if 0 <= start < end <= len(self._text):
            value["quote"] = self._quoting.cut(start, end)
        ids = self._annotations.get(said)
        if ids:
            known = ids.pop(0)
            value |= {name: known.get(name) for name in ("id", "external_id")}
        elif self._document is not None:
            new = annotation_id(self._document, label, start, end, self._occurrence(said))
            value["id"] = str(new)
            if entity is not None and not self._own:
                value["external_id"] = str(entity)
        if isinstance(entity, int | str) and "id" in value:
            self._named[_key(entity)] = value["id"]
        return value

    def relation(self, part: Any) -> Any:
        """The relation between two entities that were read before."""
        match part:
            case {
                "from_id": int() | str() as source,
                "to_id": int() | str() as target,
                "type": type,
            }:
                pass
            case _:
                return part
        source, target = (self._named.get(_key(end), self._nothing) for end in (source, target))
        value = {"type": type, "source": source, "target": target}
        # What stands for an id in Stet's own member may have been made anything.
        if not all(isinstance(it, str) for it in (type, source, target)):
            return value
        said = _key(type, source, target)
        ids = self._relations.get(said)
        if ids:
            value["id"] = ids.pop(0).get("id")
        elif self._document is not None:
            new = relation_id(self._document, type, source, target, self._occurrence(said))
            value["id"] = str(new)
        return value

    def _occurrence(self, said: str) -> int:
        self._seen[said] += 1
        return self._seen[said] - 1
