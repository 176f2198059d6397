"""Pages of long text: they end early, and one alone that no page can hold is refused."""

import json
from typing import Any

import pytest
from sqlalchemy import Select, Text, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from app.core.database import Database
from app.core.database.page_budget import CHARACTERS
from app.core.database.rowjson import read_page
from app.core.errors import InvalidParameter
from tests import make
from tests.conftest import Newsroom
from tests.http.test_paging import pages

LENGTH = 1_500_000
WORDS = ("Kyiv spoke. " * 200_000)[:LENGTH]

# By what makes them long: the fields of an annotation, and how many of those fill a page.
LONG: dict[str, tuple[dict[str, Any], int]] = {
    "quote": ({"start": 1, "end": 1 + LENGTH, "quote": WORDS}, 3),
    "attribute": (
        {
            "quote": "😀",
            "attributes": {"cue_span": {"start": 1, "end": 1 + LENGTH, "quote": WORDS}},
        },
        3,
    ),
    "fragments": (
        {
            "fragments": [
                {"start": 1, "end": LENGTH, "quote": WORDS[:-1]},
                {"start": LENGTH, "end": 1 + LENGTH, "quote": WORDS[-1]},
            ]
        },
        2,
    ),
}


def sizes(walked: list[dict[str, Any]]) -> list[int]:
    return [len(page["items"]) for page in walked]


@pytest.mark.parametrize("kind", LONG)
async def test_a_list_of_long_annotations_ends_its_pages_early(
    newsroom: Newsroom, kind: str
) -> None:
    annotator, reader = newsroom["annotator"], newsroom["reader"]
    document = (await make.document(annotator, f"😀{WORDS}!"))["id"]
    said, full = LONG[kind]
    path = f"/v1/documents/{document}/annotations"
    made = []
    for number in range(full + 1):
        # Short ones between them, which take no room.
        for fields in (said, {"quote": "!"}):
            new = {"label": "claim", "note": f"{number}", **fields}
            made.append((await make.said(await annotator.post(path, json=new)))["id"])

    for of, order in ((path, ""), *(("/v1/projects/demo/annotations", o) for o in ORDERS)):
        for unit in ("code_points", "utf16"):
            query = f"limit=1000&offset_unit={unit}{order}"
            # The first page of a document is kept, and read again.
            walks = [await pages(reader, of, query) for _ in range(2)]
            assert walks[0] == walks[1]
            alone = await pages(reader, of, f"limit=1&offset_unit={unit}{order}")

            items = [item for page in walks[0] for item in page["items"]]
            assert items == [item for page in alone for item in page["items"]]
            assert sorted(item["id"] for item in items) == sorted(made)
            # The first page ends with the long one that fills it.
            long = [len(json.dumps(item)) > LENGTH for item in walks[0][0]["items"]]
            assert long.count(True) == full
            assert long[-1]
            assert len(walks[0]) == 2


ORDERS = ("&order=oldest", "&order=newest")


async def test_a_page_that_is_full_of_text_says_whether_more_follow(newsroom: Newsroom) -> None:
    document = (await make.document(newsroom["annotator"], f"😀{WORDS}!"))["id"]
    said, full = LONG["quote"]
    path = f"/v1/documents/{document}/annotations"
    for _ in range(full):
        new = {"label": "claim", **said}
        await make.said(await newsroom["annotator"].post(path, json=new))

    for query in ("limit=1000", f"limit={full}", "limit=1000&status=pending"):
        [page] = await pages(newsroom["reader"], path, query)
        assert len(page["items"]) == full
    await make.annotation(newsroom["annotator"], document, "claim", "!")
    for query in ("limit=1000", f"limit={full}", "limit=1000&status=pending"):
        walked = await pages(newsroom["reader"], path, query)
        assert sizes(walked) == [full, 1]


async def test_a_list_of_documents_with_much_metadata_ends_its_pages_early(
    newsroom: Newsroom,
) -> None:
    told = {"told": "я" * 49_000}
    full = -(-CHARACTERS // len(json.dumps(told, ensure_ascii=False).encode()))
    made = [
        (await make.document(newsroom["annotator"], "Kyiv spoke.", title="T", metadata=told))["id"]
        for _ in range(full + 2)
    ]

    path = "/v1/projects/demo/documents"
    for query, expected in (
        ("", made),
        ("&order=newest", made[::-1]),
        ("&q=spoke", made),
        ("&q=spoke&order=newest", made[::-1]),
    ):
        walked = await pages(newsroom["reader"], path, f"limit=1000{query}")
        assert [item["id"] for page in walked for item in page["items"]] == expected
        assert sizes(walked) == [full, 2]


async def test_a_list_of_releases_with_much_in_their_filters_ends_its_pages_early(
    newsroom: Newsroom,
) -> None:
    labels = [f"{number:03}" + "я" * 990 for number in range(200)]
    full = -(-CHARACTERS // len("".join(labels).encode()))
    made = [f"r{number:02}" for number in range(full + 2)]
    for name in made:
        await make.release(newsroom["manager"], name, label=labels)

    walked = await pages(newsroom["reader"], "/v1/projects/demo/releases", "limit=1000")

    assert [item["name"] for page in walked for item in page["items"]] == made
    assert sizes(walked)[0] in {full - 1, full}
    assert len(walked) == 2


async def test_a_list_of_decisions_with_long_comments_ends_its_pages_early(
    newsroom: Newsroom,
) -> None:
    annotation, full = await much_decided(newsroom)

    path = f"/v1/annotations/{annotation}/decisions"
    walked = await pages(newsroom["reader"], path, "limit=1000")

    versions = [item["version"] for page in walked for item in page["items"]]
    assert versions == list(range(1, full + 3))
    assert sizes(walked) == [full, 2]


async def much_decided(newsroom: Newsroom) -> tuple[str, int]:
    """The id of an annotation whose decisions fill a page and two more, and how many fill one."""
    comment = "я" * 10_000
    full = -(-CHARACTERS // len(comment.encode()))
    decision = {"verdict": "reject", "comment": comment, "reviewer": "reviewer"}
    at = "2026-01-01T00:00:00Z"
    annotation = {
        "label": "claim",
        "quote": "Kyiv",
        "version": full + 3,
        "status": "rejected",
        "decided_by": "reviewer",
        "decided_at": at,
        "author": "annotator",
        "decisions": [
            {**decision, "version": version, "decided_at": at} for version in range(1, full + 3)
        ],
    }
    line = json.dumps({"title": "T", "text": "Kyiv spoke.", "annotations": [annotation]})
    answer = await newsroom["manager"].post("/v1/projects/demo/import?format=jsonl", content=line)
    assert (await make.said(answer, 200))["created"]["annotations"] == 1
    found = await newsroom["reader"].get("/v1/projects/demo/annotations")
    [item] = found.json()["items"]
    return item["id"], full


TOO_LONG: dict[str, Select[Any]] = {
    "postgresql": select(func.repeat(literal_column("'x'", Text), literal_column("2000000000"))),
    "sqlite": select(func.hex(func.zeroblob(literal_column("600000000")))),
}


async def test_a_page_that_is_too_long_is_refused_with_the_parameter_that_cures_it(
    newsroom: Newsroom, dialect: str
) -> None:
    database: Database = newsroom.app.state.database
    with pytest.raises(InvalidParameter, match="too long"):
        async with database.session(writes=False) as db:
            await read_page(db, TOO_LONG[dialect], {})

    # What else may be wrong is not called so.
    with pytest.raises(DBAPIError):
        async with database.session(writes=False) as db:
            await read_page(db, select(func.no_such_function()), {})
