"""UIMA CAS in: Stet's own, and what INCEpTION and other tools write.

Of a foreign CAS come in the layers of one's own making, and DKPro's named entities. Tokens,
sentences, syntax and other cuts of the text are passed over; what else DKPro has, coreference and
semantic roles, and what stands nowhere in the text is refused: Stet has no place for it.

The label is the feature ``label``, ``value`` or ``Label``, the first that there is, or else the
layer's own name; the other features are attributes. A layer with ``Governor`` and ``Dependent``
joins annotations. What the CAS has in no index is left out, as UIMA leaves it out.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from app.core.blanks import is_blank
from app.core.errors import InvalidFile
from app.core.vocabulary import AttributeType, OffsetUnit
from app.formats import words
from app.formats.arrivals import Shift, line_ends, proof
from app.formats.identity import Derived, named_document_id
from app.formats.names import unescaped
from app.formats.quoting import Quoting
from app.formats.record import Head, Item, Place
from app.formats.xmi import STRINGS, Cas, Malformed, Structure, is_of_dkpro
from app.formats.zipped import Archive, BadMember, Spool

_SPAN = "webanno.custom.StetSpan"
_RELATION = "webanno.custom.StetRelation"
_DOCUMENT = "webanno.custom.StetDocument"
_LABELS = ("label", "value", "Label")
_ENDS = {"Governor", "Dependent"}
_BOUNDS = {"begin", "end", "sofa"}
_LISTS = {AttributeType.STRINGS, AttributeType.ENUMS}
_NUMBERS = {AttributeType.INTEGER, AttributeType.NUMBER}
_OWN = {
    "identifier": "id",
    "externalId": "external_id",
    "label": "label",
    "note": "note",
    "origin": "origin",
}
_PARTICULARS = {
    "identifier": "id",
    "externalId": "external_id",
    "title": "title",
    "sourceUrl": "source_url",
    "publishedOn": "published_on",
}
_HELD = {*_OWN, "confidence", "fragments", "exact"}


class Reader:
    """An archive to documents, in the order of their XMI in it."""

    def __init__(self, head: Head) -> None:
        """The scheme says which attributes are numbers, truth values, spans and lists."""
        self._head = head
        self._spool = Spool()

    def feed(self, chunk: bytes) -> Iterable[Item]:
        """Nothing yet: an archive's directory stands at its end."""
        self._spool.add(chunk)
        return ()

    def close(self) -> Iterator[Item]:
        """The documents, each read when it is asked for."""
        with self._spool.opened() as archive:
            if not any(
                name.lower().endswith((".xmi", "typesystem.xml")) for name in archive.names()
            ):
                raise InvalidFile("The archive holds no .xmi and no TypeSystem.xml.")
            for name in archive.names():
                if name.lower().endswith(".xmi"):
                    yield self._document(archive, name)

    def _document(self, archive: Archive, name: str) -> Item:
        try:
            content = archive.read(name)
            document = _Document(self._head, name, Cas(content))
            document.read()
        except Malformed as malformed:
            return Item(malformed.line, None, InvalidFile(malformed.detail), file=name)
        except BadMember as bad:
            return Item(1, None, bad.problem, file=name)
        return Item(1, document.value, file=name, places=document.places, size=len(content))


