"""Deciding: a verdict on exactly the version that the reviewer saw."""

from typing import Any

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head

STATUSES = {
    "approve": "approved",
    "reject": "rejected",
    "request_changes": "changes_requested",
}


async def decided(
    newsroom: Newsroom, name: str, annotation_id: str, version: int, **body: Any
) -> Any:
    """The answer to a decision."""
    return await newsroom[name].post(
        f"/v1/annotations/{annotation_id}/decisions",
        json={"verdict": "approve", **body},
        headers=make.seen(version),
    )


async def test_each_verdict_sets_its_status_and_makes_a_version(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for verdict, status in STATUSES.items():
        annotation = await make.annotation(newsroom["annotator"], document["id"])
        path = f"/v1/annotations/{annotation['id']}"

        answer = await decided(
            newsroom, "reviewer", annotation["id"], 1, verdict=verdict, comment="Weil.\n—"
        )

        decision = await make.said(answer)
        assert answer.headers["ETag"] == '"2"'
        assert decision == {
            "id": decision["id"],
            "annotation": annotation["id"],
            "version": 1,
            "resulting_version": 2,
            "verdict": verdict,
            "status": status,
            "comment": "Weil.\n—",
            "reviewer": "reviewer",
            "decided_at": decision["decided_at"],
        }
        got = await newsroom["reader"].get(path)
        assert got.headers["ETag"] == '"2"'
        assert got.json() == {
            **annotation,
            "status": status,
            "decided_by": "reviewer",
            "decided_at": decision["decided_at"],
            "version": 2,
            "updated_at": decision["decided_at"],
        }
        decisions = (await newsroom["reader"].get(f"{path}/decisions")).json()
        assert decisions == {"items": [decision], "next": None}


async def test_a_reject_and_a_request_need_a_comment_and_an_approval_does_not(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    bodies: list[dict[str, Any]] = [{}, {"comment": None}, {"comment": ""}, {"comment": " \n\t"}]
    for body in bodies:
        for verdict in ("reject", "request_changes"):
            answer = await decided(
                newsroom, "reviewer", annotation["id"], 1, verdict=verdict, **body
            )

            [error] = make.refused(answer, 422, "comment-required")["errors"]
            assert error["pointer"] == "/comment"
    approved = await decided(newsroom, "reviewer", annotation["id"], 1)
    assert (await make.said(approved))["comment"] is None


async def test_a_body_of_another_form_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"verdict": "approved"}, "/verdict", "invalid-value"),
        ({"verdict": None}, "/verdict", "invalid-value"),
        ({"verdict": 1}, "/verdict", "invalid-value"),
        ({"comment": 1}, "/comment", "invalid-value"),
        ({"comment": "\0"}, "/comment", "control-character"),
        ({"comment": "c" * 10_001}, "/comment", "invalid-value"),
        ({"status": "approved"}, "/status", "unknown-field"),
        ({"reviewer": "reviewer"}, "/reviewer", "unknown-field"),
    ]
    for body, pointer, code in refused:
        answer = await decided(newsroom, "reviewer", annotation["id"], 1, **body)

        [error] = make.refused(answer, 422, code)["errors"]
        assert error["pointer"] == pointer, body


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)
    annotation = await make.annotation(newsroom["annotator"], document["id"], quote="да")
    path = f"/v1/annotations/{annotation['id']}"
    await newsroom["annotator"].patch(path, json={"note": "Other words."}, headers=make.seen(1))
    current = await newsroom["reader"].get(path, params={"offset_unit": "utf8"})
    end = await head(newsroom)

    unnamed = await newsroom["reviewer"].post(f"{path}/decisions", json={"verdict": "approve"})
    stale = [
        await newsroom["reviewer"].post(
            f"{path}/decisions",
            json={"verdict": "approve"},
            headers=make.seen(version),
            params={"offset_unit": "utf8"},
        )
        for version in (1, 3)
    ]

    make.refused(unnamed, 428, "precondition-required")
    for answer in stale:
        assert make.refused(answer, 412, "stale-version")["current"] == current.json()
        assert answer.headers["ETag"] == '"2"'
    assert await entries_after(newsroom, end) == []
    assert (await newsroom["reader"].get(f"{path}/decisions")).json()["items"] == []


