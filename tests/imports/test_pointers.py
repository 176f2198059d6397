"""What is refused is told by where it stands in the file that was sent, whatever its format."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.imports.test_over_http import PATH

TEXT = "Beijing denies it."
Told = tuple[int, str, str]


async def told(newsroom: Newsroom, format: str, content: bytes) -> list[Told]:
    answer = await newsroom["manager"].post(
        PATH, params={"format": format, "dry_run": True}, content=content
    )
    report = await make.said(answer, 200)
    return sorted((it["line"], it["pointer"], it["code"]) for it in report["refusals"])


def labelled(**value: Any) -> dict[str, Any]:
    said = {"start": 8, "end": 14, "text": "denies", "labels": ["claim"], **value}
    return {"id": "r", "type": "labels", "from_name": "l", "to_name": "t", "value": said}


def a_task(*result: dict[str, Any], **data: Any) -> bytes:
    task = {"data": {"text": TEXT, **data}, "annotations": [{"result": list(result)}]}
    return json.dumps([{"data": {"text": TEXT}}, task]).encode()


def linked(**said: Any) -> dict[str, Any]:
    ends = {"from_id": "r", "to_id": "s", "labels": ["denies"]}
    return {"type": "relation", **ends, **said}


def a_graph(*nodes: dict[str, Any], **document: Any) -> bytes:
    first = {"id": "http://e/1", "type": "stet:Document", "stet:title": "t", "stet:text": TEXT}
    return json.dumps({"@context": [], "@graph": [{**first, **document}, *nodes]}).encode()


def a_node(label: str = "claim", *selectors: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {
        "id": "http://e/a",
        "type": "Annotation",
        "body": [
            {"type": "TextualBody", "purpose": "commenting", "value": said.pop("note", "n")},
            {"type": "TextualBody", "purpose": "tagging", "value": label},
        ],
        "target": {"source": "http://e/1", "selector": list(selectors) or [POSITION, QUOTE]},
        **said,
    }


POSITION = {"type": "TextPositionSelector", "start": 8, "end": 14}
QUOTE = {"type": "TextQuoteSelector", "exact": "denies"}
TRIPLES = {"text": TEXT, "label": [[8, 14, "opinion"], [8, 99, "claim"], ["x", 9, "claim"], 7]}
ENTITIES = {
    "text": TEXT,
    "entities": [
        {"id": 1, "start_offset": 8, "end_offset": 99, "label": "claim"},
        {"id": 2, "start_offset": 8, "end_offset": 14, "label": "opinion"},
        {"id": 3, "start_offset": 8, "end_offset": 14, "label": "claim"},
    ],
    "relations": [
        {"id": 1, "from_id": 3, "to_id": 9, "type": "denies"},
        {"id": 3, "from_id": 3, "to_id": 3, "type": "supports"},
    ],
}
KEPT = {"text": TEXT, "stet": {"id": str(make.id_of(9)), "title": "", "metadata": "{}"}}

OF_LINES: dict[str, tuple[str, bytes, list[Told]]] = {
    "doccano's triples": (
        "doccano",
        json.dumps(TRIPLES).encode(),
        [
            (1, "/label/0/2", "unknown-label"),
            (1, "/label/1/1", "offset-out-of-range"),
            (1, "/label/2/0", "offset-not-integer"),
            (1, "/label/3", "invalid-value"),
        ],
    ),
    "doccano's entities and relations": (
        "doccano",
        json.dumps(ENTITIES).encode(),
        [
            (1, "/entities/0/end_offset", "offset-out-of-range"),
            (1, "/entities/1/label", "unknown-label"),
            (1, "/relations/0/to_id", "unknown-annotation"),
            (1, "/relations/1/to_id", "relation-not-allowed"),
        ],
    ),
    "doccano's document": (
        "doccano",
        json.dumps(KEPT).encode(),
        [(1, "/stet/title", "invalid-value")],
    ),
    "Label Studio's words": (
        "label-studio",
        a_task(labelled(text="denied")),
        [(2, "/annotations/0/result/0/value/text", "quote-mismatch")],
    ),
    "Label Studio's bounds": (
        "label-studio",
        a_task(labelled(end=99)),
        [(2, "/annotations/0/result/0/value/end", "offset-out-of-range")],
    ),
    "Label Studio's labels": (
        "label-studio",
        a_task(labelled(labels=["claim", "opinion"])),
        [(2, "/annotations/0/result/0/value/labels/1", "unknown-label")],
    ),
    "Label Studio's relations": (
        "label-studio",
        a_task(
            labelled(),
            {**labelled(labels=["denial"]), "id": "s"},
            linked(labels=["x", "denies"], direction="right"),
        ),
        [
            (2, "/annotations/0/result/2/labels/0", "relation-not-allowed"),
            (2, "/annotations/0/result/2/labels/1", "relation-not-allowed"),
        ],
    ),
    "Label Studio's document": (
        "label-studio",
        a_task(stet={"title": "t", "published_on": "never"}),
        [(2, "/data/stet/published_on", "invalid-value")],
    ),
    "a Web Annotation's words": (
        "web-annotation",
        a_graph(a_node("claim", POSITION, {**QUOTE, "exact": "denied"})),
        [(2, "/target/selector/1/exact", "quote-mismatch")],
    ),
    "a Web Annotation's bounds": (
        "web-annotation",
        a_graph(a_node("claim", QUOTE, {**POSITION, "end": 99})),
        [(2, "/target/selector/1/end", "offset-out-of-range")],
    ),
    "a Web Annotation's label": (
        "web-annotation",
        a_graph(a_node("opinion")),
        [(2, "/body/1/value", "unknown-label")],
    ),
    "a Web Annotation's attributes": (
        "web-annotation",
        a_graph(a_node() | {"stet:attributes": {"x": 1}}),
        [(2, "/stet:attributes/x", "invalid-attribute")],
    ),
    "a Web Annotation's author": (
        "web-annotation",
        a_graph(a_node(creator={"nickname": "nobody"})),
        [(2, "/creator/nickname", "unknown-user")],
    ),
    "a Web Annotation's only selector": (
        "web-annotation",
        a_graph(a_node(target={"source": "http://e/1", "selector": {**QUOTE, "exact": "denied"}})),
        [(2, "/target/selector/exact", "quote-not-found")],
    ),
    "a Web Annotation's link": (
        "web-annotation",
        a_graph(
            a_node(),
            a_node("denial", id="http://e/b"),
            {
                "id": "http://e/l",
                "type": "Annotation",
                "motivation": "linking",
                "target": "http://e/a",
                "body": [{"type": "TextualBody", "purpose": "tagging", "value": "x"}, "http://e/b"],
            },
        ),
        [(4, "/body/0/value", "relation-not-allowed")],
    ),
    "a Web Annotation's document": (
        "web-annotation",
        a_graph(**{"stet:title": ""}),
        [(1, "/stet:title", "invalid-value")],
    ),
}


@pytest.mark.parametrize("case", OF_LINES)
async def test_a_part_is_told_by_its_name_there(newsroom: Newsroom, case: str) -> None:
    format, content, expected = OF_LINES[case]

    assert await told(newsroom, format, content) == expected


async def test_an_attribute_of_brats_is_told_by_its_line(newsroom: Newsroom) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", TEXT)
        archive.writestr("a.ann", "T1\tclaim 8 14\tdenies\nA1\tNo/pe T1 x\nT2\tnope 8 14\tdenies\n")

    assert await told(newsroom, "brat", packed.getvalue()) == [
        (2, "/attributes/No~1pe", "invalid-attribute"),
        (3, "/label", "unknown-label"),
    ]
