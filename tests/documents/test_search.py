"""Searching documents: words, phrases and what must not occur, the best first."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import delete, event, text
from sqlalchemy.engine import Engine

from app.core.database import Database
from app.documents.rows import words_of
from app.models import WORDS, DocumentWords
from app.text.search_query import MOST, SearchQuery
from app.text.words import line, words
from tests import make
from tests.conftest import Newsroom, migrate

PATH = "/v1/projects/demo/documents"


async def found(client: httpx.AsyncClient, q: str, **query: Any) -> list[str]:
    """The titles of what is found, a page of two at a time."""
    titles: list[str] = []
    params = {"q": q, "limit": 2, **query}
    while True:
        page = await make.said(await client.get(PATH, params=params), 200)
        titles += [item["title"] for item in page["items"]]
        if page["next"] is None:
            return titles
        params["cursor"] = page["next"]


async def test_every_word_must_occur_in_title_or_text(newsroom: Newsroom) -> None:
    for title, said in (
        ("Bridge", "The ministry spoke."),
        ("Ministry", "No news."),
        ("Other", "A bridge; the ministries."),
    ):
        await make.document(newsroom["annotator"], said, title=title)
    reader = newsroom["reader"]

    assert await found(reader, "bridge ministry") == ["Bridge"]
    assert await found(reader, "MINISTRY") == ["Ministry", "Bridge"]
    assert await found(reader, "bridge -spoke") == ["Other"]
    assert await found(reader, '"the ministry"') == ["Bridge"]
    assert await found(reader, '"ministry the"') == []
    # A phrase does not reach from the title into the text.
    assert await found(reader, '"bridge the ministry"') == []
    assert await found(reader, 'the -"the ministry"') == ["Other"]
    assert await found(reader, "nothing") == []
    assert await found(reader, "minist") == []


async def test_every_script_is_searched(newsroom: Newsroom) -> None:
    for title, said in {
        "ru": "Москва и Киев, ёлка",
        "ar": "قال مُحَمَّد ذلك",
        "zh": "中国人民说",
        "ja": "東京のカフェで",
        "emoji": "Fine 😀👍🏽 and 🇺🇦",
        "fr": "Un café à Orléans",
        "de": "Die Straße",
        "hi": "हिन्दी में",
    }.items():
        await make.document(newsroom["annotator"], said, title=title)
    reader = newsroom["reader"]

    hits = {
        q: await found(reader, q)
        for q in (
            "КИЕВ", "елка", "محمد", "中国", "国中", "民人", "カフェ", "😀", "👍", "🇺🇦", "🇦🇺",
            "cafe orleans", "STRASSE", "हिन्दी", '"и киев"',
        )
    }  # fmt: skip

    assert hits == {
        "КИЕВ": ["ru"],
        "елка": ["ru"],
        "محمد": ["ar"],
        "中国": ["zh"],
        "国中": [],
        "民人": [],
        "カフェ": ["ja"],
        "😀": ["emoji"],
        "👍": ["emoji"],
        "🇺🇦": ["emoji"],
        "🇦🇺": [],
        "cafe orleans": ["fr"],
        "STRASSE": ["de"],
        "हिन्दी": ["hi"],
        '"и киев"': ["ru"],
    }


async def test_the_best_come_first_and_the_older_of_equals(newsroom: Newsroom) -> None:
    for title, said in (
        ("once", "vote " + "word " * 50),
        ("often", "vote, a vote, a vote " + "word " * 50),
        ("long", "vote, a vote, a vote " + "word " * 50_000),
        ("vote", "word " * 50),
        ("once more", "vote " + "word " * 50),
    ):
        await make.document(newsroom["annotator"], said, title=title)
    reader = newsroom["reader"]

    assert await found(reader, "vote") == ["vote", "often", "once", "once more", "long"]
    assert await found(reader, "vote", limit=1) == await found(reader, "vote", limit=5)
    assert await found(reader, "vote", order="oldest") == [
        "once", "often", "long", "vote", "once more",
    ]  # fmt: skip
    assert await found(reader, "vote", order="newest", limit=1) == [
        "once more", "vote", "long", "often", "once",
    ]  # fmt: skip


async def test_a_walk_through_what_is_found_misses_and_repeats_nothing(newsroom: Newsroom) -> None:
    for number in range(12):
        await make.document(
            newsroom["annotator"], "vote now " * (1 + number % 3), title=f"{number}"
        )

    whole = await found(newsroom["reader"], "vote", limit=1000)

    assert sorted(map(int, whole)) == list(range(12))
    assert whole == sorted(whole, key=lambda title: (-(int(title) % 3), int(title)))
    for limit in (1, 5, 11, 12):
        assert await found(newsroom["reader"], "vote", limit=limit) == whole


@pytest.mark.parametrize(("order", "met"), [(None, "bcbd"), ("oldest", "abcd")])
async def test_a_new_title_moves_its_own_document_alone_and_none_in_the_order_of_arrival(
    newsroom: Newsroom, order: str | None, met: str
) -> None:
    annotator = newsroom["annotator"]
    ids = {
        name: (await make.document(annotator, "vote", title=title))["id"]
        for name, title in {"a": "a", "b": "b vote", "c": "c vote", "d": "d"}.items()
    }
    asked: dict[str, Any] = {"q": "vote", "limit": 2}
    if order is not None:
        asked["order"] = order
    page = await make.said(await newsroom["reader"].get(PATH, params=asked), 200)
    walked = [item["id"] for item in page["items"]]

    for name, title in {"a": "a vote", "b": "b"}.items():
        path = f"/v1/documents/{ids[name]}"
        given = await annotator.patch(path, json={"title": title}, headers=make.seen(1))
        await make.said(given, 200)
    asked["cursor"] = page["next"]
    page = await make.said(await newsroom["reader"].get(PATH, params=asked), 200)

    walked += [item["id"] for item in page["items"]]
    assert walked == [ids[name] for name in met]
    assert page["next"] is None


async def test_search_goes_with_the_other_filters(newsroom: Newsroom) -> None:
    await make.document(newsroom["annotator"], title="one", external_id="one")
    document = await make.document(newsroom["annotator"], title="two", external_id="two")
    await make.annotation(newsroom["annotator"], document["id"])

    assert await found(newsroom["reader"], "ukraine", external_id="one") == ["one"]
    assert await found(newsroom["reader"], "ukraine", has_status="pending") == ["two"]


async def test_a_new_title_is_found_and_the_old_one_not(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], "Text", title="Старое дело")
    path = f"/v1/documents/{document['id']}"
    patch = {"title": "Новое дело"}
    await make.said(await newsroom["annotator"].patch(path, json=patch, headers=make.seen(1)), 200)
    reader = newsroom["reader"]

    assert await found(reader, "старое") == []
    assert await found(reader, '"новое дело" text') == ["Новое дело"]
    assert await found(reader, "новое -старое") == ["Новое дело"]


async def test_only_what_the_caller_may_see_is_found(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    await make.document(newsroom["admin"], "vote", project="other")
    gone = await make.document(newsroom["annotator"], "vote", title="gone")
    await newsroom["manager"].delete(f"/v1/documents/{gone['id']}", headers=make.seen(1))
    await make.document(newsroom["annotator"], "vote", title="here")

    assert await found(newsroom["admin"], "vote") == ["here"]
    make.refused(await newsroom["stranger"].get(PATH, params={"q": "vote"}), 404, "not-found")


@pytest.mark.parametrize("q", ["", " ", "-", '""', "-word", '-"a b" -c', "%", "—", "*", '"'])
async def test_a_query_without_a_word_to_find_is_refused(newsroom: Newsroom, q: str) -> None:
    problem = make.refused(
        await newsroom["reader"].get(PATH, params={"q": q}), 422, "invalid-parameter"
    )

    assert [error["parameter"] for error in problem["errors"]] == ["q"]


async def test_a_query_has_a_limit(newsroom: Newsroom) -> None:
    await make.document(newsroom["annotator"], " ".join(map(str, range(MOST))), title="all")
    most = " ".join(map(str, range(MOST)))

    assert await found(newsroom["reader"], most) == ["all"]
    answer = await newsroom["reader"].get(PATH, params={"q": f"{most} -more"})
    make.refused(answer, 422, "invalid-parameter")


@pytest.mark.parametrize(
    ("said", "q"),
    [
        (" ".join(map(str, range(700_000))), '399999 400000 "500000 500001"'),
        ("中国人民" * 1_250_000, "民中"),
    ],
    ids=["many words", "ideographs"],
)
async def test_the_longest_text_is_taken_and_found(newsroom: Newsroom, said: str, q: str) -> None:
    await make.document(newsroom["annotator"], f"{said[:4_999_985]} the very end", title="long")

    assert await found(newsroom["reader"], '"the very end"') == ["long"]
    assert await found(newsroom["reader"], q) == ["long"]
    assert await found(newsroom["reader"], f"{q} nothing") == []


WORDS_USED = ("a", "b", "c", "or", "é", "中", "and")
TEXTS = (
    "a b c",
    "b a",
    "A, B. C-A a",
    "or É and",
    "中b 中",
    "c c c c",
    "a or b and not c",
    "",
    "é",
)


def _expected(q: str) -> list[str]:
    """What the query finds among ``TEXTS``, worked out in Python."""
    sought = SearchQuery.parse(q)
    scored = []
    for number, said in enumerate(TEXTS):
        joined = line(words(said))
        if all(line(term) in joined for term in sought.terms) and not any(
            line(term) in joined for term in sought.excluded
        ):
            rare = 1 + len(joined.encode()) // 2000
            rank = 0
            for term in sought.terms:
                times = (len(joined) - len(joined.replace(line(term), " "))) // (
                    len(line(term)) - 1
                )
                rank += 1000 - 1000 * rare // (times + rare)
            scored.append((-rank, number))
    return ["()" + "." * number for _, number in sorted(scored)]


_PARTS = (*WORDS_USED, '"', " ", " -", "-", "(", "*", ":", "'", "\\", "%", "NOT", "|")
_QUERIES = st.one_of(
    st.lists(st.sampled_from(_PARTS), max_size=12).map("".join),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20),
)


async def test_any_query_finds_what_a_model_in_python_finds(newsroom: Newsroom) -> None:
    for number, said in enumerate(TEXTS):
        await make.document(newsroom["annotator"], said, title="()" + "." * number)
    asked: list[str] = []

    @how(max_examples=150, suppress_health_check=list(HealthCheck), database=None)
    @given(_QUERIES)
    def choose(q: str) -> None:
        asked.append(q)

    choose()
    for q in asked:
        answer = await newsroom["reader"].get(PATH, params={"q": q})
        if answer.status_code == 422:
            assert not SearchQuery.parse(q).terms, q
        else:
            page = await make.said(answer, 200)
            assert [item["title"] for item in page["items"]] == _expected(q), q


async def test_documents_written_without_the_api_are_found_by_their_words(
    newsroom: Newsroom,
) -> None:
    """An import loads many rows at once."""
    made = await make.document(newsroom["annotator"], "none", title="none")
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(delete(DocumentWords))
        project = (await db.execute(text("SELECT project_id FROM documents"))).scalar_one()
        document = {"id": UUID(made["id"]), "project_id": UUID(str(project)), "title": "Loaded"}
        await db.load(WORDS, db.packed(WORDS, [words_of(document, "The bridge")]))

    assert await found(newsroom["reader"], "loaded bridge") == ["none"]
    assert await found(newsroom["reader"], "none") == []


async def test_what_was_stored_before_is_found_after_the_migration(newsroom: Newsroom) -> None:
    for number in range(3):
        await make.document(newsroom["annotator"], "Über die Brücke", title=f"{number}")
    url = newsroom.app.state.settings.database_url
    await newsroom.app.state.database.dispose()

    await asyncio.to_thread(migrate, url, "0002_add_releases")
    await asyncio.to_thread(migrate, url)

    assert await found(newsroom["reader"], '"die brucke"') == ["0", "1", "2"]


async def test_an_index_finds_the_few_among_thousands(
    newsroom: Newsroom, dialect: str, database_url: str
) -> None:
    made = await make.document(newsroom["annotator"], "needle", title="needle")
    copies = """
        INSERT INTO documents (id, project_id, title, title_folded, metadata, revision, version,
            sequence, created_at, updated_at)
        WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 3000)
        SELECT {id}, project_id, title, title_folded, metadata, revision, version,
            sequence + n, created_at, updated_at
        FROM documents CROSS JOIN many"""
    id = "gen_random_uuid()" if dialect == "postgresql" else "lower(hex(randomblob(16)))"
    named = made["id"] if dialect == "postgresql" else UUID(made["id"]).hex
    words_of_all = f"""
        INSERT INTO document_words (document_id, project_id, title, text, keys)
        SELECT id, project_id, ' hay ', ' hay ', ' hay ' FROM documents WHERE id <> '{named}'"""  # noqa: S608
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(text(copies.format(id=id)))
        await db.execute(text(words_of_all))
        if dialect == "postgresql":
            # Else its planner guesses, until the database does this itself.
            await db.execute(text("ANALYZE"))
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "found" in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    assert await found(newsroom["reader"], "needle") == ["needle"]
    event.remove(Engine, "before_cursor_execute", note)

    [(statement, parameters)] = asked
    if dialect == "postgresql":
        connection = await asyncpg.connect(database_url)
        plan = str(await connection.fetch(f"EXPLAIN {statement}", *parameters))
        await connection.close()
        assert "ix_document_words_keys" in plan
        assert "Seq Scan on documents" not in plan
    else:
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
            plan = str(file.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())
        assert "document_index VIRTUAL TABLE INDEX" in plan
        assert "SCAN documents" not in plan
        assert "SCAN document_words" not in plan
