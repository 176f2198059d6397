"""Many decisions at once, each on its own."""

import json
from typing import Any

import pytest

from app.reviews import bulk
from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head

PATH = "/v1/projects/demo/decisions"


def item(annotation: dict[str, Any], version: int = 1, **fields: Any) -> dict[str, Any]:
    return {"annotation": annotation["id"], "version": version, "verdict": "approve", **fields}


async def test_each_is_answered_as_it_would_be_alone(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "secret")
    hidden = await make.document(newsroom["admin"], project="secret")
    secret = await make.annotation(newsroom["admin"], hidden["id"])
    document = await make.document(newsroom["annotator"], make.ASTRAL)

    async def made(name: str = "annotator") -> dict[str, Any]:
        return await make.annotation(newsroom[name], document["id"], quote="да")

    one, two, three, four, five = [await made() for _ in range(5)]
    own, withdrawn, edited = await made("reviewer"), await made(), await made()
    await newsroom["annotator"].delete(f"/v1/annotations/{withdrawn['id']}", headers=make.seen(1))
    await newsroom["annotator"].patch(
        f"/v1/annotations/{edited['id']}", json={"note": "n"}, headers=make.seen(1)
    )
    said = await make.decision(newsroom["reviewer"], five["id"])
    nowhere = {"id": str(make.id_of(404))}
    items = [
        item(one),
        item(two, verdict="reject", comment="No."),
        item(three, verdict="request_changes", comment="More."),
        item(four, verdict="reject"),
        item(five),
        item(own),
        item(withdrawn, 2),
        item(edited, 1),
        item(nowhere),
        item(secret),
        # The same again; another verdict, on the same version and on the one that the first made.
        item(one),
        item(one, verdict="reject", comment="No."),
        item(one, 2, verdict="reject", comment="No."),
    ]

    answer = await newsroom["reviewer"].post(
        PATH, json={"decisions": items}, params={"offset_unit": "utf8"}
    )

    results = (await make.said(answer, 200))["results"]
    assert [result["annotation"] for result in results] == [each["annotation"] for each in items]
    outcomes = [
        (result["status"], (result["problem"] or {}).get("type", "").removeprefix("/problems/"))
        for result in results
    ]
    assert outcomes == [
        (201, ""),
        (201, ""),
        (201, ""),
        (422, "comment-required"),
        (200, ""),
        (403, "own-annotation"),
        (410, "gone"),
        (412, "stale-version"),
        (404, "not-found"),
        (404, "not-found"),
        (200, ""),
        (422, "invalid-value"),
        (422, "invalid-value"),
    ]
    for result in results:
        assert (result["decision"] is None) == (result["status"] >= 400)
        assert (result["problem"] is None) == (result["status"] < 400)
    assert results[4]["decision"] == said
    assert results[10]["decision"] == results[0]["decision"]
    assert results[8]["problem"] == results[9]["problem"]
    current = await newsroom["reader"].get(
        f"/v1/annotations/{edited['id']}", params={"offset_unit": "utf8"}
    )
    assert results[7]["problem"]["current"] == current.json()
    statuses = {
        id: (await newsroom["reader"].get(f"/v1/annotations/{id}")).json()["status"]
        for id in (one["id"], two["id"], three["id"], four["id"], own["id"])
    }
    assert list(statuses.values()) == [
        "approved",
        "rejected",
        "changes_requested",
        "pending",
        "pending",
    ]
    history = await newsroom["reader"].get(f"/v1/annotations/{two['id']}/history")
    assert history.json()["decisions"] == [results[1]["decision"]]
    assert [version["status"] for version in history.json()["versions"]] == ["pending", "rejected"]


