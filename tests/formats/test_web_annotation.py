"""W3C Web Annotation: as RDF by a processor of JSON-LD, and by what the model says must be."""

import json
from typing import Any

import pytest
from pyld import jsonld

from app.formats import elements
from app.formats.codecs import Format, codec
from app.formats.record import Item
from tests.formats import samples
from tests.formats.samples import DOCUMENT, MARK, PLAIN, TEXT

WEB = codec(Format.WEB_ANNOTATION)
OA = "http://www.w3.org/ns/oa#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
STET = "urn:stet:terms:"
_NODE = {"@type": "@id"}
# What of http://www.w3.org/ns/anno.jsonld the format uses.
ANNO = {
    "oa": OA,
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdf": RDF,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": {"@type": "@id", "@id": "@id"},
    "type": {"@type": "@id", "@id": "@type"},
    "Annotation": "oa:Annotation",
    "TextualBody": "oa:TextualBody",
    "TextPositionSelector": "oa:TextPositionSelector",
    "TextQuoteSelector": "oa:TextQuoteSelector",
    "Person": "foaf:Person",
    "classifying": "oa:classifying",
    "commenting": "oa:commenting",
    "linking": "oa:linking",
    "tagging": "oa:tagging",
    "body": {**_NODE, "@id": "oa:hasBody"},
    "target": {**_NODE, "@id": "oa:hasTarget"},
    "source": {**_NODE, "@id": "oa:hasSource"},
    "selector": {**_NODE, "@id": "oa:hasSelector"},
    "creator": {**_NODE, "@id": "dcterms:creator"},
    "motivation": {"@type": "@vocab", "@id": "oa:motivatedBy"},
    "purpose": {"@type": "@vocab", "@id": "oa:hasPurpose"},
    "created": {"@type": "xsd:dateTime", "@id": "dcterms:created"},
    "modified": {"@type": "xsd:dateTime", "@id": "dcterms:modified"},
    "start": {"@type": "xsd:nonNegativeInteger", "@id": "oa:start"},
    "end": {"@type": "xsd:nonNegativeInteger", "@id": "oa:end"},
    "exact": "oa:exact",
    "prefix": "oa:prefix",
    "suffix": "oa:suffix",
    "value": "rdf:value",
    "nickname": "foaf:nick",
}


def _load(url: str, options: Any) -> dict[str, Any]:
    assert url == "http://www.w3.org/ns/anno.jsonld"
    document = {"@context": ANNO}
    return {"contentType": None, "contextUrl": None, "documentUrl": url, "document": document}


OPTIONS = {"documentLoader": _load}


def graph() -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = json.loads(samples.written(WEB, DOCUMENT))["@graph"]
    return nodes


def given(*nodes: Any) -> list[Item]:
    return samples.read(WEB, json.dumps({"@context": [], "@graph": nodes}).encode())


def conforms(annotation: dict[str, Any]) -> None:
    """The MUSTs of the Web Annotation Data Model that bear on these annotations."""
    # 3.1: an IRI that identifies it, the class, at least one target.
    assert annotation["id"].startswith("urn:uuid:")
    assert annotation["type"] == "Annotation"
    targets = annotation["target"]
    assert targets
    # 3.3.1: a purpose's and a motivation's values are of the model's list.
    assert annotation["motivation"] in {"classifying", "linking"}
    # 3.2.4: a textual body has exactly one value, a string.
    for body in annotation["body"]:
        if isinstance(body, dict):
            assert body["type"] == "TextualBody"
            assert isinstance(body["value"], str)
            assert body["purpose"] in {"classifying", "commenting", "tagging"}
    # 3.3.2 and 3.3.3: times are xsd:dateTime in UTC, an agent's nickname is a string.
    assert annotation["created"].endswith("Z")
    assert isinstance(annotation["creator"]["nickname"], str)
    if isinstance(targets, str):
        return
    # 4: a specific resource has exactly one source; 4.2: its selectors select the same.
    assert isinstance(targets["source"], str)
    position, quote = targets["selector"]
    # 4.2.5: exactly one start and end, from 0, the end excluded. 4.2.4: exactly one exact.
    assert 0 <= position["start"] < position["end"]
    assert TEXT[position["start"] : position["end"]] == quote["exact"]
    assert TEXT[: position["start"]].endswith(quote["prefix"])
    assert TEXT[position["end"] :].startswith(quote["suffix"])
    assert len(quote["prefix"]) == min(32, position["start"])


