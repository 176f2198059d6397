"""A file once more: what of it is there already stays as it is, whatever it became since."""

from typing import Any

import pytest

from app.imports import batches
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.imports.test_over_http import file_of, refusals, send

DOCUMENT, CLAIM, DENIAL = (str(make.id_of(number)) for number in (101, 102, 103))
CLAIMED: dict[str, Any] = {"label": "claim", "quote": "Officials"}
DENIED: dict[str, Any] = {"label": "denial", "quote": "totally unfounded"}
BARE: dict[str, Any] = {"title": "An article", "text": make.TEXT}


async def again(newsroom: Newsroom, *lines: Any, who: str = "manager") -> dict[str, int]:
    """What is unchanged of a file that must not change anything."""
    before = await rows(newsroom)
    report = await make.said(await send(newsroom, file_of(*lines), who), 200)
    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert await rows(newsroom) == before
    unchanged: dict[str, int] = report["unchanged"]
    return unchanged


@pytest.mark.parametrize("version", [1, 3])
async def test_what_was_edited_is_known_by_what_the_file_said(
    newsroom: Newsroom, version: int
) -> None:
    """What a restored export said is the first version that is stored, and not version 1."""
    line = {**BARE, "id": DOCUMENT, "annotations": [{**CLAIMED, "id": CLAIM, "version": version}]}
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    path = f"/v1/annotations/{CLAIM}"
    for seen in (version, version + 1):
        edit = {"note": f"Seen at {seen}."}
        await make.said(
            await newsroom["manager"].patch(path, json=edit, headers=make.seen(seen)), 200
        )

    assert await again(newsroom, line) == {"documents": 1, "annotations": 1, "relations": 0}
    between = {**CLAIMED, "id": CLAIM, "note": f"Seen at {version}."}
    other = await send(newsroom, file_of({**line, "annotations": [between]}), "manager")
    problem = make.refused(other, 422, "import-refused")
    assert refusals(problem["errors"]) == [(1, "/annotations/0/id", "id-conflict")]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("spans", [1, 1000])
async def test_an_id_and_an_external_id_that_it_got_later_name_one_document(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, spans: int, order: int
) -> None:
    monkeypatch.setattr(batches, "_SPANS_A_BATCH", spans)
    manager = newsroom["manager"]
    await make.said(await send(newsroom, file_of({**BARE, "id": DOCUMENT}), "manager"), 200)
    edit = {"external_id": "later"}
    path = f"/v1/documents/{DOCUMENT}"
    await make.said(await manager.patch(path, json=edit, headers=make.seen(1)), 200)
    named = ({"external_id": "later"}, {"id": DOCUMENT})
    claimed = {**CLAIMED, "external_id": "c"}
    lines = [{**BARE, **name, "annotations": [claimed]} for name in named][::order]

    report = await make.said(await send(newsroom, file_of(*lines), "manager"), 200)

    assert report["created"] == {"documents": 0, "annotations": 1, "relations": 0}
    assert report["unchanged"] == {"documents": 2, "annotations": 1, "relations": 0}
    other = {**lines[1], "annotations": [{**DENIED, "external_id": "c"}]}
    answer = await send(newsroom, file_of(lines[0], other), "manager")
    problem = make.refused(answer, 422, "import-refused")
    assert [error["line"] for error in problem["errors"]] == [2]
