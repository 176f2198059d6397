"""Deleting documents: they leave every list, and what was said of them stays in the history."""

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head

PATH = "/v1/projects/demo/documents"


async def test_a_deleted_document_is_in_no_list_no_count_and_no_export(newsroom: Newsroom) -> None:
    kept = await make.document(newsroom["annotator"], title="kept", external_id="kept")
    document = await make.document(newsroom["annotator"], title="deleted", external_id="deleted")
    annotation = await make.annotation(newsroom["annotator"], document["id"])

    answer = await newsroom["manager"].delete(
        f"/v1/documents/{document['id']}", headers=make.seen(1)
    )

    assert (answer.status_code, answer.content) == (204, b"")
    for query in ({}, {"q": "deleted"}, {"external_id": "deleted"}, {"has_status": "pending"}):
        listed = (await newsroom["reader"].get(PATH, params=query)).json()["items"]
        assert [item["id"] for item in listed] == ([] if query else [kept["id"]])
    annotations = await newsroom["reader"].get("/v1/projects/demo/annotations")
    assert annotations.json()["items"] == []
    export = await newsroom["reader"].get("/v1/projects/demo/export", params={"format": "jsonl"})
    assert kept["id"] in export.text
    assert document["id"] not in export.text
    assert annotation["id"] not in export.text


async def test_all_that_is_asked_of_a_deleted_document_is_gone(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    claim = await make.annotation(newsroom["annotator"], document["id"])
    denial = await make.annotation(newsroom["annotator"], document["id"], "denial")
    relation = await make.relation(
        newsroom["annotator"], document["id"], "denies", denial["id"], claim["id"]
    )
    path = f"/v1/documents/{document['id']}"

    await newsroom["manager"].delete(path, headers=make.seen(1))

    manager, seen = newsroom["manager"], make.seen(1)
    body = {"label": "claim", "quote": "Beijing"}
    ends = {"type": "denies", "source": denial["id"], "target": claim["id"]}
    for answer in (
        await manager.get(path),
        await manager.get(f"{path}/text"),
        await manager.get(f"{path}/annotations"),
        await manager.get(f"{path}/relations"),
        await manager.post(f"{path}/annotations", json=body),
        await manager.post(f"{path}/relations", json=ends),
        await manager.patch(path, json={"title": "t"}, headers=seen),
        await manager.delete(path, headers=seen),
        await manager.get(f"/v1/annotations/{claim['id']}"),
        await manager.patch(f"/v1/annotations/{claim['id']}", json={"note": "n"}, headers=seen),
        await manager.delete(f"/v1/annotations/{claim['id']}", headers=seen),
        await manager.post(
            f"/v1/annotations/{claim['id']}/decisions", json={"verdict": "approve"}, headers=seen
        ),
        await manager.get(f"/v1/relations/{relation['id']}"),
        await manager.delete(f"/v1/relations/{relation['id']}", headers=seen),
    ):
        make.refused(answer, 410, "gone")


async def test_its_annotations_and_relations_are_withdrawn_with_history_and_entries(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    claim = await make.annotation(newsroom["annotator"], document["id"])
    denial = await make.annotation(newsroom["annotator"], document["id"], "denial")
    earlier = await make.annotation(newsroom["annotator"], document["id"])
    relation = await make.relation(
        newsroom["annotator"], document["id"], "denies", denial["id"], claim["id"]
    )
    await make.decision(newsroom["reviewer"], claim["id"])
    await newsroom["annotator"].delete(f"/v1/annotations/{earlier['id']}", headers=make.seen(1))
    end = await head(newsroom)

    await newsroom["manager"].delete(f"/v1/documents/{document['id']}", headers=make.seen(1))

    entries = await entries_after(newsroom, end)
    assert [(entry.kind, str(entry.subject_id), entry.version) for entry in entries] == [
        ("relation.withdrawn", relation["id"], 2),
        ("annotation.withdrawn", claim["id"], 3),
        ("annotation.withdrawn", denial["id"], 2),
        ("document.deleted", document["id"], 2),
    ]
    assert {entry.actor for entry in entries} == {"manager"}
    history = (await newsroom["reader"].get(f"/v1/annotations/{claim['id']}/history")).json()
    assert [
        (version["version"], version["status"], version["withdrawn"], version["changed_by"])
        for version in history["versions"]
    ] == [
        (1, "pending", False, "annotator"),
        (2, "approved", False, "reviewer"),
        (3, "approved", True, "manager"),
    ]
    assert [decision["verdict"] for decision in history["decisions"]] == ["approve"]
    for asked in ("history", "history?offset_unit=utf16", "decisions"):
        answer = await newsroom["reader"].get(f"/v1/annotations/{claim['id']}/{asked}")
        told = await make.said(answer, 200)
        assert (told["items"] if asked == "decisions" else told["decisions"]) == history[
            "decisions"
        ]


async def test_only_a_manager_deletes(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    for name, status in {
        "reader": 403,
        "annotator": 403,
        "reviewer": 403,
        "stranger": 404,
        "nobody": 401,
        "manager": 204,
    }.items():
        answer = await newsroom[name].delete(path, headers=make.seen(1))

        assert answer.status_code == status, name


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    current = await newsroom["annotator"].patch(path, json={"title": "2"}, headers=make.seen(1))
    end = await head(newsroom)

    unnamed = await newsroom["manager"].delete(path)
    stale = await newsroom["manager"].delete(path, headers=make.seen(1))

    make.refused(unnamed, 428, "precondition-required")
    problem = make.refused(stale, 412, "stale-version")
    assert problem["current"]["title"] == "2"
    assert (await newsroom["reader"].get(path)).json() == current.json()
    assert await entries_after(newsroom, end) == []


async def test_nothing_is_deleted_with_it_that_was_not_there_when_it_was_looked_at(
    newsroom: Newsroom,
) -> None:
    annotator, manager = newsroom["annotator"], newsroom["manager"]
    document = await make.document(annotator)
    path = f"/v1/documents/{document['id']}"
    looked_at = {"If-Match": document["etag"]}
    annotation = await make.annotation(annotator, document["id"])

    stale = await manager.delete(path, headers=looked_at)

    problem = make.refused(stale, 412, "stale-version")
    assert problem["current"]["counts"]["pending"] == 1
    assert stale.headers["ETag"] == problem["current"]["etag"]
    assert stale.headers["ETag"] in problem["detail"]
    assert (await annotator.get(f"/v1/annotations/{annotation['id']}")).json() == annotation
    looked_at = {"If-Match": stale.headers["ETag"]}

    # There are as many as before, but not the same.
    await annotator.delete(f"/v1/annotations/{annotation['id']}", headers=make.seen(1))
    other = await make.annotation(annotator, document["id"])
    exchanged = await manager.delete(path, headers=looked_at)

    problem = make.refused(exchanged, 412, "stale-version")
    assert problem["current"]["counts"]["pending"] == 1
    assert (await annotator.get(f"/v1/annotations/{other['id']}")).json() == other
    looked_at = {"If-Match": problem["current"]["etag"]}
    assert (await manager.delete(path, headers=looked_at)).is_success


async def test_by_the_version_alone_it_is_deleted_whatever_was_added(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])

    path = f"/v1/documents/{document['id']}"
    assert (await newsroom["manager"].delete(path, headers=make.seen(1))).status_code == 204
