"""Discontinuous annotations: disjoint spans in order, and an envelope around them."""

import threading
from typing import Any

import pytest

from app.text.anchoring import find
from tests import make
from tests.conftest import Newsroom

TEXT = make.ASTRAL
WORDS = ("said", "🇺🇦", "да", "مرحبا")


async def posted(
    newsroom: Newsroom, body: dict[str, Any], unit: str = "code_points"
) -> tuple[int, dict[str, Any]]:
    document = await make.document(newsroom["annotator"], TEXT)
    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations",
        json={"label": "claim", **body},
        params={"offset_unit": unit},
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
async def test_the_envelope_reaches_from_the_first_to_the_last(
    newsroom: Newsroom, unit: str
) -> None:
    fragments = [make.span(TEXT, word, unit) for word in WORDS]
    envelope = TEXT[TEXT.index("said") : TEXT.index("مرحبا") + 5]
    for given in ({}, make.span(TEXT, envelope, unit), {"quote": envelope}):
        status, annotation = await posted(newsroom, {"fragments": fragments, **given}, unit)

        assert status == 201
        assert annotation["fragments"] == fragments
        whole = {name: annotation[name] for name in ("start", "end", "quote")}
        assert whole == make.span(TEXT, envelope, unit)


async def test_fragments_may_touch_and_each_may_be_found_by_its_quote(newsroom: Newsroom) -> None:
    body = {"fragments": [{"quote": "sa"}, {"quote": "id"}, {"quote": ",", "prefix": "да"}]}

    status, annotation = await posted(newsroom, body)

    assert status == 201
    assert [part["quote"] for part in annotation["fragments"]] == ["sa", "id", ","]
    assert annotation["quote"] == "said: 🇺🇦 and 🇨🇳 — да,"


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
async def test_fragments_that_do_not_form_one_annotation_are_refused(
    newsroom: Newsroom, unit: str
) -> None:
    said, flag, yes, _ = (make.span(TEXT, word, unit) for word in WORDS)
    aid = make.span(TEXT, "aid: ", unit)
    wider = make.span(TEXT, TEXT[: TEXT.index(",")], unit)
    narrower = make.span(TEXT, "🇺🇦 and 🇨🇳 — да", unit)
    refused: list[tuple[dict[str, Any], list[str]]] = [
        ({"fragments": []}, ["/fragments"]),
        ({"fragments": [said]}, ["/fragments"]),
        ({"fragments": [{"quote": "x"}] * 257}, ["/fragments"]),
        ({"fragments": [said, aid, yes]}, ["/fragments/1"]),
        ({"fragments": [said, said]}, ["/fragments/1"]),
        ({"fragments": [yes, flag, said]}, ["/fragments/1", "/fragments/2"]),
        ({"fragments": [said, yes], **wider}, ["/fragments"]),
        ({"fragments": [said, yes], **narrower}, ["/fragments"]),
    ]
    problem: dict[str, Any] = {}
    for body, pointers in refused:
        status, problem = await posted(newsroom, body, unit)

        assert status == 422
        found = [(error["pointer"], error["code"]) for error in problem["errors"]]
        assert found == [(pointer, "fragments-invalid") for pointer in pointers], body
    whole = make.span(TEXT, TEXT[TEXT.index("said") : TEXT.index(",")], unit)
    assert problem["errors"][0]["envelope"] == {"start": whole["start"], "end": whole["end"]}


async def test_each_fragment_that_is_wrong_is_told(newsroom: Newsroom) -> None:
    body = {
        "fragments": [
            make.span(TEXT, "said") | {"quote": "Said"},
            make.span(TEXT, "да"),
            {"quote": "nowhere"},
        ]
    }

    status, problem = await posted(newsroom, body)

    assert status == 422
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/fragments/0/quote", "quote-mismatch"),
        ("/fragments/2/quote", "quote-not-found"),
    ]


@pytest.mark.parametrize(("length", "aside"), [(1000, False), (60_000, True)])
async def test_a_long_text_is_searched_beside_the_loop(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, length: int, aside: bool
) -> None:
    searching: list[int] = []

    def noting(*given: Any) -> Any:
        searching.append(threading.get_ident())
        return find(*given)

    document = await make.document(newsroom["annotator"], "said " + "a" * length)
    monkeypatch.setattr("app.text.spans.find", noting)
    made = await make.annotation(newsroom["annotator"], document["id"], quote="said")
    path, headers = f"/v1/annotations/{made['id']}", make.seen(1)
    edited = await newsroom["annotator"].patch(path, json={"quote": "id a"}, headers=headers)

    assert (await make.said(edited, 200))["start"] == 2
    assert [ident != threading.get_ident() for ident in searching] == [aside, aside]
