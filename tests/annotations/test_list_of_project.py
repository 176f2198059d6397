"""A project's annotations by age, and the filters of the list."""

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg
from sqlalchemy import Engine, event

from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/annotations"


async def walked(newsroom: Newsroom, path: str = PATH, **query: Any) -> list[dict[str, Any]]:
    """All that the query finds, a page of two at a time."""
    found: list[dict[str, Any]] = []
    params = {"limit": 2, "order": "oldest", **query}
    while True:
        page = await make.said(await newsroom["reader"].get(path, params=params), 200)
        found += page["items"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_the_newest_come_first_and_the_oldest_on_request(newsroom: Newsroom) -> None:
    documents = [await make.document(newsroom["annotator"], make.ASTRAL) for _ in range(2)]
    made = [
        await make.annotation(newsroom["annotator"], documents[number % 2]["id"], quote="да")
        for number in range(5)
    ]

    default = (await newsroom["reader"].get(PATH)).json()
    oldest = await walked(newsroom, order="oldest")
    newest = await walked(newsroom, order="newest")

    assert oldest == made
    assert newest == default["items"] == made[::-1]


async def test_offsets_are_in_the_callers_unit_in_every_document(newsroom: Newsroom) -> None:
    texts = ("да да: да", make.ASTRAL, "😀" * 20 + "да: ")
    for text in texts:
        document = await make.document(newsroom["annotator"], text)
        await make.annotation(
            newsroom["annotator"],
            document["id"],
            quote="да",
            suffix=text[text.index("да") + 2 :][:2],
        )
    for unit in ("code_points", "utf16", "utf8"):
        listed = await walked(newsroom, offset_unit=unit)

        assert len(listed) == 3
        for text, item in zip(texts, listed, strict=True):
            assert item["offset_unit"] == unit
            assert make.cut(text, item["start"], item["end"], unit) == "да"


async def test_of_one_author_nothing_of_others_is_read(
    newsroom: Newsroom, dialect: str, database_url: str
) -> None:
    document = await make.document(newsroom["annotator"])
    for _ in range(20):
        await make.annotation(newsroom["annotator"], document["id"])
    mine = await make.annotation(newsroom["annotator-b"], document["id"])
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM annotations" in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    assert await walked(newsroom, author="annotator-b") == [mine]
    assert await walked(newsroom, author="annotator-b", status="pending") == [mine]
    assert await walked(newsroom, author="nobody") == []
    assert await walked(newsroom, author="annotator-b", document=document["id"]) == [mine]
    event.remove(Engine, "before_cursor_execute", note)

    plans = _plans_of_postgresql if dialect == "postgresql" else _plans_of_sqlite
    used = [re.findall(r"ix_annotations_\w+", plan) for plan in await plans(database_url, asked)]
    assert used[:3] == [["ix_annotations_project_id_author_id_sequence"]] * 3
    # PostgreSQL goes by what it has counted.
    by_document = ["ix_annotations_document_id_place"]
    assert dialect == "postgresql" or used[3:] == [by_document]


async def _plans_of_postgresql(url: str, asked: list[tuple[str, Any]]) -> list[str]:
    connection = await asyncpg.connect(url)
    # As in a large table; one so small it would read whole.
    await connection.execute("ANALYZE annotations; SET enable_seqscan = off")
    plans = [str(await connection.fetch(f"EXPLAIN {one}", *values)) for one, values in asked]
    await connection.close()
    return plans


async def _plans_of_sqlite(url: str, asked: list[tuple[str, Any]]) -> list[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
        file.create_function("json_float", 1, str)
        return [
            str(file.execute(f"EXPLAIN QUERY PLAN {one}", values).fetchall())
            for one, values in asked
        ]


async def test_each_filter_narrows_and_the_values_of_one_widen(newsroom: Newsroom) -> None:
    one = await make.document(newsroom["annotator"])
    two = await make.document(newsroom["annotator"])
    made = [
        await make.annotation(newsroom["annotator"], one["id"]),
        await make.annotation(newsroom["annotator"], two["id"], "denial"),
        await make.annotation(newsroom["annotator-b"], one["id"], origin="model"),
        await make.annotation(newsroom["annotator-b"], two["id"], "quote"),
        await make.annotation(newsroom["reviewer"], two["id"], "denial", origin="model"),
    ]
    await make.decision(newsroom["reviewer"], made[0]["id"])
    rejected = await make.decision(newsroom["reviewer"], made[1]["id"], "reject", comment="-")
    ids = [annotation["id"] for annotation in made]

    async def found(**query: Any) -> list[int]:
        return [ids.index(item["id"]) for item in await walked(newsroom, **query)]

    assert await found() == [0, 1, 2, 3, 4]
    assert await found(label="denial") == [1, 4]
    assert await found(label=["denial", "quote"]) == [1, 3, 4]
    assert await found(status="pending") == [2, 3, 4]
    assert await found(status=["approved", "rejected"]) == [0, 1]
    assert await found(author=["annotator-b", "reviewer"]) == [2, 3, 4]
    assert await found(origin="model") == [2, 4]
    assert await found(document=two["id"]) == [1, 3, 4]
    assert await found(document=str(make.id_of(404))) == []
    assert await found(document=one["id"], origin="human", author="annotator") == [0]
    assert await found(status="pending", label="denial", order="newest") == [4]
    assert await found(updated_after=rejected["decided_at"]) == []
    assert await found(updated_after=made[4]["updated_at"]) == [0, 1]
    assert await found(updated_after="0001-01-01T00:00:00Z") == [0, 1, 2, 3, 4]
    assert await found(updated_after="0999-12-31T23:59:59.5-05:00") == [0, 1, 2, 3, 4]
    assert await found(updated_after="9999-12-31T23:59:59Z") == []


async def test_the_same_moment_in_any_zone_is_the_same(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    day, _, time = annotation["updated_at"].removesuffix("Z").partition("T")
    hour = int(time[:2])
    # The day may be another on the other side of midnight, so only hours that stay on it are used.
    ahead = 3 if hour < 21 else -3
    sign = "+" if ahead > 0 else "-"
    moment = f"{day}T{hour + ahead:02}{time[2:]}{sign}03:00"
    earlier = f"{moment[:17]}00.000000{sign}03:00"

    assert await walked(newsroom, updated_after=moment) == []
    assert len(await walked(newsroom, updated_after=earlier)) == 1


async def test_who_writes_a_plus_in_a_query_as_it_is_is_told_how_to(newsroom: Newsroom) -> None:
    path = "/v1/projects/demo/annotations?updated_after=2026-11-23T09:00:00"

    lost = await newsroom["reader"].get(f"{path}+00:00")
    written = await newsroom["reader"].get(f"{path}%2B00:00")

    [error] = make.refused(lost, 422, "invalid-parameter")["errors"]
    assert error["parameter"] == "updated_after"
    assert error["detail"].endswith("written %2B.")
    assert written.status_code == 200


ATTRIBUTES: list[dict[str, Any]] = [
    {"text": "Київ", "sure": True, "count": 1, "score": 1.0, "kind": "один"},
    {"text": "київ", "sure": False, "count": -7, "score": 0.1 + 0.2, "kind": "two"},
    {"text": "1", "texts": ["1", "a b", ""], "kinds": ["two", "один"]},
    {"text": "true", "texts": ["true"], "score": 1e300, "where": {"quote": "Beijing"}},
    {"text": "null", "texts": [], "count": 2**53 - 1},
    {"text": 'a"b\\c%_/💡', "texts": ['["a"]'], "score": -0.0},
    {},
]


async def test_attributes_are_found_by_value_of_each_type(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    ids = [
        (
            await make.annotation(
                newsroom["annotator"], document["id"], "mark", "Beijing", attributes=attributes
            )
        )["id"]
        for attributes in ATTRIBUTES
    ]
    expected: dict[tuple[str, str], list[int]] = {
        ("text", "Київ"): [0],
        ("text", "1"): [2],
        ("text", "true"): [3],
        ("text", "null"): [4],
        ("text", 'a"b\\c%_/💡'): [5],
        ("text", ""): [],
        ("texts", "1"): [2],
        ("texts", "a b"): [2],
        ("texts", ""): [2],
        ("texts", "true"): [3],
        ("texts", '["a"]'): [5],
        ("texts", "[]"): [],
        ("kind", "один"): [0],
        ("kinds", "один"): [2],
        ("kinds", "two"): [2],
        ("sure", "true"): [0],
        ("sure", "false"): [1],
        ("sure", "1"): [],
        ("sure", "True"): [],
        ("count", "1"): [0],
        ("count", "-7"): [1],
        ("count", "9007199254740991"): [4],
        ("count", "true"): [],
        ("score", "1"): [0],
        ("score", "1.0"): [0],
        ("score", "10e-1"): [0],
        ("score", "0.30000000000000004"): [1],
        ("score", "0.3"): [],
        ("score", "1e300"): [3],
        ("score", "0"): [5],
        ("score", "1e999"): [],
        ("score", "NaN"): [],
        ("score", "1_0"): [],
        ("where", "Beijing"): [],
        ("where", "quote"): [],
    }

    for (name, value), places in expected.items():
        listed = await walked(
            newsroom, "/v1/projects/typed/annotations", **{f"attribute.{name}": value}
        )
        assert [ids.index(item["id"]) for item in listed] == places, (name, value)


async def test_filters_on_several_attributes_all_hold(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    for attributes in ATTRIBUTES:
        await make.annotation(
            newsroom["annotator"], document["id"], "mark", "Beijing", attributes=attributes
        )
    path = "/v1/projects/typed/annotations"

    both = await walked(newsroom, path, **{"attribute.texts": ["1", "a b"]})
    neither = await walked(newsroom, path, **{"attribute.texts": "1", "attribute.sure": "true"})
    with_others = await walked(newsroom, path, **{"attribute.sure": "true", "label": "mark"})
    by_author = await walked(
        newsroom, path, **{"attribute.texts": ["1", "a b"], "author": "annotator"}
    )

    assert [item["attributes"] for item in both] == [ATTRIBUTES[2]]
    assert by_author == both
    assert neither == []
    assert [item["attributes"] for item in with_others] == [ATTRIBUTES[0]]


async def test_an_attribute_that_no_label_has_is_refused_with_those_there_are(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    for name in ("Text", "", 'te"xt', "$.text", "text.a", "тест", "t" * 500):
        queries = {"annotations": {}, "export": {"format": "jsonl"}}
        for path, query in queries.items():
            answer = await newsroom["reader"].get(
                f"/v1/projects/typed/{path}", params={**query, f"attribute.{name}": "a"}
            )

            [error] = make.refused(answer, 422, "invalid-parameter")["errors"]
            assert error["parameter"] == f"attribute.{name}"[:200]
            assert "texts" in error["allowed"]


async def test_a_filter_of_another_form_is_refused(newsroom: Newsroom) -> None:
    for query in (
        {"status": "withdrawn"},
        {"origin": "machine"},
        {"document": "1"},
        {"updated_after": "yesterday"},
        {"updated_after": "2026-11-23"},
        {"updated_after": "2026-11-23T09:00:00"},
        {"updated_after": "1700000000"},
        {"updated_after": "0001-01-01T00:00:00+14:00"},
        {"order": "random"},
        {"lable": "claim"},
        {"start": "1"},
        {"label": "\0"},
    ):
        answer = await newsroom["reader"].get(PATH, params=query)

        make.refused(answer, 422, "invalid-parameter")


async def test_annotations_of_another_project_are_not_listed(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    document = await make.document(newsroom["admin"], project="other")
    await make.annotation(newsroom["admin"], document["id"])

    assert await walked(newsroom) == []
    assert await walked(newsroom, document=document["id"]) == []


async def test_a_walk_from_the_oldest_misses_nothing_that_is_written_meanwhile(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    seen: list[str] = []
    made: list[str] = []

    async def write() -> None:
        for _ in range(10):
            annotation = await make.annotation(newsroom["annotator"], document["id"])
            made.append(annotation["id"])

    async def walk() -> None:
        params: dict[str, Any] = {"limit": 3, "order": "oldest"}
        while True:
            all_there = len(made) == 40
            page = (await newsroom["reader"].get(PATH, params=params)).json()
            seen.extend(item["id"] for item in page["items"])
            if page["next"] is not None:
                params["cursor"] = page["next"]
            elif all_there:
                return
            else:
                # The last page is asked for again until nothing more comes.
                del seen[len(seen) - len(page["items"]) :]
                await asyncio.sleep(0.01)

    await asyncio.gather(walk(), *(write() for _ in range(4)))

    assert len(seen) == len(set(seen)) == 40
    assert set(seen) == set(made)