def test_annotations_are_as_the_model_says_that_they_must_be() -> None:
    document, *annotations = graph()

    assert (document["id"], len(annotations)) == (f"urn:uuid:{DOCUMENT.id}", 4)
    for annotation in annotations:
        conforms(annotation)


def test_a_processor_of_json_ld_knows_every_term() -> None:
    written = json.loads(samples.written(WEB, DOCUMENT))

    expanded = jsonld.expand(written, OPTIONS)

    nodes = {node["@id"]: node for node in expanded}
    document = nodes[f"urn:uuid:{DOCUMENT.id}"]
    assert document["@type"] == [f"{STET}Document"]
    assert document[f"{STET}metadata"] == [{"@type": "@json", "@value": DOCUMENT.metadata}]
    for said in written["@graph"]:
        # A term that no context declares would be gone.
        assert len(nodes[said["id"]]) == len(said)
    mark = nodes[f"urn:uuid:{MARK.id}"]
    assert mark["@type"] == [f"{OA}Annotation"]
    assert mark[f"{OA}motivatedBy"] == [{"@id": f"{OA}classifying"}]
    label, note = mark[f"{OA}hasBody"]
    assert label[f"{RDF}value"] == [{"@value": "mark"}]
    assert note[f"{OA}hasPurpose"] == [{"@id": f"{OA}commenting"}]
    assert mark[f"{STET}attributes"][0]["@value"] == MARK.attributes
    link = nodes[f"urn:uuid:{DOCUMENT.relations[0].id}"]
    assert link[f"{OA}hasTarget"] == [{"@id": f"urn:uuid:{PLAIN.id}"}]
    assert {"@id": f"urn:uuid:{MARK.id}"} in link[f"{OA}hasBody"]


def test_it_is_rdf() -> None:
    written = json.loads(samples.written(WEB, DOCUMENT))

    quads = jsonld.normalize(
        written, {**OPTIONS, "algorithm": "URDNA2015", "format": "application/n-quads"}
    )

    whole = "http://www.w3.org/2001/XMLSchema#nonNegativeInteger"
    assert f'<{OA}start> "{MARK.start}"^^<{whole}>' in quads
    assert f"<urn:uuid:{MARK.id}> <{STET}status> " in quads


def test_no_documents_are_an_empty_graph() -> None:
    content = samples.written(WEB)

    assert (json.loads(content)["@graph"], samples.read(WEB, content)) == ([], [])


