"""No span enters unverified: every row of the table of refusals, in each unit and in each place.

A place is where a span stands in the body: the annotation's own, a fragment, or an attribute's.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

TEXT = make.ASTRAL
UNITS = ("code_points", "utf16", "utf8")

Span = dict[str, Any]
PLACES: dict[str, Callable[[Span], dict[str, Any]]] = {
    "": lambda span: {"label": "plain", **span},
    "/fragments/1": lambda span: {"label": "plain", "fragments": [{"quote": "😀"}, span]},
    "/attributes/where": lambda span: {
        "label": "mark",
        "quote": "End.",
        "attributes": {"where": span},
    },
}


class Asked:
    """Posts one span in each place of a document and keeps what is answered."""

    def __init__(self, newsroom: Newsroom, document_id: str, unit: str) -> None:
        self._client = newsroom["annotator"]
        self._path = f"/v1/documents/{document_id}/annotations"
        self.unit = unit

    async def refused(self, code: str, field: str, span: Span, **members: Any) -> None:
        """The span is refused everywhere, with this code, at this field, with these members."""
        for place, body in PLACES.items():
            answer = await self._client.post(
                self._path, json=body(span), params={"offset_unit": self.unit}
            )
            [error] = make.refused(answer, 422, code)["errors"]
            found = {name: error[name] for name in ("pointer", "code", *members)}
            assert found == {"pointer": place + field, "code": code, **members}, span
            assert error["detail"]

    async def kept_nothing(self) -> bool:
        items: list[Any] = (await self._client.get(self._path)).json()["items"]
        return items == []


@pytest.fixture(params=UNITS)
async def asked(newsroom: Newsroom, request: pytest.FixtureRequest) -> Asked:
    """Everything is asked in every unit, of a document whose characters have every width."""
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], TEXT, project="typed")
    return Asked(newsroom, document["id"], request.param)


async def test_an_offset_that_is_no_json_integer(asked: Asked) -> None:
    good = make.span(TEXT, "said", asked.unit)
    values: list[Any] = [True, "1", 1.0, [], {}]
    for field in ("start", "end"):
        for value in values:
            await asked.refused("offset-not-integer", f"/{field}", good | {field: value})
    assert await asked.kept_nothing()


async def test_an_offset_outside_the_text_is_never_clamped(asked: Asked) -> None:
    total = make.measured(TEXT, asked.unit)
    good = make.span(TEXT, "End.", asked.unit)
    for field, value in (
        ("start", -1),
        ("end", total + 1),
        ("end", 2**31),
        ("end", 2**63),
        ("start", -(10**23)),
    ):
        members = {"length": total, "offset_unit": asked.unit}
        await asked.refused("offset-out-of-range", f"/{field}", good | {field: value}, **members)
    assert await asked.kept_nothing()


async def test_a_span_that_is_empty_or_reversed(asked: Asked) -> None:
    good = make.span(TEXT, "said", asked.unit)
    start, end = good["start"], good["end"]

    await asked.refused("span-empty", "/end", good | {"end": start})
    await asked.refused("span-empty", "/end", {"start": start, "end": start, "quote": ""})
    await asked.refused("span-empty", "/quote", {"quote": ""})
    await asked.refused("span-reversed", "/end", good | {"start": end, "end": start})
    assert await asked.kept_nothing()


async def test_an_offset_inside_a_character(asked: Asked) -> None:
    inside = {"code_points": [], "utf16": [1], "utf8": [1, 2, 3]}[asked.unit]
    width = make.measured("😀", asked.unit)
    for offset in inside:
        members = {"before": 0, "after": width, "offset_unit": asked.unit}
        span = {"start": 0, "end": offset, "quote": "😀"}
        await asked.refused("offset-inside-character", "/end", span, **members)
        span = {"start": offset, "end": width, "quote": "😀"}
        await asked.refused("offset-inside-character", "/start", span, **members)
    assert await asked.kept_nothing()


async def test_offsets_without_a_quote(asked: Asked) -> None:
    for quote in ("🇺🇦 and 🇨🇳", "cafe\u0301", "مرحبا"):
        span = make.span(TEXT, quote, asked.unit)
        del span["quote"]
        members = {"actual": quote, "actual_truncated": False, "offset_unit": asked.unit}
        await asked.refused("quote-missing", "/quote", span, **members)
    assert await asked.kept_nothing()


@pytest.mark.parametrize("unit", UNITS)
async def test_the_cure_of_a_long_quote_is_taken(newsroom: Newsroom, unit: str) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator, "😀 " + "Він сказав. " * 100 + "End.")
    path = f"/v1/documents/{document['id']}"
    query = {"offset_unit": unit}
    good = {"label": "claim", **make.span(document["text"], "Він сказав. " * 99, unit)}
    without = {name: value for name, value in good.items() if name != "quote"}
    wider = good | {"quote": good["quote"].replace(" ", "  ", 1)}

    for code, sent in (("quote-missing", without), ("quote-mismatch", wider)):
        answer = await annotator.post(f"{path}/annotations", json=sent, params=query)
        [error] = make.refused(answer, 422, code)["errors"]
        assert error["actual_truncated"]
        assert (
            "send the quote as it stands in the document's text (GET /v1/documents/{id}/text) "
            f"from start to end, counted in {unit}"
        ) in error["detail"]
        text = (await annotator.get(f"{path}/text")).text
        cured = sent | {"quote": make.cut(text, sent["start"], sent["end"], unit)}
        answer = await annotator.post(f"{path}/annotations", json=cured, params=query)
        assert (await make.said(answer))["quote"] == good["quote"]


async def test_one_offset_without_the_other_and_no_span_at_all(asked: Asked) -> None:
    good = make.span(TEXT, "said", asked.unit)
    for field in ("start", "end"):
        without = {name: value for name, value in good.items() if name != field}
        await asked.refused("missing-field", f"/{field}", without)
    await asked.refused("missing-field", "/quote", {})
    await asked.refused("missing-field", "/quote", {"prefix": "a"})
    assert await asked.kept_nothing()


async def test_a_quote_that_is_not_the_text_there(asked: Asked) -> None:
    place = make.span(TEXT, "да, ", asked.unit)
    elsewhere = make.span(TEXT, "said", asked.unit)
    occurrence = {
        "start": elsewhere["start"],
        "end": elsewhere["end"],
        "prefix": "😀 ",
        "suffix": ": 🇺🇦 and 🇨🇳 — да, ca",
    }
    members = {
        "actual": "да, ",
        "actual_truncated": False,
        "matches_in_unit": None,
        "differs_in": [],
        "occurrences": [occurrence],
        "count": 1,
        "more": False,
        "offset_unit": asked.unit,
    }
    await asked.refused("quote-mismatch", "/quote", place | {"quote": "said"}, **members)
    members |= {"occurrences": [], "count": 0}
    await asked.refused("quote-mismatch", "/quote", place | {"quote": "Да, "}, **members)
    await asked.refused("quote-mismatch", "/quote", place | {"quote": ""}, **members)
    assert await asked.kept_nothing()


async def test_a_quote_that_would_fit_in_another_unit(newsroom: Newsroom, asked: Asked) -> None:
    text = f"😀 {'x' * 20}word{'x' * 20}. End."
    document = await make.document(newsroom["annotator"], text, project="typed")
    asked = Asked(newsroom, document["id"], asked.unit)
    for unit in UNITS:
        if unit != asked.unit:
            span = make.span(text, "word", unit)
            await asked.refused("quote-mismatch", "/quote", span, matches_in_unit=unit)
    assert await asked.kept_nothing()


async def test_spans_of_one_request_in_two_units_are_told_to_count_alike(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    annotator = newsroom["annotator"]
    text = "😀😀 one two three four"
    document = await make.document(annotator, text, project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    where = make.span(text, "two", "utf16")
    body = {"label": "mark", **make.span(text, "three"), "attributes": {"where": where}}

    for asked, fits, pointer in (
        ("code_points", "utf16", "/attributes/where/quote"),
        ("utf16", "code_points", "/quote"),
    ):
        answer = await annotator.post(path, json=body, params={"offset_unit": asked})
        [error] = make.refused(answer, 422, "quote-mismatch")["errors"]
        assert (error["pointer"], error["matches_in_unit"]) == (pointer, fits)
        assert (
            "All spans of a request count alike: if the others fit in it too, ask with "
            f"offset_unit={fits}, else count these in {asked}."
        ) in error["detail"]


async def test_a_quote_that_differs_in_white_space_or_normalization_alone(asked: Asked) -> None:
    for quote, sent, differs_in in (
        ("and 🇨🇳", "and\u00a0🇨🇳", ["whitespace"]),
        ("cafe\u0301", "caf\u00e9", ["unicode_normalization"]),
        ("да, cafe\u0301", "да,caf\u00e9", ["whitespace", "unicode_normalization"]),
    ):
        span = make.span(TEXT, quote, asked.unit) | {"quote": sent}
        members = {"actual": quote, "differs_in": differs_in}
        await asked.refused("quote-mismatch", "/quote", span, **members)
        await asked.refused("quote-not-found", "/quote", {"quote": sent}, differs_in=differs_in)
    assert await asked.kept_nothing()


async def test_a_prefix_or_suffix_that_is_not_the_text_beside_the_offsets(asked: Asked) -> None:
    good = make.span(TEXT, "said", asked.unit)

    await asked.refused("quote-mismatch", "/prefix", good | {"prefix": "x"}, actual=" ")
    await asked.refused("quote-mismatch", "/suffix", good | {"suffix": ";"}, actual=":")
    assert await asked.kept_nothing()


async def test_an_empty_list_of_fragments_is_refused_with_what_is_taken(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator, TEXT)
    path = f"/v1/documents/{document['id']}/annotations"
    whole = {"label": "claim", **make.span(TEXT, "said")}

    answer = await annotator.post(path, json=whole | {"fragments": []})

    [error] = make.refused(answer, 422, "fragments-invalid")["errors"]
    assert error["pointer"] == "/fragments"
    assert "leave the field out, or send null" in error["detail"]
    await make.said(await annotator.post(path, json=whole))
    await make.said(await annotator.post(path, json=whole | {"fragments": None}))


async def test_a_quote_that_is_nowhere(asked: Asked) -> None:
    members = {"differs_in": [], "occurrences": [], "count": 0, "offset_unit": asked.unit}

    await asked.refused("quote-not-found", "/quote", {"quote": "SAID"}, **members)
    await asked.refused("quote-not-found", "/quote", {"quote": "said", "prefix": "x"}, count=1)
    assert await asked.kept_nothing()


async def test_a_quote_that_is_there_more_than_once(asked: Asked) -> None:
    unit = asked.unit
    starts = [index for index, character in enumerate(TEXT) if character == ","]
    candidates = [
        {
            "start": make.measured(TEXT[:start], unit),
            "end": make.measured(TEXT[: start + 1], unit),
            "prefix": TEXT[max(0, start - 20) : start],
            "suffix": TEXT[start + 1 : start + 21],
        }
        for start in starts
    ]
    members = {"candidates": candidates, "count": 3, "more": False, "offset_unit": unit}

    await asked.refused("quote-ambiguous", "/quote", {"quote": ","}, **members)
    assert await asked.kept_nothing()
