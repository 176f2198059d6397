"""Creating is idempotent: a lost answer can be asked for again."""

from typing import Any

from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/documents"
BODY: dict[str, Any] = {
    "title": "An article",
    "text": "one\r\ntwo",
    "published_on": "2026-11-23",
    "metadata": {"a": 1, "b": True},
}


async def test_the_same_document_again_is_answered_200_and_the_stored_one(
    newsroom: Newsroom,
) -> None:
    for identity in ({"id": str(make.id_of(77))}, {"external_id": "wire-17"}):
        first = await newsroom["annotator"].post(PATH, json=BODY | identity)

        # By whoever: a document is the project's.
        again = await newsroom["annotator-b"].post(PATH, json=BODY | identity)

        assert await make.said(again, 200) == await make.said(first)
        assert again.headers["ETag"] == first.headers["ETag"]
        assert "Location" not in again.headers
    assert len((await newsroom["reader"].get(PATH)).json()["items"]) == 2


async def test_the_same_document_again_is_answered_as_it_has_become(newsroom: Newsroom) -> None:
    for identity in ({"id": str(make.id_of(77))}, {"external_id": "wire-17"}):
        document = await make.document(newsroom["annotator"], **BODY | identity)
        changed = await newsroom["annotator"].patch(
            f"/v1/documents/{document['id']}",
            json={"title": "Another", "metadata": {}, "external_id": document["external_id"]},
            headers=make.seen(1),
        )

        again = await newsroom["annotator"].post(PATH, json=BODY | identity)

        assert await make.said(again, 200) == await make.said(changed, 200)
        assert again.json()["version"] == 2


async def test_a_document_as_it_has_become_is_the_same_and_as_it_was_between_is_not(
    newsroom: Newsroom,
) -> None:
    identities = ({"id": str(make.id_of(77))}, {"external_id": "wire-17"})
    edits: list[dict[str, Any]] = [
        {"title": "Another", "metadata": {"a": 1}, "language": "en", "published_on": None},
        {"title": "The last", "metadata": {}, "language": "de", "published_on": "2026-11-24"},
    ]
    for identity, code in zip(identities, ("id-conflict", "external-id-conflict"), strict=True):
        document = await make.document(newsroom["annotator"], **BODY | identity)
        path = f"/v1/documents/{document['id']}"
        for version, edit in enumerate(edits, 1):
            await newsroom["annotator"].patch(path, json=edit, headers=make.seen(version))
        between, now = (BODY | edit | identity for edit in edits)

        again = await newsroom["annotator"].post(PATH, json=now)

        assert await make.said(again, 200) == (await newsroom["reader"].get(path)).json()
        assert again.json()["version"] == 3
        for other in (between, now | {"text": "two"}):
            make.refused(await newsroom["annotator"].post(PATH, json=other), 409, code)


async def test_a_document_that_lost_its_external_id_is_still_the_same_by_its_id(
    newsroom: Newsroom,
) -> None:
    identity = {"id": str(make.id_of(77)), "external_id": "wire-17"}
    document = await make.document(newsroom["annotator"], **BODY | identity)
    path = f"/v1/documents/{document['id']}"
    await newsroom["annotator"].patch(path, json={"external_id": "wire-18"}, headers=make.seen(1))

    again = await newsroom["annotator"].post(PATH, json=BODY | identity)

    assert (await make.said(again, 200))["external_id"] == "wire-18"


async def test_the_same_id_with_other_content_conflicts(newsroom: Newsroom) -> None:
    id, external = {"id": str(make.id_of(77))}, {"external_id": "wire-17"}
    await make.document(newsroom["annotator"], **BODY | id)
    await make.document(newsroom["annotator"], **BODY | external)
    others: list[dict[str, Any]] = [
        {"text": "one\ntwo "},
        {"title": "An Article"},
        {"language": "de"},
        {"source_url": "https://news.example"},
        {"published_on": None},
        {"metadata": {"a": True, "b": True}},
        {"metadata": {"a": 1, "b": True, "c": None}},
    ]
    for other in others:
        by_id = await newsroom["annotator"].post(PATH, json=BODY | other | id)
        by_external_id = await newsroom["annotator"].post(PATH, json=BODY | other | external)

        make.refused(by_id, 409, "id-conflict")
        make.refused(by_external_id, 409, "external-id-conflict")


async def test_an_id_and_an_external_id_name_one_document(newsroom: Newsroom) -> None:
    both = {"id": str(make.id_of(77)), "external_id": "wire-17"}
    first = await make.document(newsroom["annotator"], **BODY | both)

    same = await newsroom["annotator"].post(PATH, json=BODY | both)
    other_id = await newsroom["annotator"].post(
        PATH, json=BODY | both | {"id": str(make.id_of(78))}
    )
    other_external_id = await newsroom["annotator"].post(
        PATH, json=BODY | both | {"external_id": "wire-18"}
    )

    assert (await make.said(same, 200))["id"] == first["id"]
    make.refused(other_id, 409, "external-id-conflict")
    make.refused(other_external_id, 409, "id-conflict")


async def test_keys_in_another_order_are_the_same_content(newsroom: Newsroom) -> None:
    id = {"id": str(make.id_of(77))}
    await make.document(newsroom["annotator"], **BODY | id)

    again = await newsroom["annotator"].post(
        PATH, json=BODY | id | {"metadata": {"b": True, "a": 1}}
    )

    assert again.status_code == 200


async def test_an_id_taken_in_another_project_conflicts_and_tells_nothing_of_it(
    newsroom: Newsroom,
) -> None:
    await make.project(newsroom["admin"], "secret")
    id = str(make.id_of(77))
    secret = await make.document(newsroom["admin"], project="secret", id=id, title="The Secret")

    same = await newsroom["annotator"].post(
        PATH, json={"id": id, "title": "The Secret", "text": make.TEXT}
    )
    other = await newsroom["annotator"].post(PATH, json={"id": id, "title": "t", "text": "a"})

    assert make.refused(same, 409, "id-conflict") == make.refused(other, 409, "id-conflict")
    assert secret["title"] not in same.text
    assert "secret" not in same.text
    assert (await newsroom["annotator"].get(f"/v1/documents/{id}")).status_code == 404


async def test_an_external_id_is_free_in_every_other_project(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    one = await make.document(newsroom["admin"], external_id="wire-17")

    other = await make.document(newsroom["admin"], project="other", external_id="wire-17")

    assert one["id"] != other["id"]


async def test_the_id_of_a_deleted_document_is_gone(newsroom: Newsroom) -> None:
    id = {"id": str(make.id_of(77))}
    document = await make.document(newsroom["annotator"], **BODY | id)
    await newsroom["manager"].delete(f"/v1/documents/{document['id']}", headers=make.seen(1))

    again = await newsroom["annotator"].post(PATH, json=BODY | id)

    make.refused(again, 410, "gone")


async def test_the_external_id_of_a_deleted_document_is_free_for_a_better_text(
    newsroom: Newsroom,
) -> None:
    external = {"external_id": "wire-17"}
    document = await make.document(newsroom["annotator"], **BODY | external)
    await newsroom["manager"].delete(f"/v1/documents/{document['id']}", headers=make.seen(1))

    better = await newsroom["annotator"].post(PATH, json=BODY | external | {"text": "better"})

    assert (await make.said(better))["id"] != document["id"]
