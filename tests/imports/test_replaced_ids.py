"""Ids that another project has, and what replaces them here, which a file may name as well."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.imports import batches
from app.imports.stored import derived_id
from app.projects import queries as projects
from tests import make
from tests.conftest import Newsroom
from tests.imports.test_over_http import file_of, refusals

PATH = "/v1/projects/copy/import"
TAKEN = str(make.id_of(50))


async def both(newsroom: Newsroom) -> str:
    """Have ``demo`` take the id, as an annotation's and a document's; what replaces it in copy."""
    await make.project(newsroom["admin"], "copy")
    document = await make.document(newsroom["annotator"], id=TAKEN)
    await make.annotation(newsroom["annotator"], document["id"], id=TAKEN)
    async with newsroom.app.state.database.session(writes=False) as db:
        standing = await projects.standing_as(db, "admin", "copy")
    return str(derived_id(standing.project_id, UUID(TAKEN)))


def claim(id: str, quote: str = "Officials") -> dict[str, Any]:
    return {"id": id, "label": "claim", "quote": quote}


def line(number: int, *annotations: dict[str, Any], **said: Any) -> dict[str, Any]:
    it = {"id": str(make.id_of(number)), "title": f"Line {number}", "text": make.TEXT}
    return {**it, "annotations": annotations, **said}


async def send(newsroom: Newsroom, *lines: dict[str, Any], **query: Any) -> httpx.Response:
    query.setdefault("format", "jsonl")
    return await newsroom["admin"].post(PATH, params=query, content=file_of(*lines))


@pytest.mark.parametrize(("order", "second"), [(1, "source"), (-1, "target")])
async def test_an_id_and_what_replaces_it_are_not_given_twice_in_a_line(
    newsroom: Newsroom, order: int, second: str
) -> None:
    replacing = await both(newsroom)
    denial = {"id": replacing, "label": "denial", "quote": "totally unfounded"}
    relation = {"type": "denies", "source": replacing, "target": TAKEN}
    sent = line(1, *[claim(TAKEN), denial][::order], relations=[relation])

    answer = await send(newsroom, sent)
    report = await make.said(await send(newsroom, sent, mode="skip-refused"), 200)

    make.refused(answer, 422, "import-refused")
    assert refusals(report["refusals"]) == [
        (1, "/annotations/1/id", "invalid-value"),
        (1, f"/relations/0/{second}", "unknown-annotation"),
    ]
    assert report["created"] == {"documents": 1, "annotations": 1, "relations": 0}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("spans", [1, 1000])
async def test_an_id_and_what_replaces_it_in_another_line_are_of_two_documents(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, spans: int, order: int
) -> None:
    monkeypatch.setattr(batches, "_SPANS_A_BATCH", spans)
    replacing = await both(newsroom)
    lines = [line(1, claim(TAKEN)), line(2, claim(replacing))][::order]

    report = await make.said(await send(newsroom, *lines, mode="skip-refused"), 200)

    assert refusals(report["refusals"]) == [(2, "/annotations/0/id", "id-conflict")]
    assert report["created"] == {"documents": 2, "annotations": 1, "relations": 0}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("spans", [1, 1000])
async def test_a_document_and_what_replaces_it_are_one(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, spans: int, order: int
) -> None:
    monkeypatch.setattr(batches, "_SPANS_A_BATCH", spans)
    replacing = await both(newsroom)
    lines = [line(1, id=TAKEN), line(1, id=replacing)][::order]

    report = await make.said(await send(newsroom, *lines), 200)

    assert (report["created"]["documents"], report["unchanged"]["documents"]) == (1, 1)


async def test_what_replaces_a_document_in_one_project_may_be_taken_in_another(
    newsroom: Newsroom,
) -> None:
    replacing = await both(newsroom)
    await make.document(newsroom["annotator"], id=replacing, title="Line 1")

    report = await make.said(
        await send(newsroom, line(1, claim(str(make.id_of(3))), id=TAKEN), mode="skip-refused"), 200
    )

    assert refusals(report["refusals"]) == [(1, "", "id-conflict")]
    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 0}