class _Document:
    """A CAS, put into a document's value."""

    def __init__(self, head: Head, file: str, cas: Cas) -> None:
        self._head = head
        self._cas = cas
        if len(cas.sofas) != 1:
            raise Malformed(1, f"The CAS has {len(cas.sofas)} texts, and Stet takes one.")
        sofa = cas.sofas[0]
        text = sofa.features.get("sofaString")
        if text is None:
            raise Malformed(sofa.line, "The CAS does not hold its text.")
        self.value, derived_from = _particulars(cas, file, text)
        self.value |= {"offset_unit": "utf16", "annotations": [], "relations": []}
        self.places: dict[str, Place] = {"/text": Place(sofa.line, "")}
        arrived = "sha256" in self.value
        self._shift = Shift(self.value["text"], OffsetUnit.UTF16, arrived=arrived)
        self._units = self.value["text"].encode("utf-16-le")
        self._quoting = Quoting(self.value["text"])
        # Of two annotators' files of one document each has annotations of its own.
        self._derived = Derived(named_document_id(file, derived_from))
        self._ids: dict[str, str] = {}
        self._references = cas.references()

    def read(self) -> None:
        """The spans first: relations may stand before what they join."""
        relations = []
        for structure in self._cas.structures:
            if is_of_dkpro(structure.type):
                raise Malformed(
                    structure.line,
                    f"Stet does not hold DKPro's layer {structure.type.rpartition('.')[2]}: leave "
                    "it out.",
                )
            if structure.features.keys() >= _ENDS:
                relations.append(structure)
            elif "begin" in structure.features:
                self._annotation(structure)
            elif structure.type != _DOCUMENT:
                raise Malformed(
                    structure.line,
                    f"This {structure.type} stands nowhere in the text, and Stet holds none of "
                    "that: leave its layer out.",
                )
        for structure in relations:
            self._relation(structure)

    def _annotation(self, it: Structure) -> None:
        begin, end = _offset(it, "begin"), _offset(it, "end")
        own = it.type == _SPAN
        features = dict(it.features)
        if own:
            annotation: dict[str, Any] = {
                key: features[name] for name, key in _OWN.items() if name in features
            }
            annotation |= self._held(it)
        else:
            annotation = {"label": _label(it)}
        if "id" not in annotation:
            # Made elsewhere, perhaps in a layer of Stet's that INCEpTION was given.
            label = annotation.get("label", "")
            annotation["id"] = str(self._derived.annotation(label, begin, end))
        pieces = annotation.pop("pieces", None)
        if pieces and (pieces[0][0], pieces[-1][1]) == (begin, end):
            annotation["fragments"] = [self._cut(*piece) for piece in pieces]
        else:
            annotation |= self._cut(begin, end)
        others = annotation.pop("others", {})
        annotation["attributes"] = self._attributes(it, annotation.get("label", "")) | others
        self._ids[it.id] = annotation["id"]
        self._place("annotations", annotation, it)

    def _held(self, it: Structure) -> dict[str, Any]:
        """What a span of Stet's own says beside its label and its bounds."""
        held: dict[str, Any] = {}
        confidence = it.features.get("confidence")
        if confidence is not None:
            held["confidence"] = words.meant(AttributeType.NUMBER, confidence)
        pieces = self._cas.parsed(it, "fragments")
        if isinstance(pieces, list) and all(map(_is_piece, pieces)):
            held["pieces"] = pieces
        exact = self._cas.parsed(it, "exact")
        if isinstance(exact, dict):
            held |= {
                _OWN[name]: exact[name]
                for name in ("label", "note", "externalId")
                if isinstance(exact.get(name), str)
            }
            others = exact.get("attributes")
            held["others"] = others if isinstance(others, dict) else {}
        return held

    def _attributes(self, it: Structure, label: str) -> dict[str, Any]:
        passed = _HELD if it.type == _SPAN else {_label_feature(it)}
        types = self._head.labels.get(label, {})
        attributes: dict[str, Any] = {}
        for name, value in it.features.items():
            if name in passed | _BOUNDS:
                continue
            attribute = unescaped(name.removeprefix("a_x_"))
            type = types.get(attribute)
            # A number may be an array's id by chance.
            if type not in _NUMBERS and (it.type, name) in self._references:
                attributes[attribute] = self._strings(it, name)
            elif type in _LISTS:
                attributes[attribute] = [value] if value else []
            elif type is AttributeType.SPAN:
                attributes[attribute] = self._cas.parsed(it, name)
            else:
                attributes[attribute] = words.meant(type, value)
        for name, values in it.lists.items():
            attributes[unescaped(name.removeprefix("a_x_"))] = values
        return attributes

    def _strings(self, it: Structure, name: str) -> list[str]:
        """What the array holds that a feature refers to, for several may refer to it."""
        array = self._cas.arrays[it.features[name]]
        if array.type != STRINGS:
            raise Malformed(
                it.line,
                f"The feature {name} refers to a {array.type}, which Stet does not hold: make it a "
                f"{STRINGS}, or leave it out.",
            )
        return array.lists.get("elements", [])

    def _relation(self, it: Structure) -> None:
        own = it.type == _RELATION
        others = it.features.keys() - _BOUNDS - _ENDS - {"identifier", "exact"}
        if others - {_label_feature(it)}:
            raise Malformed(it.line, "Stet holds no attributes of relations.")
        ends = [self._ids.get(it.features[name]) for name in ("Governor", "Dependent")]
        source, target = ends
        if source is None or target is None:
            raise Malformed(it.line, "The relation joins what is no annotation in the index.")
        exact = self._cas.parsed(it, "exact") if own else None
        type = exact["label"] if isinstance(exact, dict) and "label" in exact else _label(it)
        id = it.features.get("identifier") if own else None
        id = id or str(self._derived.relation(str(type), source, target))
        relation = {"id": id, "type": type, "source": source, "target": target}
        self._place("relations", relation, it)

    def _cut(self, begin: int, end: int) -> dict[str, Any]:
        # A CAS has no words beside its text: they are cut from it. Where an offset is inside a
        # character or past the end, the importer says so.
        units = self._units[2 * begin : 2 * end]
        quote = self._quoting.counted(units.decode("utf-16-le", "replace"))
        return {
            "start": self._shift.moved(begin),
            "end": self._shift.moved(end),
            "quote": line_ends(quote),
        }

    def _place(self, kind: str, value: dict[str, Any], it: Structure) -> None:
        self.places[f"/{kind}/{len(self.value[kind])}"] = Place(it.line, "")
        self.value[kind].append(value)


