"""Relations are joined while their ends are withdrawn, relabelled or joined by others."""

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.crowd import SIZE, at_once, crowd
from tests.log import entries_after, head

each_number_of_processes = pytest.mark.parametrize("processes", [1, 2])


@each_number_of_processes
async def test_no_relation_lives_whose_end_is_withdrawn(newsroom: Newsroom, processes: int) -> None:
    annotators = await crowd(newsroom, "reviewer", processes=processes, size=4)
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    for turn in range(6):
        one, two = [
            (await make.annotation(newsroom["annotator"], document["id"]))["id"] for _ in range(2)
        ]
        body = {"type": "supports", "source": one, "target": two}
        requests = [annotator.post(path, json=body) for annotator in annotators]
        requests.insert(
            turn % 5,
            newsroom["annotator"].delete(f"/v1/annotations/{two}", headers=make.seen(1)),
        )

        statuses, answers = await at_once(requests)

        assert statuses[204] == 1
        assert statuses[201] + statuses[422] == 4
        for answer in answers:
            if answer.status_code == 422:
                make.refused(answer, 422, "unknown-annotation")
        assert (await newsroom["reader"].get(path)).json()["items"] == []


@each_number_of_processes
async def test_no_relation_lives_that_the_labels_of_its_ends_do_not_allow(
    newsroom: Newsroom, processes: int
) -> None:
    annotators = await crowd(newsroom, "annotator", processes=processes, size=4)
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    for turn in range(6):
        one, two = [
            (await make.annotation(newsroom["annotator"], document["id"]))["id"] for _ in range(2)
        ]
        end = await head(newsroom)
        body = {"type": "supports", "source": one, "target": two}
        requests = [annotator.post(path, json=body) for annotator in annotators]
        requests.insert(
            turn % 5,
            newsroom["annotator"].patch(
                f"/v1/annotations/{two}", json={"label": "quote"}, headers=make.seen(1)
            ),
        )

        statuses, _ = await at_once(requests)

        label = (await newsroom["reader"].get(f"/v1/annotations/{two}")).json()["label"]
        kinds = {entry.kind for entry in await entries_after(newsroom, end)}
        if label == "quote":
            assert statuses == {200: 1, 422: 4}
            assert kinds == {"annotation.updated"}
        else:
            assert statuses == {201: 4, 422: 1}
            assert kinds == {"relation.created"}


async def test_a_relation_that_leaves_the_scheme_while_it_is_joined_is_refused_or_keeps_it(
    newsroom: Newsroom,
) -> None:
    other, admin = newsroom.beside(), newsroom["admin"]
    labels = [{"name": "claim"}]
    relation = {"name": "supports", "source": ["claim"], "target": ["claim"]}
    for turn in range(6):
        path = f"/v1/projects/turn-{turn}/scheme"
        scheme = {"name": "small", "labels": labels, "relations": [relation]}
        await make.project(admin, f"turn-{turn}", scheme=scheme)
        document = await make.document(admin, project=f"turn-{turn}")
        one, two = [await make.annotation(admin, document["id"]) for _ in range(2)]
        requests = [
            other["admin"].post(
                f"/v1/documents/{document['id']}/relations",
                json={"type": "supports", "source": one["id"], "target": two["id"]},
            ),
            admin.put(path, json=scheme | {"relations": []}, headers=make.seen(1)),
        ]

        _, answers = await at_once(requests[:: -1 if turn % 2 else 1])

        outcomes = sorted(answer.status_code for answer in answers)
        # Either the relation is there and the scheme is kept, or the scheme is smaller.
        assert outcomes in ([201, 409], [200, 422])


@each_number_of_processes
async def test_the_same_relation_posted_sixteen_times_at_once_is_one(
    newsroom: Newsroom, processes: int
) -> None:
    fronts = [newsroom, newsroom.beside()][:processes]
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    body = {
        "id": str(make.id_of(77)),
        "type": "supports",
        "source": one["id"],
        "target": two["id"],
    }

    statuses, answers = await at_once(
        fronts[place % processes]["annotator"].post(path, json=body) for place in range(SIZE)
    )

    assert statuses == {201: 1, 200: SIZE - 1}
    assert len({answer.text for answer in answers}) == 1
    assert len((await newsroom["reader"].get(path)).json()["items"]) == 1


async def test_an_id_taken_in_several_projects_at_once_is_the_firsts(newsroom: Newsroom) -> None:
    other, admin = newsroom.beside(), newsroom["admin"]
    requests = []
    for place in range(8):
        await make.project(admin, f"p-{place}")
        document = await make.document(admin, project=f"p-{place}")
        one, two = [await make.annotation(admin, document["id"]) for _ in range(2)]
        body = {"type": "supports", "source": one["id"], "target": two["id"]}
        requests.append(
            (newsroom, other)[place % 2]["admin"].post(
                f"/v1/documents/{document['id']}/relations",
                json={"id": str(make.id_of(77)), **body},
            )
        )

    statuses, answers = await at_once(requests)

    # The log of each project is locked by itself, so here only the key stands in between.
    assert statuses == {201: 1, 409: 7}
    for answer in answers:
        if answer.status_code == 409:
            make.refused(answer, 409, "id-conflict")
