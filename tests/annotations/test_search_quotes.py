"""Annotations whose quote contains a string, whatever its case."""

import random
from typing import Any

import httpx

from app.text.substring import folded
from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/annotations"

SAID = (
    "Ukraine SAID that “Chinese nationals” fight, 100 % sure. "
    "Die Straße, ẞ; café, cafe\u0301; ΣΊΣΥΦΟΣ σίσυφος; МОСКВА москва\n"
    r"中国人民 カッコ か 😀👍🏽 🇺🇦 c:\d [a] a_b *? ^x$ {1} (y|z) "
    "— İstanbul ısı KELVIN \u212a ſ end."
)


async def quotes(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The quotes of what is found, oldest first, a page of a hundred at a time."""
    found: list[str] = []
    params = {"order": "oldest", **query}
    while True:
        page = await make.said(await client.get(PATH, params=params), 200)
        found += [item["quote"] for item in page["items"]]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_quotes_are_found_by_any_part_of_them(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], SAID)
    for quote in ("Chinese nationals", "SAID that", "nationals” fight, 100 %", "МОСКВА москва"):
        await make.annotation(newsroom["annotator"], document["id"], quote=quote)
    reader = newsroom["reader"]

    assert await quotes(reader, quote_contains="CHINESE") == ["Chinese nationals"]
    assert await quotes(reader, quote_contains="ese nat") == ["Chinese nationals"]
    assert await quotes(reader, quote_contains="nation") == [
        "Chinese nationals",
        "nationals” fight, 100 %",
    ]
    assert await quotes(reader, quote_contains="0 %") == ["nationals” fight, 100 %"]
    assert await quotes(reader, quote_contains="”") == ["nationals” fight, 100 %"]
    assert await quotes(reader, quote_contains="москва МОСКВА") == ["МОСКВА москва"]
    assert await quotes(reader, quote_contains="sure") == []
    assert await quotes(reader, quote_contains="nation", limit=1) == await quotes(
        reader, quote_contains="nation"
    )


async def test_every_part_of_every_quote_is_found_and_nothing_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], SAID)
    chance = random.Random(1)  # noqa: S311  # the same each night
    stored = []
    for _ in range(25):
        start = chance.randrange(len(SAID) - 1)
        end = min(len(SAID), start + chance.choice((1, 3, 10, 40)))
        await make.annotation(
            newsroom["annotator"], document["id"], quote=SAID[start:end], start=start, end=end
        )
        stored.append(SAID[start:end])

    def fold(text: str) -> str:
        return "".join(map(folded, text))

    for _ in range(150):
        start = chance.randrange(len(SAID) - 1)
        part = SAID[start : start + chance.choice((1, 2, 3, 5, 12))]
        part = chance.choice((str, str.swapcase, str.upper, str.lower))(part)
        expected = [quote for quote in stored if fold(part) in fold(quote)]
        assert await quotes(newsroom["reader"], quote_contains=part) == expected, part


async def test_the_end_of_a_word_that_search_cuts_is_found_in_a_quote(newsroom: Newsroom) -> None:
    word = "Rindfleisch" * 12
    document = await make.document(newsroom["annotator"], f"Das {word}gesetz gilt.")
    await make.annotation(newsroom["annotator"], document["id"], quote=f"{word}gesetz gilt")

    assert await quotes(newsroom["reader"], quote_contains="schgesetz gilt") == [
        f"{word}gesetz gilt"
    ]
    assert await quotes(newsroom["reader"], quote_contains="schgesetz galt") == []


async def test_the_quote_goes_with_the_other_filters_and_into_the_export(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], SAID)
    for label, quote in (("claim", "SAID that"), ("denial", "that “Chinese"), ("claim", "fight")):
        await make.annotation(newsroom["annotator"], document["id"], label, quote)

    assert await quotes(newsroom["reader"], quote_contains="THAT", label="claim") == ["SAID that"]
    export = await newsroom["reader"].get(
        "/v1/projects/demo/export", params={"format": "jsonl", "quote_contains": "THAT"}
    )
    assert export.status_code == 200
    assert "SAID that" in export.text
    assert '"fight"' not in export.text


async def test_the_longest_part_is_looked_for_and_a_longer_or_empty_one_is_refused(
    newsroom: Newsroom,
) -> None:
    text = "Ab(" * 400
    document = await make.document(newsroom["annotator"], text)
    await make.annotation(newsroom["annotator"], document["id"], quote=text)
    reader = newsroom["reader"]

    assert await quotes(reader, quote_contains=text[:1000].upper()) == [text]
    for refused in ("", "a" * 1001):
        answer = await reader.get(PATH, params={"quote_contains": refused})
        make.refused(answer, 422, "invalid-parameter")


async def test_a_project_finds_its_own_quotes(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    document = await make.document(newsroom["admin"], project="other")
    await make.annotation(newsroom["admin"], document["id"])

    assert await quotes(newsroom["admin"], quote_contains="nationals") == []
