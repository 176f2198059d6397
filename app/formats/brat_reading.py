"""brat standoff in: Stet's own, and what brat and other tools write.

Annotations, attributes, relations and notes are read. A document with events, equivalences or
normalizations is refused with the line: Stet has no place for them, and losing them silently would
be worse.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.core.errors import InvalidFile, InvalidJson, TooLarge
from app.core.validation import escaped
from app.core.vocabulary import AttributeType, OffsetUnit
from app.formats import brat_spans, values, words
from app.formats.arrivals import Shift, line_ends, proof
from app.formats.brat_spans import Spans, flat
from app.formats.identity import Derived, named_document_id, uuid_in
from app.formats.kinds import Kind
from app.formats.names import unescaped
from app.formats.quoting import Quoting
from app.formats.record import Head, Item, Place
from app.formats.refusals import Refused
from app.formats.values import Values
from app.formats.zipped import Archive, BadMember, Spool

COMMENT = "Stet"
"""The type of a comment that holds what brat has no line for, as JSON."""
NOTES = "AnnotatorNotes"
PARTICULARS = frozenset(
    {"id", "external_id", "title", "language", "source_url", "published_on", "metadata"}
)
"""What a document's ``.json`` says of it."""

_KEPT = ("id", "external_id", "origin", "confidence")
_PAIR = r"\d{1,12} \d{1,12}"
_TEXT_BOUND = re.compile(rf"([^\t ]+) ({_PAIR}(?:;{_PAIR})*)(?:\t(.*))?", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\t ]+) ([^\t ]+)(?: ([^\t]*))?")
_RELATION = re.compile(r"([^\t ]+) [^\t ]+?:(T\d+) [^\t ]+?:(T\d+)\s*")
_NOTE = re.compile(r"([^\t ]+) ([^\t ]+)(?:\t(.*))?", re.DOTALL)
_NOT_HELD = {"E": "an event", "*": "an equivalence", "N": "a normalization"}


class Reader:
    """An archive to documents, in the order of their texts in it."""

    def __init__(self, head: Head) -> None:
        """The scheme says which attributes are numbers, truth values and lists."""
        self._head = head
        self._spool = Spool()

    def feed(self, chunk: bytes) -> Iterable[Item]:
        """Nothing yet: an archive's directory stands at its end."""
        self._spool.add(chunk)
        return ()

    def close(self) -> Iterator[Item]:
        """The documents, each read when it is asked for."""
        with self._spool.opened() as archive:
            brats = (".txt", ".ann", "annotation.conf")
            if not any(name.endswith(brats) for name in archive.names()):
                raise InvalidFile("The archive holds no .txt, no .ann and no annotation.conf.")
            for name in archive.names():
                stem, dot, suffix = name.rpartition(".")
                if suffix == "txt" and dot:
                    yield self._document(archive, stem)
                elif suffix == "ann" and f"{stem}.txt" not in archive:
                    missing = InvalidFile(f"There is no {stem}.txt for these annotations.")
                    yield Item(1, None, missing, file=name)

    def _document(self, archive: Archive, stem: str) -> Item:
        standoff = f"{stem}.ann" if f"{stem}.ann" in archive else None
        try:
            text = archive.text(f"{stem}.txt")
            value = _particulars(archive, stem, text)
            parsed = _Standoff(self._head, text, value)
            lines = "" if standoff is None else archive.text(standoff)
            parsed.read(lines)
        except Refused as refused:
            return Item(refused.line, None, refused.problem, file=refused.file or standoff)
        except BadMember as bad:
            return Item(1, None, bad.problem, file=bad.name)
        return Item(
            1,
            value,
            file=standoff or f"{stem}.txt",
            places=parsed.places,
            size=len(text) + len(lines),
            unsaid=parsed.unsaid,
        )


def _particulars(archive: Archive, stem: str, text: str) -> dict[str, Any]:
    """What the document is beside its annotations."""
    beside = f"{stem}.json"
    if beside in archive:
        try:
            value = values.parse(archive.read(beside))
        except (InvalidJson, TooLarge) as problem:
            raise Refused(problem.detail, file=beside) from None
        # Another tool's file of that name says something else.
        if isinstance(value, dict) and "id" in value and value.keys() <= PARTICULARS:
            value |= {"text": text, "annotations": [], "relations": []}
            return value | proof(text)
    id = uuid_in(stem.rpartition("/")[2])
    value = {
        "id": str(id or named_document_id(stem, text)),
        "title": stem.rpartition("/")[2] or stem,
        "text": text,
        "annotations": [],
        "relations": [],
    }
    return value if id else {**value, "external_id": stem}


