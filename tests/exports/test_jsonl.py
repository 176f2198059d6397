"""Pulling a project as JSON Lines."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.exports.schemas import ExportedDocument
from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/export?format=jsonl"


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_line_holds_a_document_with_its_annotations_and_relations(
    newsroom: Newsroom,
) -> None:
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(annotator, external_id="a-1", metadata={"desk": "world"})
    claim = await make.annotation(annotator, document["id"], attributes={"speaker": "Ukraine"})
    denial = await make.annotation(
        annotator, document["id"], "denial", "have called the allegations “totally unfounded”"
    )
    relation = await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    decision = await make.decision(reviewer, claim["id"])

    response = await newsroom["reader"].get(PATH)

    (line,) = lines_of(response)
    # It is what the OpenAPI document says of it, no more and no less.
    assert ExportedDocument.model_validate(line).model_dump(mode="json") == line
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["content-disposition"] == 'attachment; filename="demo.jsonl"'
    assert int(response.headers["stet-snapshot"]) > 0
    for name in ("id", "external_id", "title", "text", "metadata", "sha256", "revision", "version"):
        assert line[name] == document[name]
    assert [annotation["id"] for annotation in line["annotations"]] == [claim["id"], denial["id"]]
    exported = line["annotations"][0]
    for name in ("label", "start", "end", "quote", "attributes", "note", "origin", "created_at"):
        assert exported[name] == claim[name]
    assert exported["status"] == "approved"
    assert exported["decided_by"] == "reviewer"
    assert exported["version"] == 2
    assert exported["decisions"] == [
        {
            "version": 1,
            "verdict": "approve",
            "comment": None,
            "reviewer": "reviewer",
            "decided_at": decision["decided_at"],
        }
    ]
    assert line["relations"] == [
        {
            "id": relation["id"],
            "type": "denies",
            "source": denial["id"],
            "target": claim["id"],
            "author": "annotator",
            "created_at": relation["created_at"],
        }
    ]


async def test_only_matching_annotations_come_and_only_whole_relations(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    claim = await make.annotation(annotator, document["id"])
    denial = await make.annotation(annotator, document["id"], "denial", "totally unfounded")
    await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(newsroom["reviewer"], claim["id"])

    (approved,) = lines_of(await newsroom["reader"].get(f"{PATH}&status=approved"))
    (denials,) = lines_of(await newsroom["reader"].get(f"{PATH}&label=denial"))

    assert [item["id"] for item in approved["annotations"]] == [claim["id"]]
    assert approved["relations"] == []
    assert [item["id"] for item in denials["annotations"]] == [denial["id"]]


async def test_documents_without_a_match_come_unless_annotated(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    first = await make.document(annotator)
    second = await make.document(annotator)
    await make.annotation(annotator, second["id"])

    everything = lines_of(await newsroom["reader"].get(PATH))
    annotated = lines_of(await newsroom["reader"].get(f"{PATH}&annotated=true"))
    approved = lines_of(await newsroom["reader"].get(f"{PATH}&annotated=true&status=approved"))

    assert [line["id"] for line in everything] == [first["id"], second["id"]]
    assert [line["id"] for line in annotated] == [second["id"]]
    assert approved == []


async def test_withdrawn_annotations_and_deleted_documents_are_left_out(
    newsroom: Newsroom,
) -> None:
    annotator = newsroom["annotator"]
    kept = await make.document(annotator)
    deleted = await make.document(annotator)
    withdrawn = await make.annotation(annotator, kept["id"])
    match = {"If-Match": '"1"'}
    await annotator.delete(f"/v1/annotations/{withdrawn['id']}", headers=match)
    await newsroom["manager"].delete(f"/v1/documents/{deleted['id']}", headers=match)

    (line,) = lines_of(await newsroom["reader"].get(PATH))

    assert line["id"] == kept["id"]
    assert line["annotations"] == []


async def test_an_export_is_one_moment_while_others_write(newsroom: Newsroom) -> None:
    """A denial is written in one document, then a claim, then what joins them; then the same in
    another document. A pull that saw two moments would find more of a later step.
    """
    annotator = newsroom["annotator"]
    left = await make.document(annotator)
    right = await make.document(annotator)

    async def write() -> None:
        for _ in range(12):
            for document in (left, right):
                denial = await make.annotation(annotator, document["id"], "denial")
                # A pull on SQLite takes many turns of the loop.
                await asyncio.sleep(0.01)
                claim = await make.annotation(annotator, document["id"])
                await asyncio.sleep(0.01)
                await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])

    writing = asyncio.create_task(write())
    seen = []
    while not writing.done():
        steps = []
        for line in lines_of(await newsroom["reader"].get(PATH)):
            labels = [annotation["label"] for annotation in line["annotations"]]
            steps += [labels.count("denial"), labels.count("claim"), len(line["relations"])]
            ends = {end for it in line["relations"] for end in (it["source"], it["target"])}
            assert ends <= {annotation["id"] for annotation in line["annotations"]}
        seen.append(steps)
    await writing

    assert len({tuple(steps) for steps in seen}) > 3
    for steps in seen:
        assert steps == sorted(steps, reverse=True), seen
        assert steps[0] - steps[-1] in {0, 1}, seen


async def test_the_number_of_statements_does_not_grow_with_the_documents(
    newsroom: Newsroom, statements: list[str]
) -> None:
    await make.document(newsroom["annotator"])
    statements.clear()
    await newsroom["reader"].get(PATH)
    for_one = len(statements)
    for _ in range(9):
        await make.document(newsroom["annotator"])
    statements.clear()

    await newsroom["reader"].get(PATH)

    assert len(statements) == for_one, "\n".join(statements)


@pytest.mark.parametrize("query", ["", "format=xml", "format="])
async def test_a_format_that_is_not_there_is_refused(newsroom: Newsroom, query: str) -> None:
    response = await newsroom["reader"].get(f"/v1/projects/demo/export?{query}")

    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "format"
