"""Relations leave, and the annotations that they joined stay."""

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head


async def joined(newsroom: Newsroom) -> tuple[str, str]:
    """A document and a relation of the annotator's in it."""
    document = await make.document(newsroom["annotator"])
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    relation = await make.relation(
        newsroom["annotator"], document["id"], "supports", one["id"], two["id"]
    )
    return document["id"], relation["id"]


async def test_a_withdrawn_relation_is_gone_and_its_ends_are_not(newsroom: Newsroom) -> None:
    document_id, id = await joined(newsroom)
    path = f"/v1/relations/{id}"

    answer = await newsroom["annotator"].delete(path, headers=make.seen(1))

    assert (answer.status_code, answer.content) == (204, b"")
    make.refused(await newsroom["reader"].get(path), 410, "gone")
    make.refused(await newsroom["annotator"].delete(path, headers=make.seen(2)), 410, "gone")
    relations = await newsroom["reader"].get(f"/v1/documents/{document_id}/relations")
    assert relations.json()["items"] == []
    annotations = await newsroom["reader"].get(f"/v1/documents/{document_id}/annotations")
    assert [item["version"] for item in annotations.json()["items"]] == [1, 1]


async def test_its_author_and_reviewers_may_withdraw_and_nobody_else(newsroom: Newsroom) -> None:
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 403,
        "annotator": 204,
        "reviewer": 204,
        "manager": 204,
        "admin": 204,
    }.items():
        _, id = await joined(newsroom)

        answer = await newsroom[name].delete(f"/v1/relations/{id}", headers=make.seen(1))

        assert answer.status_code == status, name


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    _, id = await joined(newsroom)
    end = await head(newsroom)
    relation = (await newsroom["reader"].get(f"/v1/relations/{id}")).json()

    unnamed = await newsroom["annotator"].delete(f"/v1/relations/{id}")
    stale = await newsroom["annotator"].delete(f"/v1/relations/{id}", headers=make.seen(2))

    make.refused(unnamed, 428, "precondition-required")
    assert make.refused(stale, 412, "stale-version")["current"] == relation
    assert await entries_after(newsroom, end) == []


async def test_relations_are_listed_by_age_in_pages(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    path = f"/v1/documents/{document['id']}/relations"
    one, two = [await make.annotation(annotator, document["id"]) for _ in range(2)]
    made = [
        (await make.relation(annotator, document["id"], type, one["id"], two["id"]))["id"]
        for type in ("supports", "repeats", "contradicts", "supports", "repeats")
    ]
    first = (await newsroom["reader"].get(path, params={"limit": 2})).json()
    await annotator.delete(f"/v1/relations/{made[1]}", headers=make.seen(1))
    await annotator.delete(f"/v1/relations/{made[3]}", headers=make.seen(1))

    rest = (await newsroom["reader"].get(path, params={"cursor": first["next"]})).json()

    assert [item["id"] for item in first["items"]] == made[:2]
    assert [item["id"] for item in rest["items"]] == [made[2], made[4]]
    assert rest["next"] is None


async def test_a_relation_is_seen_by_members_alone_and_not_sent_twice(newsroom: Newsroom) -> None:
    _, id = await joined(newsroom)
    path = f"/v1/relations/{id}"

    answer = await newsroom["reader"].get(path)
    again = await newsroom["reader"].get(path, headers={"If-None-Match": answer.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    make.refused(await newsroom["stranger"].get(path), 404, "not-found")
    make.refused(await newsroom["stranger"].delete(path, headers=make.seen(1)), 404, "not-found")