class _Standoff:
    """The lines of an ``.ann``, put into a document's value."""

    def __init__(self, head: Head, text: str, value: dict[str, Any]) -> None:
        self._head = head
        self._text = text
        self._quoting = Quoting(text)
        self._values = Values()
        self._value = value
        self._shift = Shift(text, OffsetUnit.CODE_POINTS, arrived="sha256" in value)
        self._derived = Derived(uuid_in(value.get("id")) or named_document_id("", text))
        self._annotations: dict[str, dict[str, Any]] = {}
        self._comments: dict[str, dict[str, Any]] = {}
        self._notes: dict[str, list[str]] = {}
        self._attributes: dict[str, dict[str, list[str]]] = {}
        self._attribute_lines: dict[tuple[str, str], int] = {}
        self._where: dict[str, int] = {}
        self.places: dict[str, Place] = {}
        self.unsaid: set[Kind] = set()

    def read(self, standoff: str) -> None:
        """Every line, in any order: a line may speak of one that comes later."""
        kinds: dict[str, list[tuple[int, str, str]]] = {"T": [], "A": [], "R": [], "#": []}
        for number, line in enumerate(standoff.removeprefix("\ufeff").split("\n"), start=1):
            line = line.removesuffix("\r")  # noqa: PLW2901  # the line without its end
            if not line.strip():
                continue
            handle, tab, rest = line.partition("\t")
            kind = "A" if line[0] == "M" else line[0]
            if kind in _NOT_HELD:
                raise Refused(
                    f"This line is {_NOT_HELD[kind]}, which Stet does not hold.", line=number
                )
            if kind not in kinds or not tab:
                raise Refused("This is no line of brat's standoff format.", line=number)
            if kind != "#" and handle in self._where:
                raise Refused(f"There are two lines {handle}.", line=number)
            self._where[handle] = number
            kinds[kind].append((number, handle, rest))
        for number, _, rest in kinds["#"]:
            self._note(number, rest)
        for number, _, rest in kinds["A"]:
            self._attribute(number, rest)
        for number, handle, rest in kinds["T"]:
            self._annotation(number, handle, rest)
        for number, handle, rest in kinds["R"]:
            self._relation(number, handle, rest)

    def _note(self, number: int, rest: str) -> None:
        type, handle, said = _matched(_NOTE, number, rest)
        if handle not in self._where or handle[0] not in "TR":
            raise Refused("Stet holds notes on annotations only.", line=number)
        if type != COMMENT:
            if handle[0] == "R":
                raise Refused("Stet holds no notes on relations.", line=number)
            self._notes.setdefault(handle, []).append(said or "")
            return
        try:
            kept = self._values.parse((said or "").encode())
        except (InvalidJson, TooLarge) as problem:
            raise Refused(problem.detail, line=number) from None
        if not isinstance(kept, dict) or uuid_in(kept.get("id")) is None:
            raise Refused("A comment of Stet's is a JSON object with an id.", line=number)
        self._comments[handle] = kept

    def _attribute(self, number: int, rest: str) -> None:
        name, handle, value = _matched(_ATTRIBUTE, number, rest)
        if handle not in self._where or not handle.startswith("T"):
            raise Refused("Stet holds attributes of annotations only.", line=number)
        name = unescaped(name)
        self._attribute_lines[handle, name] = number
        self._attributes.setdefault(handle, {}).setdefault(name, []).append((value or "").strip())

    def _annotation(self, number: int, handle: str, rest: str) -> None:
        name, offsets, covered = _matched(_TEXT_BOUND, number, rest)
        pairs = (pair.split() for pair in offsets.split(";"))
        raw = [(int(start), int(end)) for start, end in pairs]
        label, kept = unescaped(name), self._comments.get(handle)
        spans, quotes = self._spans(raw, covered or "", kept)
        moved = [(self._shift.moved(start), self._shift.moved(end)) for start, end in spans]
        annotation: dict[str, Any] = {"label": label}
        if kept is None:
            id = self._derived.annotation(label, moved[0][0], moved[-1][1])
            annotation |= {"id": str(id), "external_id": handle}
        else:
            annotation |= {name: kept[name] for name in _KEPT if name in kept}
            if "origin" not in kept:
                # Of an earlier Stet, which did not write it.
                self.unsaid.add(Kind.ORIGIN)
        parts = [
            {"start": start, "end": end, "quote": quote}
            for (start, end), quote in zip(moved, quotes, strict=True)
        ]
        annotation |= parts[0] if len(parts) == 1 else {"fragments": parts}
        types = self._head.labels.get(label, {})
        held = (kept or {}).get("attributes", {})
        annotation["attributes"] = (held if isinstance(held, dict) else {}) | {
            name: _typed(types.get(name), values)
            for name, values in self._attributes.get(handle, {}).items()
        }
        note = self._noted(handle, (kept or {}).get("note"))
        if note is not None:
            annotation["note"] = note
        at = f"/annotations/{len(self._annotations)}"
        self.places[at] = Place(number, "")
        for name in self._attributes.get(handle, ()):
            pointer = f"/attributes/{escaped(name)}"
            self.places[at + pointer] = Place(self._attribute_lines[handle, name], pointer)
        self._annotations[handle] = annotation
        self._value["annotations"].append(annotation)

    def _spans(self, raw: Spans, said: str, kept: dict[str, Any] | None) -> tuple[Spans, list[str]]:
        """The spans of a T line and the words of each, as Stet's comment or the line has them."""
        spans = brat_spans.kept((kept or {}).get("spans"), self._text)
        # Counted before they are compared, which takes as long as they are.
        quotes = [self._quoting.cut(*span) for span in spans or ()]
        if spans is None or not brat_spans.is_cut(raw, spans, self._text):
            # What the comment says is of another place: the line was changed since.
            spans = raw if kept is not None else brat_spans.joined(raw, self._text)
            quotes = [self._quoting.cut(*span) for span in spans]
        if not self._covers(raw, said):
            # The words stand elsewhere: the importer finds that they differ, and says where.
            quotes[0] = said
        return spans, [line_ends(quote) for quote in quotes]

    def _covers(self, raw: Spans, said: str) -> bool:
        """Whether a T line's words are those of its spans, or all from the first to the last."""
        if brat_spans.same_words(said, " ".join(self._text[start:end] for start, end in raw)):
            return True
        whole = self._quoting.cut(raw[0][0], raw[-1][1]) if len(raw) > 1 else None
        return whole is not None and brat_spans.same_words(said, whole)

    def _noted(self, handle: str, exact: object) -> str | None:
        notes = self._notes.get(handle)
        note = None if notes is None else "\n".join(notes)
        if isinstance(exact, str) and flat(exact).strip() == (note or ""):
            return exact
        return note

    def _relation(self, number: int, handle: str, rest: str) -> None:
        name, *ends = _matched(_RELATION, number, rest)
        for end in ends:
            if end not in self._annotations:
                raise Refused(f"There is no annotation {end}.", line=number)
        source, target = (self._annotations[end]["id"] for end in ends)
        type, kept = unescaped(name), self._comments.get(handle)
        id = kept["id"] if kept else str(self._derived.relation(type, source, target))
        self.places[f"/relations/{len(self._value['relations'])}"] = Place(number, "")
        relation = {"id": id, "type": type, "source": source, "target": target}
        self._value["relations"].append(relation)


def _matched(pattern: re.Pattern[str], number: int, rest: str) -> Sequence[Any]:
    found = pattern.fullmatch(rest)
    if found is None:
        raise Refused(
            "This line has not the parts that brat's standoff format gives it.", line=number
        )
    return found.groups()


def _typed(type: AttributeType | None, values: list[str]) -> Any:
    """What A lines say of an attribute: its name alone says that it holds."""
    if type in {AttributeType.ENUMS, AttributeType.STRINGS}:
        return values
    if not values[-1] and type in {AttributeType.BOOLEAN, None}:
        return True
    return words.meant(type, values[-1])
