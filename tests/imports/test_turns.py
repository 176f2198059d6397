"""What a file costs whose records have to wait for one another, or have very many ids."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest

from app.imports import queries, stored, turns
from app.imports.stored import derived_id
from app.imports.turns import Claimant
from app.projects import queries as projects
from tests import make
from tests.conftest import Newsroom
from tests.imports.test_over_http import file_of, refusals, send

PAIRS = 40
BARE: dict[str, Any] = {"title": "An article", "text": make.TEXT}


def claim(number: int) -> dict[str, Any]:
    return {"id": str(make.id_of(number)), "label": "claim", "quote": "Officials"}


async def test_records_that_name_documents_in_two_ways_by_turns_are_looked_up_once(
    newsroom: Newsroom, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [(str(make.id_of(number)), f"x{number}") for number in range(PAIRS)]
    there = [{**BARE, "id": id, "external_id": external} for id, external in names]
    await make.said(await send(newsroom, file_of(*there), "manager"), 200)
    lines = [{**BARE, **name} for id, x in names for name in ({"id": id}, {"external_id": x})]
    visits = 0
    found_as = Claimant.found_as

    def counted(record: Claimant, document_id: UUID) -> None:
        nonlocal visits
        visits += 1
        found_as(record, document_id)

    monkeypatch.setattr(Claimant, "found_as", counted)
    statements.clear()

    report = await make.said(await send(newsroom, file_of(*lines), mode="skip-refused"), 200)

    assert report["unchanged"]["documents"] == report["refused"]["documents"] == PAIRS
    assert len([it for it in statements if "LEFT OUTER JOIN changes" in it]) == 1
    # In its turn, as the one that ends the turn before, and as one that waits for what is written.
    assert visits <= 3 * len(lines)


async def test_records_that_name_ids_of_another_project_by_turns_are_looked_up_twice(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once with all that come after them, and once in their turn."""
    await make.project(newsroom["admin"], "copy")
    claims = [claim(number) for number in range(PAIRS)]
    there = {**BARE, "annotations": claims}
    await make.said(await send(newsroom, file_of(there), "manager"), 200)
    async with newsroom.app.state.database.session(writes=False) as db:
        copy = (await projects.standing_as(db, "admin", "copy")).project_id
    both = [
        {**it, "id": id}
        for it in claims
        for id in (it["id"], str(derived_id(copy, UUID(it["id"]))))
    ]
    lines = [
        {**BARE, "id": str(make.id_of(1000 + place)), "annotations": [it]}
        for place, it in enumerate(both)
    ]
    asked = 0
    annotations = queries.annotations

    async def counted(
        db: Any, documents: Any, ids: Collection[UUID], external_ids: Any
    ) -> list[Any]:
        nonlocal asked
        asked += len(ids)
        return await annotations(db, documents, ids, external_ids)

    monkeypatch.setattr(queries, "annotations", counted)

    path = "/v1/projects/copy/import?format=jsonl&mode=skip-refused"
    answer = await newsroom["admin"].post(path, content=file_of(*lines))

    report = await make.said(answer, 200)
    assert report["created"] == {"documents": 2 * PAIRS, "annotations": PAIRS, "relations": 0}
    found = refusals(report["refusals"])
    assert found == [
        (2 * place, "/annotations/0/id", "id-conflict") for place in range(1, len(found) + 1)
    ]
    # Each with what replaces it here, where another project has it.
    assert asked <= 2 * 2 * len(lines)


async def test_of_ids_that_no_other_project_has_nothing_is_derived(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a document of 160,000 annotations that took more than a second."""
    derived: list[UUID] = []

    def noted(project_id: UUID, id: UUID) -> UUID:
        derived.append(id)
        return derived_id(project_id, id)

    for module in (stored, turns):
        monkeypatch.setattr(module, "derived_id", noted)
    nameless = [{"label": "claim", "quote": "Officials"}, {"label": "denial", "quote": "Officials"}]
    line = {**BARE, "id": str(make.id_of(1)), "annotations": [claim(2), *nameless]}

    report = await make.said(await send(newsroom, file_of(line)), 200)

    assert report["created"]["annotations"] == 3
    assert derived == []
