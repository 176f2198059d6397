"""W3C Web Annotation in: Stet's own graph of documents, each before its annotations.

Annotations in it may come from others: of a label, a position and a quote there must be enough to
place them. Collections and pages are refused: they hold no text that a quote could be checked in.
"""

from collections.abc import Iterator
from typing import Any

from app.core.errors import InvalidFile, InvalidJson, Problem, TooLarge
from app.formats import values
from app.formats.derived import Derived, document_id, uuid_in
from app.formats.elements import MAX_ELEMENT_BYTES, Elements
from app.formats.record import Head, Item, Place
from app.formats.refusals import Refused, the_object
from app.formats.values import Values

_DOCUMENT = "stet:Document"
_URN = "urn:uuid:"
_OF_DOCUMENT = (
    "external_id",
    "title",
    "language",
    "source_url",
    "published_on",
    "metadata",
    "version",
    "created_by",
    "created_at",
    "updated_at",
    "revision",
    "sha256",
    "normalized",
    "text",
)
_OF_ANNOTATION = (
    "external_id",
    "fragments",
    "attributes",
    "origin",
    "confidence",
    "edited_by",
    "status",
    "decided_by",
    "decided_at",
    "version",
    "decisions",
)
_LABELLING = {"classifying", "tagging"}


class Reader:
    """A graph to documents: each is whole when the next begins."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """A node says itself what it needs of a head."""
        self._elements = Elements(
            "@graph",
            "a graph of documents with their annotations, a JSON object with an array “@graph”",
        )
        self._number = 0
        self._document: _Document | None = None
        # Why the document under way is not read, and at which node.
        self._problem: Item | None = None
        self._bytes = 0
        self._values = Values()

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The documents whose last node is in this chunk."""
        for element in self._elements.feed(chunk):
            self._number += 1
            yield from self._node(element)

    def close(self) -> Iterator[Item]:
        """The last document."""
        self._elements.close()
        yield from self._whole()

    def _node(self, element: bytes) -> Iterator[Item]:
        try:
            node = _object(values.parse(element), "")
            if _DOCUMENT in _types(node):
                yield from self._whole()
                self._bytes, self._values = 0, Values()
                self._values.count(element)
                self._document = _Document(self._number, node)
            else:
                self._values.count(element)
                self._take(node)
        except (InvalidJson, TooLarge, Refused) as refused:
            if self._document is not None and _DOCUMENT.encode() in element:
                # It is no part of the document under way, which is whole.
                yield from self._whole()
            problem: Problem = refused.problem if isinstance(refused, Refused) else refused
            # One report a document: what comes after a node that is refused may follow from it.
            self._problem = self._problem or Item(self._number, None, problem)
        self._bytes += len(element)
        if self._bytes > MAX_ELEMENT_BYTES:
            raise InvalidFile(
                f"A document with its annotations is longer than {MAX_ELEMENT_BYTES} bytes."
            )

    def _take(self, node: dict[str, Any]) -> None:
        if self._document is not None:
            self._document.take(self._number, node)
        elif self._problem is None:
            raise Refused("An annotation stands behind its document, and this one does not.")

    def _whole(self) -> Iterator[Item]:
        document, self._document = self._document, None
        problem, self._problem = self._problem, None
        if document is not None and problem is None:
            try:
                document.join()
            except Refused as refused:
                problem = Item(refused.line, None, refused.problem)
        if problem is not None:
            yield problem
        elif document is not None:
            yield Item(document.number, document.value, places=document.places, size=self._bytes)


