"""A document's annotations in text order."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

UNITS = ("code_points", "utf16", "utf8")


async def walked(newsroom: Newsroom, path: str, **query: Any) -> list[dict[str, Any]]:
    """All that the query finds, a page of two at a time."""
    found: list[dict[str, Any]] = []
    params = {"limit": 2, **query}
    while True:
        page = await make.said(await newsroom["reader"].get(path, params=params), 200)
        found += page["items"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_they_come_by_start_then_end_then_age(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], "abcdef")
    quotes = ("def", "abc", "bcd", "ab", "abc", "f", "bcd")
    made = [await make.annotation(newsroom["annotator"], document["id"], quote=q) for q in quotes]

    listed = await walked(newsroom, f"/v1/documents/{document['id']}/annotations")

    ids = [made[place]["id"] for place in (3, 1, 4, 2, 6, 0, 5)]
    assert [item["id"] for item in listed] == ids
    assert listed[0] == made[3]


async def test_each_filter_narrows_and_the_values_of_one_widen(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    made = {
        (name, label): (await make.annotation(newsroom[name], document["id"], label))["id"]
        for name in ("annotator", "annotator-b")
        for label in ("claim", "denial", "quote")
    }
    await make.decision(newsroom["reviewer"], made["annotator", "claim"])
    await make.decision(newsroom["reviewer"], made["annotator-b", "denial"], "reject", comment="-")

    async def found(**query: Any) -> set[tuple[str, str]]:
        listed = {item["id"] for item in await walked(newsroom, path, **query)}
        return {key for key, id in made.items() if id in listed}

    a, b = "annotator", "annotator-b"
    assert await found(label="claim") == {(a, "claim"), (b, "claim")}
    assert await found(author=b) == {(b, "claim"), (b, "denial"), (b, "quote")}
    assert await found(status="approved") == {(a, "claim")}
    assert await found(status=["approved", "rejected"]) == {(a, "claim"), (b, "denial")}
    assert await found(label=["claim", "quote"], author=a) == {(a, "claim"), (a, "quote")}
    assert await found(label="claim", status="pending") == {(b, "claim")}
    assert await found(author=[a, b, "nobody"], label="denial") == {(a, "denial"), (b, "denial")}
    assert await found(label="Claim") == set()
    assert await found(author="nobody") == set()


@pytest.mark.parametrize("unit", UNITS)
async def test_a_stretch_keeps_what_shares_a_character_with_it(
    newsroom: Newsroom, unit: str
) -> None:
    text = make.ASTRAL
    document = await make.document(newsroom["annotator"], text)
    path = f"/v1/documents/{document['id']}/annotations"
    for quote in ("😀 said", "said", "🇺🇦", "🇺🇦 and 🇨🇳", "да"):
        await make.annotation(newsroom["annotator"], document["id"], quote=quote)

    async def found(**bounds: int) -> list[str]:
        listed = await walked(newsroom, path, offset_unit=unit, **bounds)
        for item in listed:
            assert make.cut(text, item["start"], item["end"], unit) == item["quote"]
        return [item["quote"] for item in listed]

    def at(quote: str) -> tuple[int, int]:
        span = make.span(text, quote, unit)
        return span["start"], span["end"]

    flag, said, yes = at("🇺🇦"), at("said"), at("да")
    assert await found(start=flag[0], end=flag[1]) == ["🇺🇦", "🇺🇦 and 🇨🇳"]
    # What ends where the stretch begins, or begins where it ends, shares nothing with it.
    assert await found(start=said[1], end=flag[0]) == []
    assert await found(start=said[1] - 1, end=flag[0]) == ["😀 said", "said"]
    assert await found(start=flag[1], end=yes[0]) == ["🇺🇦 and 🇨🇳"]
    assert await found(start=flag[1]) == ["🇺🇦 and 🇨🇳", "да"]
    assert await found(end=flag[0]) == ["😀 said", "said"]
    assert await found(start=0, end=make.measured(text, unit)) == [
        "😀 said",
        "said",
        "🇺🇦",
        "🇺🇦 and 🇨🇳",
        "да",
    ]
    assert await found(start=make.measured(text, unit)) == []


async def test_a_stretch_that_is_none_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)
    path = f"/v1/documents/{document['id']}/annotations"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"start": -1}, "offset-out-of-range"),
        ({"end": len(make.ASTRAL) + 1}, "offset-out-of-range"),
        ({"end": 2**70}, "offset-out-of-range"),
        ({"start": 1, "offset_unit": "utf16"}, "offset-inside-character"),
        ({"end": 3, "offset_unit": "utf8"}, "offset-inside-character"),
        ({"start": 5, "end": 5}, "span-empty"),
        ({"start": 5, "end": 4}, "span-reversed"),
        ({"start": "x"}, "invalid-parameter"),
        ({"offset_unit": "bytes"}, "invalid-parameter"),
        ({"status": "withdrawn"}, "invalid-parameter"),
        ({"origin": "human"}, "invalid-parameter"),
    ]
    for query, code in refused:
        answer = await newsroom["reader"].get(path, params=query)

        problem = make.refused(answer, 422, code)
        assert problem["errors"][0]["parameter"] in query


async def test_a_walk_misses_nothing_and_repeats_nothing_while_others_write(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], "abcdefghij")
    path = f"/v1/documents/{document['id']}/annotations"
    made = {
        quote: await make.annotation(newsroom["annotator"], document["id"], quote=quote)
        for quote in "bdfhj"
    }
    first = (await newsroom["reader"].get(path, params={"limit": 2})).json()

    await make.annotation(newsroom["annotator"], document["id"], quote="a")
    await make.annotation(newsroom["annotator"], document["id"], quote="g")
    await newsroom["annotator"].delete(f"/v1/annotations/{made['d']['id']}", headers=make.seen(1))
    await make.decision(newsroom["reviewer"], made["h"]["id"])

    rest = await walked(newsroom, path, cursor=first["next"])
    assert [item["quote"] for item in first["items"]] == ["b", "d"]
    assert [item["quote"] for item in rest] == ["f", "g", "h", "j"]


@pytest.mark.parametrize("text", [make.TEXT, make.TEXT + make.ASTRAL], ids=["alike", "astral"])
@pytest.mark.parametrize("unit", UNITS)
async def test_each_item_of_either_list_is_what_a_get_of_it_answers(
    newsroom: Newsroom, unit: str, text: str
) -> None:
    """The database writes an item itself where every unit counts alike, and Python elsewhere."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(annotator, f"qqe\u0301. {text}")
    attributes = {"speaker": 'Україна\n"\\\u2028', "cue_span": {"quote": "Ukraine says that"}}
    claim = await make.annotation(
        annotator, document["id"], attributes=attributes, note='"Why"?\n\tSo.', external_id="c"
    )
    pieces = [{"quote": "have called"}, {"quote": "“totally unfounded”"}]
    await make.annotation(annotator, document["id"], "denial", None, fragments=pieces)
    await make.annotation(annotator, document["id"], "quote", "qqe")
    for confidence in (0, 1, 1e-5, 0.1 + 0.2):
        await make.annotation(annotator, document["id"], origin="model", confidence=confidence)
    await make.decision(reviewer, claim["id"])

    for path in (f"/v1/documents/{document['id']}/annotations", "/v1/projects/demo/annotations"):
        items = await walked(newsroom, path, offset_unit=unit)
        assert len(items) == 7
        for item in items:
            query = {"offset_unit": unit}
            answer = await newsroom["reader"].get(f"/v1/annotations/{item['id']}", params=query)
            assert item == await make.said(answer, 200)
        assert [item["warnings"] != [] for item in items].count(True) == 1
