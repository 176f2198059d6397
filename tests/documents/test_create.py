"""Adding documents: what arrival does to a text, and what is refused."""

import hashlib
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/documents"


async def test_a_new_document_is_answered_whole(newsroom: Newsroom) -> None:
    body = {
        "external_id": "wire-17",
        "title": "Ein Bericht 📰",
        "text": make.ASTRAL,
        "language": "de-AT",
        "source_url": "https://news.example/a?b=c#d",
        "published_on": "2026-11-23",
        "metadata": {
            "desk": "Ausland",
            "tags": ["я", 1, 1.5, None, True],
            "deep": {"a": {"b": []}},
        },
    }

    answer = await newsroom["annotator"].post(PATH, json=body)

    document = await make.said(answer)
    assert answer.headers["Location"] == f"/v1/documents/{document['id']}"
    assert answer.headers["ETag"] == '"1-0.0.0.0.0"'
    assert document == {
        **body,
        "id": document["id"],
        "project": "demo",
        "revision": 1,
        "sha256": hashlib.sha256(make.ASTRAL.encode()).hexdigest(),
        "length": {
            "code_points": len(make.ASTRAL),
            "utf16": len(make.ASTRAL.encode("utf-16-le")) // 2,
            "utf8": len(make.ASTRAL.encode()),
        },
        "normalized": {"bom_removed": False, "newlines_converted": 0},
        "counts": {"pending": 0, "approved": 0, "rejected": 0, "changes_requested": 0},
        "version": 1,
        "etag": '"1-0.0.0.0.0"',
        "created_by": "annotator",
        "created_at": document["created_at"],
        "updated_at": document["created_at"],
    }
    assert (await newsroom["reader"].get(f"/v1/documents/{document['id']}")).json() == document


async def test_what_is_left_out_is_null_or_empty(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], "x")

    optional = ("external_id", "language", "source_url", "published_on", "metadata")
    assert [document[name] for name in optional] == [None, None, None, None, {}]


