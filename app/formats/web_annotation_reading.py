"""W3C Web Annotation in: Stet's own graph of documents, each before its annotations.

Annotations in it may come from others: of a label, a position and a quote there must be enough to
place them. Their notes become one; what else they say, further labels too, is refused. So are
collections and pages: they hold no text that a quote could be checked in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.errors import InvalidFile, InvalidJson, Problem, TooLarge
from app.formats import values
from app.formats.elements import MAX_ELEMENT_BYTES, Elements
from app.formats.identity import Derived, named_document_id, uuid_in
from app.formats.record import Head, Item, Place
from app.formats.refusals import Refused
from app.formats.values import Values
from app.formats.web_annotation_nodes import (
    annotation_of,
    iri_of,
    link_of,
    made,
    node_of,
    terms,
    types_of,
    uuid_of,
)

_DOCUMENT = "stet:Document"
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
_TERMS = {name: f"/stet:{name}" for name in _OF_DOCUMENT}
"""Where in a node the parts of its document stand."""


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
            node = node_of(values.parse(element), "")
            if _DOCUMENT in types_of(node):
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
        self.value = terms(node, _OF_DOCUMENT)
        text = self.value.get("text")
        if not isinstance(text, str):
            raise Refused("The document has no text.", "/stet:text")
        self.places: dict[str, Place] = {"": Place(number, "", _TERMS)}
        self._iri = iri_of(node.get("id"), "/id")
        id = uuid_of(self._iri)
        if id is None:
            id = str(named_document_id(self._iri, text))
            if self.value.setdefault("external_id", self._iri) == self._iri:
                self.places["/external_id"] = Place(number, "/id")
        self.value |= {"id": id, "annotations": [], "relations": []}
        derived = uuid_in(id)
        self._derived = Derived(derived or named_document_id(self._iri, text))
        self._ids: dict[str, str] = {}
        self._links: list[tuple[int, dict[str, Any]]] = []

    def take(self, number: int, node: dict[str, Any]) -> None:
        """One more annotation or relation."""
        if "Annotation" not in types_of(node):
            raise Refused("This is neither a document nor an Annotation.", "/type")
        if node.get("motivation") == "linking":
            self._links.append((number, node))
            return
        target = node_of(node.get("target"), "/target")
        if target.get("source") != self._iri:
            raise Refused(f"The annotation is not of {self._iri[:200]}.", "/target/source")
        annotation, parts = annotation_of(node, target)
        iri = iri_of(node.get("id"), "/id")
        id = uuid_of(iri)
        if id is None:
            bounds = (annotation.get(name) for name in ("start", "end"))
            start, end = (offset if type(offset) is int else 0 for offset in bounds)
            id = str(self._derived.annotation(annotation["label"], start, end))
            annotation.setdefault("external_id", iri)
        annotation["id"] = self._ids[iri] = id
        self._place("annotations", number, annotation, parts)

    def join(self) -> None:
        """Reads the relations, once every annotation is known."""
        for number, node in self._links:
            try:
                self._join(number, node)
            except Refused as refused:
                refused.line = number
                raise

    def _join(self, number: int, node: dict[str, Any]) -> None:
        relation, parts = link_of(node)
        for name in ("source", "target"):
            end = relation[name]
            if not isinstance(end, str) or end not in self._ids:
                raise Refused("This links what is no annotation here.", parts[name])
            relation[name] = self._ids[end]
        id = uuid_of(node.get("id")) or str(self._derived.relation(**relation))
        self._place("relations", number, {"id": id, **relation, **made(node)}, parts)

    def _place(
        self, kind: str, number: int, value: dict[str, Any], parts: Mapping[str, str]
    ) -> None:
        pointer = f"/{kind}/{len(self.value[kind])}"
        self.places[pointer] = Place(number, "", parts)
        self.value[kind].append(value)
