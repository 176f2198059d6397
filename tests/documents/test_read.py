"""One document and its text."""

from tests import make
from tests.conftest import Newsroom


async def test_a_text_is_answered_alone_as_spans_count_it(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)

    for query in ("", "?revision=1"):
        answer = await newsroom["reader"].get(f"/v1/documents/{document['id']}/text{query}")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content.decode() == make.ASTRAL


async def test_who_has_a_revision_is_not_sent_it_again(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path, reader = f"/v1/documents/{document['id']}/text", newsroom["reader"]

    for query in ("", "?revision=1"):
        whole = await reader.get(f"{path}{query}", headers={"If-None-Match": '"2"'})
        known = await reader.get(f"{path}{query}", headers={"If-None-Match": '"2", "1"'})
        head = await reader.head(f"{path}{query}", headers={"If-None-Match": '"1"'})

        assert (whole.status_code, whole.text, whole.headers["ETag"]) == (200, make.TEXT, '"1"')
        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", '"1"')
        assert (head.status_code, head.headers["ETag"]) == (304, '"1"')
    absent = await reader.get(f"{path}?revision=2", headers={"If-None-Match": "*"})
    make.refused(absent, 404, "not-found")


async def test_a_revision_that_is_not_there_is_not_found_and_none_is_below_1(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/text"

    make.refused(await newsroom["reader"].get(f"{path}?revision=2"), 404, "not-found")
    for revision in ("0", "-1", "x", "2147483648"):
        answer = await newsroom["reader"].get(f"{path}?revision={revision}")
        make.refused(answer, 422, "invalid-parameter")


async def test_the_counts_follow_what_becomes_of_the_annotations(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    made = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(5)]
    await make.decision(newsroom["reviewer"], made[0]["id"])
    await make.decision(newsroom["reviewer"], made[1]["id"], "reject", comment="No.")
    await make.decision(newsroom["reviewer"], made[2]["id"], "request_changes", comment="Longer.")
    await newsroom["annotator"].delete(f"/v1/annotations/{made[3]['id']}", headers=make.seen(1))

    one = (await newsroom["reader"].get(path)).json()
    [listed] = (await newsroom["reader"].get("/v1/projects/demo/documents")).json()["items"]

    expected = {"pending": 1, "approved": 1, "rejected": 1, "changes_requested": 1}
    assert one["counts"] == listed["counts"] == expected
    assert one == listed | {"text": make.TEXT}


async def test_the_tag_changes_with_the_counts_and_if_match_looks_at_the_version_alone(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}"
    before = (await newsroom["reader"].get(path)).headers["ETag"]
    unchanged = await newsroom["reader"].get(path, headers={"If-None-Match": before})

    annotation = await make.annotation(newsroom["annotator"], document["id"])
    pending = await newsroom["reader"].get(path, headers={"If-None-Match": before})
    await make.decision(newsroom["reviewer"], annotation["id"])
    approved = await newsroom["reader"].get(
        path, headers={"If-None-Match": pending.headers["ETag"]}
    )
    edited = await newsroom["annotator"].patch(
        path, json={"title": "t"}, headers={"If-Match": before}
    )

    [listed] = (await newsroom["reader"].get("/v1/projects/demo/documents")).json()["items"]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == before
    assert (pending.status_code, approved.status_code, edited.status_code) == (200, 200, 200)
    tags = [before, pending.headers["ETag"], approved.headers["ETag"], edited.headers["ETag"]]
    counted = ["1-0.0.0.0", "1-1.0.0.0", "1-0.1.0.0", "2-0.1.0.0"]
    assert [tag.strip('"').rpartition(".")[0] for tag in tags] == counted
    assert [edited.json()["etag"], listed["etag"]] == [tags[-1]] * 2


async def test_what_a_stranger_asks_for_is_not_there(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    nowhere = make.id_of(404)

    for path in ("{}", "{}/text", "{}/annotations", "{}/relations"):
        seen = await newsroom["stranger"].get(f"/v1/documents/{path.format(document['id'])}")
        unseen = await newsroom["reader"].get(f"/v1/documents/{path.format(nowhere)}")

        assert make.refused(seen, 404, "not-found") == make.refused(unseen, 404, "not-found")