def test_annotations_of_others_are_read() -> None:
    document = {"id": "https://example.org/d", "type": "stet:Document", "stet:text": "One two one"}
    source = {"source": document["id"]}
    first = {
        "id": "https://example.org/1",
        "type": ["Annotation"],
        "body": {"type": "TextualBody", "purpose": "tagging", "value": "plain"},
        "target": {
            **source,
            "selector": {"type": "TextQuoteSelector", "exact": "one", "prefix": " "},
        },
    }
    second = {
        "id": "https://example.org/2",
        "type": "Annotation",
        "body": [
            {"type": "TextualBody", "purpose": ["classifying"], "value": "mark"},
            {"type": "TextualBody", "purpose": "describing", "value": "note"},
        ],
        "target": {
            **source,
            "selector": [
                {"type": "TextPositionSelector", "start": 4, "end": 7},
                {"type": "TextQuoteSelector", "exact": "two", "prefix": "x"},
            ],
        },
    }
    link = {
        "id": "https://example.org/3",
        "type": "Annotation",
        "motivation": "linking",
        "body": [second["id"], {"type": "TextualBody", "purpose": "tagging", "value": "joins"}],
        "target": first["id"],
    }

    (item,) = given(document, link, first, second)

    assert item.problem is None
    one, two = item.value["annotations"]
    assert item.value["external_id"] == document["id"]
    assert (one["quote"], one["prefix"], "start" in one) == ("one", " ", False)
    assert (two["start"], two["end"], two["quote"], "prefix" in two) == (4, 7, "two", False)
    assert (two["label"], two["note"], two["external_id"]) == ("mark", "note", second["id"])
    (relation,) = item.value["relations"]
    assert (relation["source"], relation["target"]) == (one["id"], two["id"])
    assert item.places["/annotations/1"].line == 4
    assert item.places["/relations/0"].line == 2
    assert given(document, link, first, second) == [item]


def _broken(change: str) -> list[Any]:
    first: Any
    document, first, *rest = graph()
    match change:
        case "no text":
            del document["stet:text"]
        case "of another":
            first["target"]["source"] = "urn:uuid:0"
        case "no label":
            first["body"] = []
        case "xpath":
            first["target"]["selector"] = {"type": "XPathSelector", "value": "/p"}
        case "no type":
            first["type"] = "Thing"
        case "no id":
            del first["id"]
        case "no end":
            rest[-1]["target"] = "urn:uuid:0"
        case "no tag":
            rest[-1]["body"] = [rest[-1]["body"][0]]
        case _:
            first = 7
    return [document, first, *rest]


@pytest.mark.parametrize(
    ("change", "node", "pointer"),
    [
        ("no text", 1, "/stet:text"),
        ("of another", 2, "/target/source"),
        ("no label", 2, "/body"),
        ("xpath", 2, "/target/selector"),
        ("no type", 2, "/type"),
        ("no id", 2, "/id"),
        ("no end", 5, "/target"),
        ("no tag", 5, "/body"),
        ("no object", 2, ""),
    ],
)
def test_a_document_is_refused_where_a_node_is_wrong(change: str, node: int, pointer: str) -> None:
    bad, good = given(*_broken(change), {"id": "x:y", "type": "stet:Document", "stet:text": "a"})

    assert bad.problem is not None
    assert (bad.line, bad.problem.members["errors"][0]["pointer"]) == (node, pointer)  # type: ignore[index]
    assert good.value["text"] == "a"


def _textual(purpose: object, value: str = "Kyiv") -> dict[str, Any]:
    return {"type": "TextualBody", "purpose": purpose, "value": value}


def _quoted(**more: Any) -> dict[str, Any]:
    return {"type": "TextQuoteSelector", "exact": "Kyiv", **more}


_PLACED = {"type": "TextPositionSelector", "start": 0, "end": 4}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"body": [_textual("tagging"), _textual("classifying")]}, "/body/1/value"),
        ({"body": [_textual("tagging"), _textual("assessing")]}, "/body/1"),
        ({"body": [_textual("tagging"), _textual(None)]}, "/body/1"),
        (
            {
                "body": [
                    _textual("tagging"),
                    {"type": "SpecificResource", "purpose": "identifying", "source": "wd:Q1899"},
                ]
            },
            "/body/1",
        ),
        ({"bodyValue": "Kyiv"}, "/bodyValue"),
        ({"selector": _quoted(refinedBy=_PLACED)}, "/target/selector/refinedBy"),
        ({"selector": [_quoted(), {**_PLACED, "refinedBy": {}}]}, "/target/selector/1/refinedBy"),
        ({"selector": [_quoted(), _PLACED, _PLACED]}, "/target/selector/2"),
    ],
)
def test_what_an_annotation_says_beside_a_label_notes_and_one_place_is_refused(
    change: dict[str, Any], pointer: str
) -> None:
    document = {
        "id": "x:d",
        "type": "stet:Document",
        "stet:text": "Kyiv says no",
        "stet:title": "d",
    }
    target = {"source": "x:d", "selector": change.pop("selector", _quoted())}
    node = {"id": "x:a", "type": "Annotation", "target": target, "body": _textual("tagging")}

    (item,) = given(document, node | change)

    assert item.problem is not None
    assert (item.line, item.problem.members["errors"][0]["pointer"]) == (2, pointer)  # type: ignore[index]