def _particulars(cas: Cas, file: str, text: str) -> tuple[dict[str, Any], str]:
    """What the document is beside its annotations, and what ids are derived from."""
    metadata = {} if cas.metadata is None else cas.metadata.features
    value: dict[str, Any] = {"text": text}
    language = metadata.get("language", "x-unspecified")
    if language != "x-unspecified":
        value["language"] = language
    for it in cas.structures:
        if it.type == _DOCUMENT:
            value |= {
                key: it.features[name] for name, key in _PARTICULARS.items() if name in it.features
            }
            value["metadata"] = cas.parsed(it, "metadata") or {}
            exact = cas.parsed(it, "exact")
            for name, key in {**_PARTICULARS, "text": "text"}.items():
                if isinstance(exact, dict) and isinstance(exact.get(name), str):
                    value[key] = exact[name]
            return value | proof(value["text"]), value["text"]
    title = metadata.get("documentTitle", "")
    if is_blank(title):
        title = file.rpartition("/")[2].rpartition(".")[0] or file
    return value | {"id": str(named_document_id(title, text)), "title": title}, text


def _label_feature(it: Structure) -> str:
    return next((name for name in _LABELS if it.features.get(name)), "")


def _label(it: Structure) -> str:
    found = _label_feature(it)
    return it.features[found] if found else it.type.rpartition(".")[2]


def _offset(it: Structure, name: str) -> int:
    written = it.features.get(name, "")
    if not written.isascii() or not written.isdigit() or len(written) > 12:
        raise Malformed(it.line, f"The feature {name} is no offset.")
    return int(written)


def _is_piece(piece: object) -> bool:
    return (
        isinstance(piece, list)
        and len(piece) == 2
        and all(type(offset) is int and offset >= 0 for offset in piece)
    )