async def test_whoever_edited_may_reject_and_not_approve(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    for each in made:
        path = f"/v1/annotations/{each['id']}"
        await newsroom["reviewer"].patch(path, json={"note": "By me."}, headers=make.seen(1))

    items = [item(made[0], 2), item(made[1], 2, verdict="reject", comment="No.")]
    answer = await newsroom["reviewer"].post(PATH, json={"decisions": items})

    assert [result["status"] for result in answer.json()["results"]] == [403, 201]


async def test_each_decision_has_its_entry_in_the_order_of_the_request(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(3)]
    end = await head(newsroom)

    items = [item(made[2]), item(made[0], 7), item(made[1])]
    await newsroom["reviewer"].post(PATH, json={"decisions": items})

    entries = await entries_after(newsroom, end)
    assert [
        (entry.sequence, entry.kind, str(entry.subject_id), entry.version) for entry in entries
    ] == [
        (end + 1, "annotation.decided", made[2]["id"], 2),
        (end + 2, "annotation.decided", made[1]["id"], 2),
    ]
    assert await head(newsroom) == end + 2


async def test_the_same_request_again_changes_nothing(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(3)]
    body = {"decisions": [item(annotation) for annotation in made]}
    first = await newsroom["reviewer"].post(PATH, json=body)
    end = await head(newsroom)

    again = await newsroom["reviewer"].post(PATH, json=body)

    assert [result["status"] for result in again.json()["results"]] == [200, 200, 200]
    assert [result["decision"] for result in again.json()["results"]] == [
        result["decision"] for result in first.json()["results"]
    ]
    assert await entries_after(newsroom, end) == []


async def test_of_two_verdicts_on_one_annotation_only_the_first_counts_however_often_sent(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    made = await make.annotation(newsroom["annotator"], document["id"])
    body = {"decisions": [item(made), item(made, 2, verdict="reject", comment="No.")]}
    answers = []
    for _ in range(2):
        answer = await newsroom["reviewer"].post(PATH, json=body)
        answers.append([result["status"] for result in answer.json()["results"]])

    assert answers == [[201, 422], [200, 422]]
    now = await newsroom["reader"].get(f"/v1/annotations/{made['id']}")
    assert (now.json()["status"], now.json()["version"]) == ("approved", 2)


async def test_one_that_was_refused_keeps_none_behind_it_from_being_decided(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    made = await make.annotation(newsroom["annotator"], document["id"])
    items = [
        item(made, 9),
        item(made, verdict="reject"),
        item(made, verdict="reject", comment="No."),
        item(made, 9),
    ]
    answers = []
    for _ in range(2):
        answer = await newsroom["reviewer"].post(PATH, json={"decisions": items})
        answers.append([result["status"] for result in answer.json()["results"]])

    assert answers == [[412, 422, 201, 422], [412, 422, 200, 422]]
    now = await newsroom["reader"].get(f"/v1/annotations/{made['id']}")
    assert (now.json()["status"], now.json()["version"]) == ("rejected", 2)


async def test_none_is_decided_that_makes_a_version_for_one_that_was_refused_before_it(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    made = await make.annotation(newsroom["annotator"], document["id"])
    # Sent again, the approval would find its version, were the rejection taken.
    items = [item(made, 2), item(made, verdict="reject", comment="No.")]
    for _ in range(2):
        answer = await newsroom["reviewer"].post(PATH, json={"decisions": items})

        stale, refused = answer.json()["results"]
        assert stale["problem"]["type"] == "/problems/stale-version"
        [error] = refused["problem"]["errors"]
        assert (error["pointer"], error["code"]) == ("/version", "invalid-value")
    current = await newsroom["reader"].get(f"/v1/annotations/{made['id']}")
    assert current.json() == made


async def test_up_to_1000_are_taken_at_a_cost_that_does_not_grow_and_1001_are_refused(
    newsroom: Newsroom, statements: list[str]
) -> None:
    made = [
        {"id": str(make.id_of(number)), "label": "claim", "quote": "Beijing"}
        for number in range(1004)
    ]
    record = {"title": "An article", "text": make.TEXT, "annotations": made}
    answer = await newsroom["annotator"].post(
        "/v1/projects/demo/import", params={"format": "jsonl"}, content=json.dumps(record)
    )
    assert (await make.said(answer, 200))["created"]["annotations"] == 1004
    costs = []
    for some in (made[:1], made[1:4], made[4:]):
        statements.clear()

        answer = await newsroom["reviewer"].post(
            PATH, json={"decisions": [item(annotation) for annotation in some]}
        )

        assert {result["status"] for result in answer.json()["results"]} == {201}
        costs.append(len(statements))
    # Who and may they in one; BEGIN; the log's lock and its epoch; whether they still may; the
    # annotations; what the reviewer said of them before; their history; their new state; the
    # decisions; the entries; the log's new end; COMMIT.
    # SQLite: BEGIN for the reader and BEGIN IMMEDIATE for the writer, and COMMIT is no statement.
    assert costs == [12, 12, 12], "\n".join(statements)

    for some in (made[:1] * 1001, []):
        refused = await newsroom["reviewer"].post(
            PATH, json={"decisions": [item(annotation, 2) for annotation in some]}
        )
        [error] = make.refused(refused, 422, "invalid-value")["errors"]
        assert error["pointer"] == "/decisions"


async def test_an_item_of_another_form_is_refused_and_the_others_are_decided(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    one, other, bad = [
        await make.annotation(newsroom["annotator"], document["id"]) for _ in range(3)
    ]
    refused: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"version": 0}, [("/version", "invalid-value")]),
        ({"version": "1"}, [("/version", "invalid-value")]),
        ({"version": True}, [("/version", "invalid-value")]),
        ({"version": 2**31}, [("/version", "invalid-value")]),
        ({"version": 10**400}, [("/version", "invalid-value")]),
        ({"verdict": "approved"}, [("/verdict", "invalid-value")]),
        ({"verdict": "a\0b"}, [("/verdict", "invalid-value")]),
        ({"verdict": {"\0": "\0"}}, [("/verdict", "invalid-value")]),
        ({"comment": "\0"}, [("/comment", "control-character")]),
        ({"comment": ["\0"]}, [("/comment", "invalid-value")]),
        ({"comment": 10**23}, [("/comment", "invalid-value")]),
        ({"comment": "c" * 10_001}, [("/comment", "invalid-value")]),
        ({"note": "n"}, [("/note", "unknown-field")]),
        ({"verdict": 1, "n": 1}, [("/verdict", "invalid-value"), ("/n", "unknown-field")]),
        ({f"n{number}": 1 for number in range(21)}, [("", "invalid-value")]),
    ]
    nameless = {"annotation": bad["id"]}
    items = [item(one), *(item(bad) | fields for fields, _ in refused), nameless, item(other)]

    answer = await newsroom["reviewer"].post(PATH, json={"decisions": items})

    first, *results, last = (await make.said(answer, 200))["results"]
    assert (first["status"], last["status"]) == (201, 201)
    expected = [found for _, found in refused]
    expected.append([("/verdict", "missing-field"), ("/version", "missing-field")])
    for result, found in zip(results, expected, strict=True):
        problem = result["problem"]
        assert (result["annotation"], result["status"]) == (bad["id"], 422)
        code = found[0][1] if len(found) == 1 and found[0][0] else "invalid-body"
        assert problem["type"] == f"/problems/{code}"
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == found
    current = await newsroom["reader"].get(f"/v1/annotations/{bad['id']}")
    assert current.json() == bad


async def test_an_item_that_names_no_annotation_refuses_the_request(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    refused: list[tuple[Any, str]] = [
        (item(annotation) | {"annotation": "x"}, "/decisions/1/annotation"),
        (item(annotation) | {"annotation": "a\0b"}, "/decisions/1/annotation"),
        (item(annotation) | {"annotation": 10**23}, "/decisions/1/annotation"),
        (item(annotation) | {"annotation": None, "note": "n"}, "/decisions/1/annotation"),
        ({"version": 1, "verdict": "approve"}, "/decisions/1/annotation"),
    ]
    for second, pointer in refused:
        answer = await newsroom["reviewer"].post(
            PATH, json={"decisions": [item(annotation), second]}
        )

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    for second in ("x", annotation["id"], 1, None, [item(annotation)]):
        answer = await newsroom["reviewer"].post(
            PATH, json={"decisions": [item(annotation), second]}
        )

        [error] = make.refused(answer, 422, "invalid-value")["errors"]
        assert error["pointer"] == "/decisions/1"
        assert error["detail"] == "Input should be an object."
    answer = await newsroom["reviewer"].post(PATH, json={"decisions": item(annotation)})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/decisions"]
    current = await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}")
    assert current.json() == annotation


async def test_reviewers_and_above_may_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator": 403,
        "reviewer": 200,
        "manager": 200,
        "admin": 200,
    }.items():
        answer = await newsroom[name].post(PATH, json={"decisions": [item(annotation)]})

        assert answer.status_code == status, name


async def test_the_document_says_until_when_what_stands_now_is_shown(newsroom: Newsroom) -> None:
    document = newsroom.app.openapi()
    problem = document["components"]["schemas"]["BulkResult"]["properties"]["problem"]
    operation = document["paths"]["/v1/projects/{project}/decisions"]["post"]

    for said in (problem["description"], operation["description"]):
        assert "4,000,000 characters" in " ".join(said.split())


async def test_what_stands_now_is_shown_of_as_many_as_fit(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await make.document(newsroom["annotator"])
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    one, other = ({"annotation": it["id"], "version": 9, "verdict": "approve"} for it in made)
    body = {"decisions": [one, one, other, one]}
    path = "/v1/projects/demo/decisions"
    whole = (await newsroom["reviewer"].post(path, json=body)).json()["results"]
    monkeypatch.setattr(bulk, "_CURRENT_CHARACTERS", 2 * len(made[0]["quote"]))

    fewer = (await newsroom["reviewer"].post(path, json=body)).json()["results"]

    assert [it["problem"]["current"] for it in whole] == [made[0], made[0], made[1], made[0]]
    assert fewer[:2] == whole[:2]
    for short, shown in zip(fewer[2:], whole[2:], strict=True):
        assert short["problem"] == {**shown["problem"], "current": None}
        assert short["problem"]["detail"] == "The current version is 1."
