"""Listing a project's documents."""

from typing import Any

from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/documents"


async def titles(newsroom: Newsroom, **query: Any) -> list[str]:
    """The titles of all that the query finds, a page of two at a time."""
    found: list[str] = []
    params = {"limit": 2, **query}
    while True:
        answer = await newsroom["reader"].get(PATH, params=params)
        page = await make.said(answer, 200)
        found += [item["title"] for item in page["items"]]
        if page["next"] is None:
            assert "Link" not in answer.headers
            return found
        assert len(page["items"]) == 2
        params["cursor"] = page["next"]


async def test_documents_come_in_the_order_of_their_arrival_without_their_texts(
    newsroom: Newsroom,
) -> None:
    for title in ("b", "a", "c", "e", "d"):
        await make.document(newsroom["annotator"], title=title)

    oldest, newest = await titles(newsroom), await titles(newsroom, order="newest")

    assert oldest == ["b", "a", "c", "e", "d"]
    assert newest == oldest[::-1]
    [item] = (await newsroom["reader"].get(PATH, params={"limit": 1})).json()["items"]
    assert "text" not in item


async def test_a_page_links_to_the_next_with_the_same_filters(newsroom: Newsroom) -> None:
    for title in ("один", "два", "ещё один"):
        await make.document(newsroom["annotator"], title=title)

    answer = await newsroom["reader"].get(PATH, params={"q": "один", "limit": 1})
    link = answer.headers["Link"]
    next_page = await newsroom["reader"].get(link[1 : link.index(">")])

    assert link.endswith('; rel="next"')
    assert [item["title"] for item in next_page.json()["items"]] == ["ещё один"]
    assert next_page.json()["next"] is None


async def test_a_changed_title_is_found_and_the_old_one_not(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"], title="Старое")
    path = f"/v1/documents/{document['id']}"
    await newsroom["annotator"].patch(path, json={"title": "Новое"}, headers=make.seen(1))

    assert await titles(newsroom, q="новое") == ["Новое"]
    assert await titles(newsroom, q="старое") == []


async def test_documents_are_found_by_external_id_and_by_the_status_of_an_annotation(
    newsroom: Newsroom,
) -> None:
    made = {
        title: await make.document(newsroom["annotator"], title=title, external_id=f"x-{title}")
        for title in ("bare", "pending", "approved", "both")
    }
    for title, statuses in {
        "pending": ["pending"],
        "approved": ["approved"],
        "both": ["pending", "approved"],
    }.items():
        for status in statuses:
            annotation = await make.annotation(newsroom["annotator"], made[title]["id"])
            if status == "approved":
                await make.decision(newsroom["reviewer"], annotation["id"])

    assert await titles(newsroom, external_id="x-bare") == ["bare"]
    assert await titles(newsroom, external_id="X-BARE") == []
    assert await titles(newsroom, has_status="pending") == ["pending", "both"]
    assert await titles(newsroom, has_status="approved", order="newest") == ["both", "approved"]
    assert await titles(newsroom, has_status="rejected") == []
    assert await titles(newsroom, has_status="approved", q="BOTH", external_id="x-both") == ["both"]


async def test_a_withdrawn_annotation_gives_its_document_no_status(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    await newsroom["annotator"].delete(f"/v1/annotations/{annotation['id']}", headers=make.seen(1))

    assert await titles(newsroom, has_status="pending") == []


async def test_documents_of_another_project_are_not_listed(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "other")
    await make.document(newsroom["admin"], project="other", external_id="x")

    assert await titles(newsroom) == []
    assert await titles(newsroom, external_id="x") == []


async def test_a_walk_misses_nothing_and_repeats_nothing_while_documents_come_and_go(
    newsroom: Newsroom,
) -> None:
    made = [await make.document(newsroom["annotator"], title=f"{number}") for number in range(6)]
    first = (await newsroom["reader"].get(PATH, params={"limit": 3})).json()

    await newsroom["manager"].delete(f"/v1/documents/{made[1]['id']}", headers=make.seen(1))
    await newsroom["manager"].delete(f"/v1/documents/{made[2]['id']}", headers=make.seen(1))
    await newsroom["annotator"].patch(
        f"/v1/documents/{made[0]['id']}", json={"title": "0!"}, headers=make.seen(1)
    )
    await make.document(newsroom["annotator"], title="6")

    rest = await titles(newsroom, cursor=first["next"])
    assert [item["title"] for item in first["items"]] == ["0", "1", "2"]
    assert rest == ["3", "4", "5", "6"]


async def test_a_query_of_another_form_is_refused(newsroom: Newsroom) -> None:
    for query in (
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"cursor": "x"},
        {"order": "title"},
        {"has_status": "withdrawn"},
        {"q": "a\0"},
        {"title": "t"},
    ):
        answer = await newsroom["reader"].get(PATH, params=query)

        make.refused(answer, 422, "invalid-parameter")


async def test_documents_with_and_without_annotations_are_told_apart(newsroom: Newsroom) -> None:
    titled = {
        title: await make.document(newsroom["annotator"], title=title)
        for title in ("begun", "emptied", "untouched")
    }
    await make.annotation(newsroom["annotator"], titled["begun"]["id"])
    made = await make.annotation(newsroom["annotator"], titled["emptied"]["id"])
    path = f"/v1/annotations/{made['id']}"
    await newsroom["annotator"].delete(path, headers=make.seen(1))

    assert await titles(newsroom, annotated="true") == ["begun"]
    assert await titles(newsroom, annotated="false") == ["emptied", "untouched"]
    assert await titles(newsroom, annotated="false", has_status="pending") == []
    await make.annotation(newsroom["annotator-b"], titled["untouched"]["id"])
    theirs = {"annotated_by": "annotator-b"}
    assert await titles(newsroom, **theirs) == ["untouched"]
    assert await titles(newsroom, **theirs, annotated="true") == ["untouched"]
    assert await titles(newsroom, **theirs, annotated="false") == ["begun", "emptied"]
    assert await titles(newsroom, annotated_by="nobody") == []
