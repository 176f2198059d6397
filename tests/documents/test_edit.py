"""Changing everything of a document but its text."""

from typing import Any

from tests import make
from tests.conftest import Newsroom

FULL: dict[str, Any] = {
    "external_id": "wire-17",
    "title": "Title",
    "language": "en",
    "source_url": "https://news.example",
    "published_on": "2026-11-23",
    "metadata": {"desk": "World", "deep": {"a": 1}},
}


async def test_what_is_sent_changes_and_what_is_not_stays(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], **FULL)
    path = f"/v1/documents/{document['id']}"
    changes: list[dict[str, Any]] = [
        {"title": "Другое"},
        {"external_id": None, "language": None},
        {"source_url": None, "published_on": None},
        {"metadata": {"deep": {"b": 2}}},
        {"metadata": {}, "external_id": "wire-18"},
    ]
    expected = document
    for version, change in enumerate(changes, 1):
        answer = await newsroom["annotator"].patch(path, json=change, headers=make.seen(version))

        changed = await make.said(answer, 200)
        expected = {
            **expected,
            **change,
            "version": version + 1,
            "etag": f'"{version + 1}-0.0.0.0.0"',
            "updated_at": changed["updated_at"],
        }
        assert changed == expected
        assert changed["updated_at"] > document["updated_at"]
        assert answer.headers["ETag"] == expected["etag"]
        assert (await newsroom["reader"].get(path)).json() == expected


async def test_what_changes_nothing_makes_no_version(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], **FULL)
    path = f"/v1/documents/{document['id']}"
    same: list[dict[str, Any]] = [
        {},
        {"title": "Title"},
        FULL,
        {"metadata": {"deep": {"a": 1}, "desk": "World"}},
    ]
    for change in same:
        answer = await newsroom["annotator"].patch(path, json=change, headers=make.seen(1))

        assert await make.said(answer, 200) == document
    # To Python, True equals 1.
    other = {"metadata": {"desk": "World", "deep": {"a": True}}}
    answer = await newsroom["annotator"].patch(path, json=other, headers=make.seen(1))
    assert answer.json()["version"] == 2


async def test_who_added_it_and_managers_may_change_it_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    version = 1
    for name, status in {
        "annotator": 200,
        "manager": 200,
        "admin": 200,
        "annotator-b": 403,
        "reviewer": 403,
        "reader": 403,
        "stranger": 404,
        "nobody": 401,
    }.items():
        answer = await newsroom[name].patch(
            path, json={"title": f"By {name}"}, headers=make.seen(version)
        )

        assert answer.status_code == status, name
        version += status == 200
    assert (await newsroom["reader"].get(path)).json()["title"] == "By admin"


async def test_the_text_and_what_the_server_knows_are_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    for field in ("text", "id", "revision", "version", "created_by", "normalized", "counts"):
        answer = await newsroom["annotator"].patch(
            path, json={field: document.get(field)}, headers=make.seen(1)
        )

        [error] = make.refused(answer, 422, "unknown-field")["errors"]
        assert error["pointer"] == f"/{field}"
    assert (await newsroom["reader"].get(path)).json() == document


async def test_a_title_cannot_be_taken_away_nor_metadata_be_null(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    for change in ({"title": None}, {"title": ""}, {"metadata": None}, {"published_on": 0}):
        answer = await newsroom["annotator"].patch(path, json=change, headers=make.seen(1))

        make.refused(answer, 422, "invalid-value")


async def test_an_external_id_that_another_document_has_conflicts(newsroom: Newsroom) -> None:
    await make.document(newsroom["annotator"], external_id="wire-17")
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"

    answer = await newsroom["annotator"].patch(
        path, json={"external_id": "wire-17", "title": "t"}, headers=make.seen(1)
    )

    make.refused(answer, 409, "external-id-conflict")
    assert (await newsroom["reader"].get(path)).json() == document


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    current = await newsroom["annotator"].patch(path, json={"title": "2"}, headers=make.seen(1))

    unnamed = await newsroom["annotator"].patch(path, json={"title": "3"})
    any_version = await newsroom["annotator"].patch(
        path, json={"title": "3"}, headers={"If-Match": "*"}
    )
    # Also when it would change nothing.
    stale = await newsroom["annotator"].patch(path, json={"title": "2"}, headers=make.seen(1))

    make.refused(unnamed, 428, "precondition-required")
    make.refused(any_version, 428, "precondition-required")
    problem = make.refused(stale, 412, "stale-version")
    # The text, which may be long, is not what has changed.
    assert problem["current"] == {k: v for k, v in current.json().items() if k != "text"}
    assert stale.headers["ETag"] == current.headers["ETag"] == '"2-0.0.0.0.0"'