async def test_a_later_decision_overturns_and_both_stay(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    sequence = (
        ("reviewer", "approve"),
        ("reviewer-b", "reject"),
        ("reviewer-b", "approve"),
        ("reviewer", "request_changes"),
    )
    for version, (name, verdict) in enumerate(sequence, 1):
        answer = await decided(
            newsroom, name, annotation["id"], version, verdict=verdict, comment="So."
        )

        assert answer.status_code == 201
        current = (await newsroom["reader"].get(path)).json()
        assert (current["status"], current["decided_by"]) == (STATUSES[verdict], name)
    decisions = (await newsroom["reader"].get(f"{path}/decisions")).json()["items"]
    assert [(d["reviewer"], d["verdict"], d["version"]) for d in decisions] == [
        (name, verdict, version) for version, (name, verdict) in enumerate(sequence, 1)
    ]


async def test_nobody_decides_on_an_annotation_of_their_own(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for name in ("reviewer", "manager", "admin"):
        annotation = await make.annotation(newsroom[name], document["id"])
        for verdict in STATUSES:
            answer = await decided(
                newsroom, name, annotation["id"], 1, verdict=verdict, comment="Mine."
            )

            make.refused(answer, 403, "own-annotation")
        assert (await decided(newsroom, "reviewer-b", annotation["id"], 1)).status_code == 201


async def test_whoever_edited_a_version_leaves_it_to_another_to_approve(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await newsroom["reviewer"].patch(path, json={"note": "By me."}, headers=make.seen(1))

    by_editor = await decided(newsroom, "reviewer", annotation["id"], 2)
    by_another = await decided(newsroom, "reviewer-b", annotation["id"], 2)
    # A decision does not change the words, so they are still the editor's.
    once_approved = await decided(newsroom, "reviewer", annotation["id"], 3)
    await newsroom["annotator"].patch(path, json={"note": "By the author."}, headers=make.seen(3))
    once_the_author_edited = await decided(newsroom, "reviewer", annotation["id"], 4)

    make.refused(by_editor, 403, "own-annotation")
    assert by_another.status_code == 201
    make.refused(once_approved, 403, "own-annotation")
    assert once_the_author_edited.status_code == 201


async def test_whoever_edited_a_version_may_reject_it_or_request_changes(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    for verdict in ("reject", "request_changes"):
        annotation = await make.annotation(newsroom["annotator"], document["id"])
        path = f"/v1/annotations/{annotation['id']}"
        await newsroom["reviewer"].patch(path, json={"note": "By me."}, headers=make.seen(1))
        said = {"verdict": verdict, "comment": "Not even so."}

        by_editor = await decided(newsroom, "reviewer", annotation["id"], 2, **said)
        by_another = await decided(newsroom, "reviewer-b", annotation["id"], 3)
        overturned = await decided(newsroom, "reviewer", annotation["id"], 4, **said)

        assert (await make.said(by_editor))["status"] == STATUSES[verdict]
        assert by_another.status_code == 201
        assert (await make.said(overturned))["status"] == STATUSES[verdict]


async def test_the_author_decides_nothing_also_once_another_has_edited(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["reviewer"])
    annotation = await make.annotation(newsroom["reviewer"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await newsroom["reviewer-b"].patch(path, json={"note": "By me."}, headers=make.seen(1))
    for verdict in STATUSES:
        answer = await decided(
            newsroom, "reviewer", annotation["id"], 2, verdict=verdict, comment="Mine."
        )

        make.refused(answer, 403, "own-annotation")


async def test_a_project_may_let_people_decide_on_their_own(newsroom: Newsroom) -> None:
    changed = await newsroom["manager"].patch(
        "/v1/projects/demo", json={"settings": {"allow_self_review": True}}, headers=make.seen(1)
    )
    document = await make.document(newsroom["reviewer"])
    annotation = await make.annotation(newsroom["reviewer"], document["id"])

    answer = await decided(newsroom, "reviewer", annotation["id"], 1)

    assert changed.status_code == 200
    assert (await make.said(answer))["status"] == "approved"


async def test_reviewers_and_above_may_decide_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 403,
        "annotator": 403,
        "reviewer": 201,
        "manager": 201,
        "admin": 201,
    }.items():
        annotation = await make.annotation(newsroom["annotator"], document["id"])

        answer = await decided(newsroom, name, annotation["id"], 1)

        assert answer.status_code == status, name


async def test_relations_stand_whatever_is_decided_or_edited(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    relation = await make.relation(
        newsroom["annotator"], document["id"], "supports", one["id"], two["id"]
    )

    await decided(newsroom, "reviewer", one["id"], 1, verdict="reject", comment="No.")
    await newsroom["annotator"].patch(
        f"/v1/annotations/{one['id']}", json={"quote": "Beijing"}, headers=make.seen(2)
    )

    listed = await newsroom["reader"].get(f"/v1/documents/{document['id']}/relations")
    assert listed.json()["items"] == [relation]


async def test_decisions_are_listed_in_pages(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    made = []
    for version in range(1, 6):
        verdict = "approve" if version % 2 else "reject"
        answer = await decided(
            newsroom, "reviewer", annotation["id"], version, verdict=verdict, comment="So."
        )
        made.append(answer.json())

    found: list[Any] = []
    path: str | None = f"/v1/annotations/{annotation['id']}/decisions?limit=2"
    while path is not None:
        page = await newsroom["reader"].get(path)
        found += page.json()["items"]
        link = page.headers.get("Link")
        path = link and link[1 : link.index(">")]

    assert found == made
