"""A file of a format that does not hold all: what it cannot say of is as it is here."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from app.formats.codecs import READABLE, Format
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.imports.test_over_http import file_of, refusals

MARKED, PLAIN, RELATION = (str(make.id_of(number)) for number in (201, 202, 203))
TEXT = "Kyiv says no to Bob, and Bob says yes."
FULL: dict[str, Any] = {
    "id": str(make.id_of(200)),
    "title": "An article",
    "text": TEXT,
    "annotations": [
        {
            "id": MARKED,
            "external_id": "m",
            "label": "mark",
            "fragments": [
                {"start": 0, "end": 4, "quote": "Kyiv"},
                {"start": 10, "end": 12, "quote": "no"},
            ],
            "attributes": {
                "text": "a",
                "texts": ["b"],
                "kind": "two",
                "sure": False,
                "score": 5,
                "where": {"start": 16, "end": 19, "quote": "Bob"},
            },
            "note": "A note.",
            "origin": "model",
            "confidence": 0.7,
        },
        {"id": PLAIN, "label": "plain", "start": 16, "end": 19, "quote": "Bob", "note": "Another."},
    ],
}


async def typed(newsroom: Newsroom, content: Any, **query: Any) -> httpx.Response:
    path = "/v1/projects/typed/import"
    return await newsroom["admin"].post(path, params=query, content=content)


@pytest.fixture
async def full(newsroom: Newsroom) -> Newsroom:
    """A project with a document that no format but those that lose nothing holds as it is."""
    await make.typed_project(newsroom["admin"])
    await make.said(await typed(newsroom, file_of(FULL), format="jsonl"), 200)
    return newsroom


async def exported(newsroom: Newsroom, format: Format) -> bytes:
    path = "/v1/projects/typed/export"
    return (await newsroom["admin"].get(path, params={"format": format})).content


def with_lines(archive: bytes, *lines: str) -> bytes:
    """An archive of brat's whose document has these lines more."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(sink, "w") as after:
        for name in before.namelist():
            more = "".join(f"{line}\n" for line in lines) if name.endswith(".ann") else ""
            after.writestr(name, before.read(name) + more.encode())
    return sink.getvalue()


@pytest.mark.parametrize("format", sorted(READABLE))
async def test_an_export_comes_back_to_its_project_and_changes_nothing(
    full: Newsroom, format: Format
) -> None:
    content = await exported(full, format)
    before = await rows(full)

    report = await make.said(await typed(full, content, format=format), 200)

    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert report["unchanged"] == {"documents": 1, "annotations": 2, "relations": 0}
    assert await rows(full) == before


async def test_what_was_added_elsewhere_joins_what_is_here(full: Newsroom) -> None:
    line = json.loads(await exported(full, Format.DOCCANO))
    line["entities"].append({"id": 99, "label": "plain", "start_offset": 25, "end_offset": 28})
    known = {it["label"]: it["id"] for it in line["entities"][:2]}
    line["relations"] = [
        {"id": 1, "from_id": 99, "to_id": known["mark"], "type": "joins"},
        {"id": 2, "from_id": known["plain"], "to_id": known["mark"], "type": "joins"},
    ]
    standoff = with_lines(
        await exported(full, Format.BRAT), "T9\tplain 19 20\t,", "R9\tjoins Arg1:T9 Arg2:T1"
    )

    for format, content, relations in (
        (Format.DOCCANO, json.dumps(line), 2),
        (Format.BRAT, standoff, 1),
    ):
        report = await make.said(await typed(full, content, format=format), 200)
        assert report["created"] == {"documents": 0, "annotations": 1, "relations": relations}
        assert report["unchanged"] == {"documents": 1, "annotations": 2, "relations": 0}


async def test_a_comment_of_brats_without_an_origin_says_nothing_of_it(full: Newsroom) -> None:
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(await exported(full, Format.BRAT))) as before,
        zipfile.ZipFile(sink, "w") as after,
    ):
        for name in before.namelist():
            content = before.read(name).decode()
            for said in (',"origin":"model"', ',"origin":"import"', ',"confidence":0.7'):
                assert (said in content) is name.endswith(".ann")
                content = content.replace(said, "")
            after.writestr(name, content)

    report = await make.said(await typed(full, sink.getvalue(), format="brat"), 200)

    assert report["unchanged"]["annotations"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"note": None},
        {"confidence": None},
        {"attributes": {}},
        {"fragments": None, "start": 0, "end": 12, "quote": "Kyiv says no"},
    ],
)
async def test_a_format_that_holds_all_says_that_there_is_none(
    full: Newsroom, change: dict[str, Any]
) -> None:
    marked, plain = FULL["annotations"]
    line = {**FULL, "annotations": [marked | change, plain]}

    answer = await typed(full, file_of(line), format="jsonl")

    problem = make.refused(answer, 422, "import-refused")
    assert refusals(problem["errors"]) == [(1, "/annotations/0/id", "id-conflict")]


async def test_what_a_format_does_hold_is_compared(full: Newsroom) -> None:
    """Label Studio holds no span attributes, but notes and the other attributes."""
    content = await exported(full, Format.LABEL_STUDIO)
    for before, after in (
        (b'"text":["A note."]', b'"text":["Not that."]'),
        (b'"choices":["two"]', '"choices":["один"]'.encode()),
        (b'"confidence":0.7', b'"confidence":0.8'),
        (b'"end":12,"text":"Kyiv says no"', b'"end":9,"text":"Kyiv says"'),
    ):
        assert before in content
        answer = await typed(full, content.replace(before, after), format="label-studio")

        problem = make.refused(answer, 422, "import-refused")
        assert [error["code"] for error in problem["errors"]] == ["id-conflict"]