def test_several_notes_are_one_of_several_lines() -> None:
    document = {
        "id": "x:d",
        "type": "stet:Document",
        "stet:text": "Kyiv says no",
        "stet:title": "d",
    }
    notes = [_textual("commenting", "One."), _textual(["describing"], "Two."), _textual("replying")]
    body = [*notes[:1], _textual("tagging", "plain"), *notes[1:]]
    target = {"source": "x:d", "selector": _quoted()}

    (item,) = given(document, {"id": "x:a", "type": "Annotation", "target": target, "body": body})

    (annotation,) = item.value["annotations"]
    assert (annotation["label"], annotation["note"]) == ("plain", "One.\nTwo.\nKyiv")
    assert item.places["/annotations/0"].parts["note"] == "/body/0/value"  # type: ignore[index]


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ("urn:uuid:" + str(MARK.id), "/body/2"),
        (_textual("tagging"), "/body/2/value"),
        (_textual("commenting"), "/body/2"),
    ],
)
def test_what_a_link_says_beside_an_end_and_a_tag_is_refused(more: Any, pointer: str) -> None:
    *nodes, link = graph()

    (item,) = given(*nodes, {**link, "body": [*link["body"], more]})

    assert item.problem is not None
    assert (item.line, item.problem.members["errors"][0]["pointer"]) == (5, pointer)  # type: ignore[index]


def test_an_annotation_before_any_document_is_refused() -> None:
    document, annotation, *_ = graph()
    bad, good = given(annotation, document)

    assert (bad.problem is None, bad.line, good.line) == (False, 1, 2)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"[]", "a graph of documents"),
        (b"{}", "a graph of documents"),
        (b'{"type":"AnnotationPage","items":[{"@graph":[]}]}', "a graph of documents"),
        (b'{"type":"AnnotationCollection","first":{"items":[]}}', "a graph of documents"),
        (b'{"@graph":{}}', "a graph of documents"),
        (b'{"x":["@graph",[]]}', "a graph of documents"),
        (b'{"x":"\\"@graph\\":[]"}', "a graph of documents"),
        (b'{"@graph":[', "cut off"),
        (b'{"@graph":[]', "no JSON"),
        (b'{"@graph":[],"@graph":[]}', "occurs twice"),
        (b'{"@graph":[]}{}', "no JSON"),
        (b'{"@context":\xff,"@graph":[]}', "not UTF-8"),
        ('{"@graph":[]}'.encode("utf-16"), "a graph of documents"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(content: bytes, why: str) -> None:
    assert why in samples.refused(WEB, content)


def test_what_stands_around_the_graph_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "MAX_AROUND_BYTES", 100)

    assert "a graph" in samples.refused(WEB, b'{"x":"' + b"y" * 200)
    assert "behind" in samples.refused(WEB, b'{"@graph":[],"x":"' + b"y" * 200)


def test_a_document_with_its_annotations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.formats.web_annotation_reading.MAX_ELEMENT_BYTES", 3000)

    assert "longer than 3000" in samples.refused(WEB, samples.written(WEB, DOCUMENT))


def test_memory_does_not_grow_with_the_documents() -> None:
    pieces = samples.cut(samples.written(WEB, *samples.many(2000)))

    assert samples.peak_of_writing(WEB, 2000) < 100_000
    assert samples.peak_of_reading(WEB, pieces) < 400_000