class _Document:
    """A document's node and those that follow it, put into a document's value."""

    def __init__(self, number: int, node: dict[str, Any]) -> None:
        self.number = number
        self.value = _terms(node, _OF_DOCUMENT)
        text = self.value.get("text")
        if not isinstance(text, str):
            raise Refused("The document has no text.", "/stet:text")
        self.places: dict[str, Place] = {
            f"/{name}": Place(number, f"/stet:{name}") for name in self.value
        }
        self._iri = _iri(node.get("id"), "/id")
        id = _uuid(self._iri)
        if id is None:
            id = str(document_id(self._iri, text))
            self.value.setdefault("external_id", self._iri)
        self.value |= {"id": id, "annotations": [], "relations": []}
        derived = uuid_in(id)
        self._derived = Derived(derived or document_id(self._iri, text))
        self._ids: dict[str, str] = {}
        self._links: list[tuple[int, dict[str, Any]]] = []

    def take(self, number: int, node: dict[str, Any]) -> None:
        """One more annotation or relation."""
        if "Annotation" not in _types(node):
            raise Refused("This is neither a document nor an Annotation.", "/type")
        if node.get("motivation") == "linking":
            self._links.append((number, node))
            return
        target = _object(node.get("target"), "/target")
        if target.get("source") != self._iri:
            raise Refused(f"The annotation is not of {self._iri[:200]}.", "/target/source")
        annotation = _terms(node, _OF_ANNOTATION) | _span(target) | _bodies(node)
        annotation |= _made(node, changed="updated_at")
        iri = _iri(node.get("id"), "/id")
        id = _uuid(iri)
        if id is None:
            bounds = (annotation.get(name) for name in ("start", "end"))
            start, end = (offset if type(offset) is int else 0 for offset in bounds)
            id = str(self._derived.annotation(annotation["label"], start, end))
            annotation.setdefault("external_id", iri)
        annotation["id"] = self._ids[iri] = id
        self._place("annotations", number, annotation)

    def join(self) -> None:
        """Reads the relations, once every annotation is known."""
        for number, node in self._links:
            source, bodies = node.get("target"), _list(node.get("body"))
            target = next((part for part in bodies if isinstance(part, str)), None)
            for pointer, end in (("/target", source), ("/body", target)):
                if not isinstance(end, str) or end not in self._ids:
                    raise Refused("This links what is no annotation here.", pointer, line=number)
            type = _value(bodies, _LABELLING)
            if type is None:
                raise Refused("The link has no tag that says what it is.", "/body", line=number)
            ends = {"source": self._ids[str(source)], "target": self._ids[str(target)]}
            id = _uuid(node.get("id")) or str(self._derived.relation(type, **ends))
            relation = {"id": id, "type": type, **ends, **_made(node)}
            self._place("relations", number, relation)

    def _place(self, kind: str, number: int, value: dict[str, Any]) -> None:
        pointer = f"/{kind}/{len(self.value[kind])}"
        self.places[pointer] = Place(number, "")
        self.value[kind].append(value)


def _terms(node: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What a node says in Stet's terms."""
    return {name: node[f"stet:{name}"] for name in names if f"stet:{name}" in node}


def _span(target: dict[str, Any]) -> dict[str, Any]:
    """The bounds and the words of the selectors; of words alone what stands around them too."""
    span: dict[str, Any] = {}
    quoted: dict[str, Any] = {}
    for selector in _list(target.get("selector")):
        types = _types(selector) if isinstance(selector, dict) else []
        if "TextPositionSelector" in types:
            span = {"start": selector.get("start"), "end": selector.get("end")}
        elif "TextQuoteSelector" in types:
            quoted = selector
        else:
            raise Refused("Only positions in the text and quotes are taken.", "/target/selector")
    if "exact" in quoted:
        span["quote"] = quoted["exact"]
        if "start" not in span:
            span |= {name: quoted[name] for name in ("prefix", "suffix") if name in quoted}
    return span


def _bodies(node: dict[str, Any]) -> dict[str, Any]:
    bodies = _list(node.get("body"))
    label, note = _value(bodies, _LABELLING), _value(bodies, {"commenting", "describing"})
    if label is None:
        raise Refused("No body with the purpose classifying or tagging is a label.", "/body")
    return {"label": label} if note is None else {"label": label, "note": note}


def _value(bodies: list[Any], purposes: set[str]) -> str | None:
    """The value of the first textual body of one of the purposes."""
    return next(
        (
            part["value"]
            for part in bodies
            if isinstance(part, dict)
            and isinstance(part.get("value"), str)
            and purposes.intersection(filter(_is_text, _list(part.get("purpose"))))
        ),
        None,
    )


def _made(node: dict[str, Any], changed: str | None = None) -> dict[str, Any]:
    """Who made it and when; of another service's people Stet knows none but by their nickname."""
    made: dict[str, Any] = {}
    creator = node.get("creator")
    if isinstance(creator, dict) and "nickname" in creator:
        made["author"] = creator["nickname"]
    if "created" in node:
        made["created_at"] = node["created"]
    if changed is not None and "modified" in node:
        made[changed] = node["modified"]
    return made


def _iri(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or not value:
        raise Refused("A node of the graph has an id.", pointer)
    return value


def _uuid(iri: Any) -> str | None:
    id = uuid_in(iri.removeprefix(_URN)) if isinstance(iri, str) and iri.startswith(_URN) else None
    return None if id is None else str(id)


def _types(node: dict[str, Any]) -> list[Any]:
    return _list(node.get("type"))


def _list(value: Any) -> list[Any]:
    """JSON-LD has one value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _object(value: Any, pointer: str) -> dict[str, Any]:
    return the_object(value, pointer, "The graph")