@pytest.mark.parametrize(
    ("sent", "stored", "bom", "newlines"),
    [
        ("\ufeffa", "a", True, 0),
        ("\ufeff\ufeffa", "\ufeffa", True, 0),
        ("a\ufeff", "a\ufeff", False, 0),
        ("a\r\nb\rc\nd\r\r\n", "a\nb\nc\nd\n\n", False, 4),
        ("\ufeff\r\n", "\n", True, 1),
        (" \t a \n", " \t a \n", False, 0),
        ("cafe\u0301 caf\u00e9 \u212b", "cafe\u0301 caf\u00e9 \u212b", False, 0),
        (
            "\u2028\u2029\u200b\u200f\ufffe\U0010ffff",
            "\u2028\u2029\u200b\u200f\ufffe\U0010ffff",
            False,
            0,
        ),
        ("", "", False, 0),
    ],
)
async def test_only_a_leading_mark_and_line_ends_are_changed(
    newsroom: Newsroom, sent: str, stored: str, bom: bool, newlines: int
) -> None:
    document = await make.document(newsroom["annotator"], sent)

    text = await newsroom["reader"].get(f"/v1/documents/{document['id']}/text")
    assert document["text"] == stored
    assert text.content == stored.encode()
    assert document["normalized"] == {"bom_removed": bom, "newlines_converted": newlines}
    assert document["sha256"] == hashlib.sha256(stored.encode()).hexdigest()
    assert document["length"] == {
        unit: make.measured(stored, unit) for unit in ("code_points", "utf16", "utf8")
    }


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
async def test_a_control_character_is_refused_with_its_position_in_the_unit(
    newsroom: Newsroom, unit: str
) -> None:
    before = "\ufeff😀\r\nя\t"
    for character in ("\0", "\x08", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\x9f"):
        body = {"title": "t", "text": f"{before}{character}b\0"}

        answer = await newsroom["annotator"].post(PATH, json=body, params={"offset_unit": unit})

        [error] = make.refused(answer, 422, "control-character")["errors"]
        # In the text as it was sent, with the mark and each character of a line end.
        assert error["position"] == make.measured(before, unit)
        assert (error["pointer"], error["offset_unit"]) == ("/text", unit)
        assert error["character"] == f"U+{ord(character):04X}"


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
@pytest.mark.parametrize(
    ("fields", "pointer", "before"),
    [
        ({"title": "я😀\x01\0"}, "/title", "я😀"),
        ({"external_id": "😀\x01"}, "/external_id", "😀"),
        ({"metadata": {"a": "😀", "b/c": {"d": ["x", "я😀y\x01"]}}}, "/metadata/b~1c/d/1", "я😀y"),
        ({"metadata": {"a": {"😀\x01": 1}}}, "/metadata/a/😀\x01", "😀"),
    ],
)
async def test_a_control_character_beside_the_text_is_refused_at_its_string_and_in_the_unit(
    newsroom: Newsroom, fields: dict[str, Any], pointer: str, before: str, unit: str
) -> None:
    annotator, query = newsroom["annotator"], {"offset_unit": unit}
    document = await make.document(annotator)
    path = f"/v1/documents/{document['id']}"

    created = await annotator.post(PATH, json={"title": "t", "text": "a", **fields}, params=query)
    edited = await annotator.patch(path, json=fields, headers=make.seen(1))

    [error] = make.refused(created, 422, "control-character")["errors"]
    assert error["position"] == make.measured(before, unit)
    assert (error["pointer"], error["offset_unit"]) == (pointer, unit)
    assert error["character"] == "U+0001"
    # This path's requests and answers hold no offset but this one.
    [error] = make.refused(edited, 422, "control-character")["errors"]
    assert (error["position"], error["offset_unit"]) == (len(before), "code_points")


async def test_a_text_longer_than_the_limit_is_refused_in_code_points(newsroom: Newsroom) -> None:
    annotator = newsroom.beside(max_text_chars=5)["annotator"]

    # What arrival takes away does not count.
    for text in ("😀" * 5, "\ufeffa\r\nb\r\nc"):
        fits = await annotator.post(PATH, json={"title": "t", "text": text})
        assert (await make.said(fits))["length"]["code_points"] == 5
    for text in ("a" * 6, "\ufeffa\r\nb\r\ncd"):
        longer = await annotator.post(PATH, json={"title": "t", "text": text})
        problem = make.refused(longer, 413, "too-large")
        assert (problem["limit"], problem["unit"]) == (5, "code_points")


REFUSED: list[tuple[str, Any, str]] = [
    ("title", "", "invalid-value"),
    ("title", "a\0", "control-character"),
    ("title", "a" * 1001, "invalid-value"),
    ("title", None, "invalid-value"),
    ("title", 1, "invalid-value"),
    ("text", None, "invalid-value"),
    ("text", ["a"], "invalid-value"),
    ("id", "7", "invalid-value"),
    ("id", 7, "invalid-value"),
    ("external_id", "", "invalid-value"),
    ("external_id", "\x1b", "control-character"),
    ("language", "e", "invalid-value"),
    ("language", "x-", "invalid-value"),
    ("language", "de_AT", "invalid-value"),
    ("language", "de\n", "invalid-value"),
    ("source_url", "news.example", "invalid-value"),
    ("source_url", "javascript:alert(1)", "invalid-value"),
    ("source_url", "http://news.example/\0", "invalid-value"),
    ("source_url", " http://news.example", "invalid-value"),
    ("source_url", "http://news.example/a\tb", "invalid-value"),
    ("published_on", "2026-02-29", "invalid-value"),
    ("published_on", "2026-11-23T00:00:00", "invalid-value"),
    ("published_on", "1700000000", "invalid-value"),
    ("published_on", 1700000000, "invalid-value"),
    ("metadata", None, "invalid-value"),
    ("metadata", [], "invalid-value"),
    ("metadata", {"a": "я" * 100_000}, "invalid-value"),
    ("revision", 2, "unknown-field"),
    ("created_by", "reader", "unknown-field"),
]


async def test_a_field_of_another_form_is_refused_and_nothing_is_written(
    newsroom: Newsroom,
) -> None:
    for field, value, code in REFUSED:
        body = {"title": "t", "text": "a", field: value}

        answer = await newsroom["annotator"].post(PATH, json=body)

        [error] = make.refused(answer, 422, code)["errors"]
        assert error["pointer"] == f"/{field}", value
        assert "pydantic" not in error["detail"]
    assert (await newsroom["reader"].get(PATH)).json()["items"] == []


async def test_metadata_keeps_the_form_of_its_numbers_and_the_order_of_its_keys(
    newsroom: Newsroom,
) -> None:
    metadata = '{"b":1,"a":1.0,"e":123456789012345678901234567890,"c":1e+300,"d":-0.0}'
    body = f'{{"title":"t","text":"a","metadata":{metadata}}}'
    headers = {"Content-Type": "application/json"}

    document = await make.said(
        await newsroom["annotator"].post(PATH, content=body, headers=headers)
    )

    answer = await newsroom["reader"].get(f"/v1/documents/{document['id']}")
    assert f'"metadata":{metadata}' in answer.text


async def test_several_refusals_are_answered_at_once(newsroom: Newsroom) -> None:
    body = {"title": "", "published_on": "soon", "colour": 1}

    answer = await newsroom["annotator"].post(PATH, json=body)

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("/title", "invalid-value"),
        ("/text", "missing-field"),
        ("/published_on", "invalid-value"),
        ("/colour", "unknown-field"),
    }
