"""Posting spans that are taken."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

UNITS = ("code_points", "utf16", "utf8")


async def test_a_posted_span_is_answered_whole(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    body: dict[str, Any] = {
        "external_id": "a-1",
        "label": "denial",
        **make.span(make.TEXT, "have called the allegations “totally unfounded”"),
        "attributes": {"speaker": "Officials in Beijing", "directness": "mixed"},
        "note": "Zuerst gelesen.\nDann geprüft.",
    }

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    annotation = await make.said(answer)
    assert answer.headers["Location"] == f"/v1/annotations/{annotation['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert annotation == {
        **body,
        "id": annotation["id"],
        "project": "demo",
        "document_id": document["id"],
        "revision": 1,
        "fragments": None,
        "offset_unit": "code_points",
        "origin": "human",
        "confidence": None,
        "author": "annotator",
        "status": "pending",
        "decided_by": None,
        "decided_at": None,
        "version": 1,
        "created_at": annotation["created_at"],
        "updated_at": annotation["created_at"],
        "warnings": [],
    }
    got = await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}")
    assert got.json() == annotation
    assert got.headers["ETag"] == '"1"'


@pytest.mark.parametrize("sent_in", UNITS)
async def test_what_is_sent_in_one_unit_is_read_in_every_other(
    newsroom: Newsroom, sent_in: str
) -> None:
    await make.typed_project(newsroom["admin"])
    text = make.ASTRAL
    document = await make.document(newsroom["annotator"], text, project="typed")
    quotes = ("🇺🇦 and 🇨🇳", "да, cafe\u0301", "مرحبا, 👨\u200d👩\u200d👧")
    body = {
        "label": "mark",
        "fragments": [make.span(text, quote, sent_in) for quote in quotes],
        "attributes": {"where": make.span(text, "😀 said", sent_in)},
    }

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body, params={"offset_unit": sent_in}
    )

    created = await make.said(answer)
    envelope = text[text.index(quotes[0]) : text.index(quotes[2]) + len(quotes[2])]
    for unit in UNITS:
        got = await newsroom["reader"].get(answer.headers["Location"], params={"offset_unit": unit})
        annotation = got.json()
        assert annotation["offset_unit"] == unit
        assert annotation["quote"] == envelope
        assert [fragment["quote"] for fragment in annotation["fragments"]] == list(quotes)
        assert annotation["attributes"]["where"]["quote"] == "😀 said"
        for span in (annotation, *annotation["fragments"], annotation["attributes"]["where"]):
            assert make.cut(text, span["start"], span["end"], unit) == span["quote"]
        if unit == sent_in:
            assert annotation == created


@pytest.mark.parametrize("unit", UNITS)
async def test_a_quote_alone_is_found_with_a_prefix_or_suffix_where_it_needs_one(
    newsroom: Newsroom, unit: str
) -> None:
    text = "Да 😀 да 😀 да: да"
    document = await make.document(newsroom["annotator"], text)
    path = f"/v1/documents/{document['id']}/annotations"
    for given, start in (
        ({"quote": "Да"}, 0),
        ({"quote": "да", "prefix": "Да 😀 "}, 5),
        ({"quote": "да", "suffix": ":"}, 10),
        ({"quote": "да", "prefix": "😀 ", "suffix": ": "}, 10),
        ({"quote": "да", "prefix": ": ", "suffix": ""}, 14),
        ({"quote": "😀 да", "suffix": " "}, 3),
        ({"quote": text}, 0),
    ):
        answer = await newsroom["annotator"].post(
            path, json={"label": "claim", **given}, params={"offset_unit": unit}
        )

        annotation = await make.said(answer)
        assert annotation["start"] == make.measured(text[:start], unit)
        assert annotation["quote"] == given["quote"]
        cut = make.cut(text, annotation["start"], annotation["end"], unit)
        assert cut == given["quote"]


async def test_whatever_is_a_text_can_be_annotated_whole(newsroom: Newsroom) -> None:
    annotator = newsroom.beside(max_text_chars=6_000_000)["annotator"]
    text = "He said. " * 600_000
    document = await make.document(annotator, text)

    whole = await make.annotation(annotator, document["id"], quote=text, start=0, end=len(text))

    assert whole["end"] == len(text) == 5_400_000
    assert whole["quote"] == text


async def test_spans_may_nest_cross_and_repeat_one_another(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], "abcdefgh")
    path = f"/v1/documents/{document['id']}/annotations"
    quotes = ["abcdefgh", "bcd", "cde", "cde", "d", "abcdefgh"]

    made = [await make.annotation(newsroom["annotator"], document["id"], quote=q) for q in quotes]

    assert len({annotation["id"] for annotation in made}) == len(quotes)
    listed = (await newsroom["reader"].get(path)).json()["items"]
    assert [(item["start"], item["end"], item["quote"]) for item in listed] == [
        (0, 8, "abcdefgh"),
        (0, 8, "abcdefgh"),
        (1, 4, "bcd"),
        (2, 5, "cde"),
        (2, 5, "cde"),
        (3, 4, "d"),
    ]


async def test_a_model_may_say_how_sure_it_is(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for confidence in (0, 1, 0.25, 0.1 + 0.2, None):
        annotation = await make.annotation(
            newsroom["annotator"], document["id"], origin="model", confidence=confidence
        )

        got = (await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}")).json()
        assert (got["origin"], got["confidence"]) == ("model", confidence)


async def test_a_confidence_or_origin_of_another_form_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"origin": "human", "confidence": 0.5}, "/confidence"),
        ({"confidence": 0.5}, "/confidence"),
        ({"origin": "model", "confidence": 1.01}, "/confidence"),
        ({"origin": "model", "confidence": -0.01}, "/confidence"),
        ({"origin": "model", "confidence": "0.5"}, "/confidence"),
        ({"origin": "model", "confidence": True}, "/confidence"),
        ({"origin": "import"}, "/origin"),
        ({"origin": "Human"}, "/origin"),
        ({"note": "\0"}, "/note"),
        ({"note": "n" * 10_001}, "/note"),
        ({"external_id": ""}, "/external_id"),
        ({"id": "1"}, "/id"),
        ({"attributes": None}, "/attributes"),
        ({"fragments": {}}, "/fragments"),
        ({"status": "approved"}, "/status"),
        ({"author": "reader"}, "/author"),
        ({"version": 1}, "/version"),
    ]
    for fields, pointer in refused:
        body = {"label": "claim", "quote": "Beijing", **fields}

        answer = await newsroom["annotator"].post(path, json=body)

        assert answer.status_code == 422, fields
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], fields
    assert (await newsroom["reader"].get(path)).json()["items"] == []


async def test_everything_that_is_wrong_is_answered_at_once(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], make.ASTRAL, project="typed")
    body = {
        "label": "mark",
        "start": -1,
        "end": 900,
        "quote": "said",
        "attributes": {"sure": "yes", "nope": 1, "where": {"quote": "nowhere"}},
    }

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/attributes/sure", "invalid-attribute"),
        ("/attributes/nope", "invalid-attribute"),
        ("/attributes/where/quote", "quote-not-found"),
        ("/start", "offset-out-of-range"),
        ("/end", "offset-out-of-range"),
    ]


async def test_annotators_and_above_may_post_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 201,
        "reviewer": 201,
        "manager": 201,
        "admin": 201,
    }.items():
        answer = await newsroom[name].post(path, json={"label": "claim", "quote": "Beijing"})

        assert answer.status_code == status, name
    listed = (await newsroom["reader"].get(path)).json()["items"]
    assert [item["author"] for item in listed] == ["annotator-b", "reviewer", "manager", "admin"]


async def test_an_external_id_that_no_index_holds_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    for length, status in ((500, 201), (501, 422)):
        # Four bytes each in UTF-8, and in no order that could be compressed.
        characters = (chr(0x20000 + place * 7919 % 40_000) for place in range(length))
        body = {"label": "claim", "quote": "Beijing", "external_id": "".join(characters)}
        answer = await newsroom["annotator"].post(path, json=body)
        assert answer.status_code == status, answer.text
        if status == 422:
            [error] = make.refused(answer, 422, "invalid-value")["errors"]
            assert error["pointer"] == "/external_id"


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
async def test_a_control_character_in_a_note_is_refused_with_its_position_in_the_unit(
    newsroom: Newsroom, unit: str
) -> None:
    document = await make.document(newsroom["annotator"])
    body = {"label": "claim", "quote": "Officials", "note": "😀я\x01"}

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body, params={"offset_unit": unit}
    )

    [error] = make.refused(answer, 422, "control-character")["errors"]
    assert (error["pointer"], error["offset_unit"]) == ("/note", unit)
    assert error["position"] == make.measured("😀я", unit)
