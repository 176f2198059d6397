"""Joining annotations, as the scheme allows."""

from typing import Any

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head


async def test_a_new_relation_is_answered_whole(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    claim = await make.annotation(newsroom["annotator"], document["id"])
    denial = await make.annotation(newsroom["annotator-b"], document["id"], "denial")
    body = {"type": "denies", "source": denial["id"], "target": claim["id"]}

    answer = await newsroom["annotator"].post(path, json=body)

    relation = await make.said(answer)
    assert answer.headers["Location"] == f"/v1/relations/{relation['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert relation == {
        **body,
        "id": relation["id"],
        "project": "demo",
        "document_id": document["id"],
        "author": "annotator",
        "version": 1,
        "created_at": relation["created_at"],
    }
    assert (await newsroom["reader"].get(f"/v1/relations/{relation['id']}")).json() == relation
    assert (await newsroom["reader"].get(path)).json() == {"items": [relation], "next": None}


async def test_the_scheme_says_by_label_what_joins_what(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    ids = {
        label: [
            (await make.annotation(newsroom["annotator"], document["id"], label))["id"]
            for _ in range(2)
        ]
        for label in ("claim", "denial", "evidence-missing", "quote")
    }
    allowed = {
        ("denies", "denial", "claim"),
        ("lacks-evidence-for", "evidence-missing", "claim"),
        ("expresses", "quote", "claim"),
        ("expresses", "quote", "denial"),
        ("supports", "claim", "claim"),
        ("repeats", "claim", "claim"),
        ("contradicts", "claim", "claim"),
    }
    taken = set()
    for type in ("denies", "lacks-evidence-for", "expresses", "supports", "repeats", "contradicts"):
        for source in ids:
            for target in ids:
                body = {"type": type, "source": ids[source][0], "target": ids[target][1]}

                answer = await newsroom["annotator"].post(path, json=body)

                if answer.status_code == 201:
                    taken.add((type, source, target))
                    continue
                [error] = make.refused(answer, 422, "relation-not-allowed")["errors"]
                assert error["pointer"] == "/type"
                assert source not in error["allowed"]["source"] or (
                    target not in error["allowed"]["target"]
                )
    assert taken == allowed
    assert len((await newsroom["reader"].get(path)).json()["items"]) == len(allowed)


async def test_a_relation_that_the_scheme_lacks_is_refused_with_those_it_has(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    for type in ("Supports", "", "joins"):
        answer = await newsroom["annotator"].post(
            f"/v1/documents/{document['id']}/relations",
            json={"type": type, "source": one["id"], "target": two["id"]},
        )

        [error] = make.refused(answer, 422, "relation-not-allowed")["errors"]
        assert error["pointer"] == "/type"
        assert error["allowed"]["denies"] == {"source": ["denial"], "target": ["claim"]}
        assert len(error["allowed"]) == 6


async def test_an_end_that_is_no_living_annotation_of_the_document_is_refused(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    other_document = await make.document(newsroom["annotator"])
    await make.project(newsroom["admin"], "secret")
    secret_document = await make.document(newsroom["admin"], project="secret")
    claim = await make.annotation(newsroom["annotator"], document["id"])
    withdrawn = await make.annotation(newsroom["annotator"], document["id"])
    await newsroom["annotator"].delete(f"/v1/annotations/{withdrawn['id']}", headers=make.seen(1))
    elsewhere = await make.annotation(newsroom["annotator"], other_document["id"])
    secret = await make.annotation(newsroom["admin"], secret_document["id"])
    path = f"/v1/documents/{document['id']}/relations"
    end = await head(newsroom)
    ends = (withdrawn["id"], elsewhere["id"], secret["id"], str(make.id_of(404)), document["id"])

    details = set()
    for id in ends:
        for pointer, body in (
            ("/source", {"source": id, "target": claim["id"]}),
            ("/target", {"source": claim["id"], "target": id}),
        ):
            answer = await newsroom["annotator"].post(path, json={"type": "supports", **body})

            [error] = make.refused(answer, 422, "unknown-annotation")["errors"]
            assert error["pointer"] == pointer
            details.add(error["detail"])
    both = await newsroom["annotator"].post(
        path, json={"type": "supports", "source": ends[0], "target": ends[1]}
    )
    # Whether it exists elsewhere is not told.
    assert len(details) == 1
    errors = make.refused(both, 422, "invalid-body")["errors"]
    assert [error["pointer"] for error in errors] == ["/source", "/target"]
    assert await entries_after(newsroom, end) == []


async def test_an_annotation_is_not_joined_to_itself(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    claim = (await make.annotation(newsroom["annotator"], document["id"]))["id"]
    path = f"/v1/documents/{document['id']}/relations"
    pair = {"source": ["claim"], "target": ["claim"]}

    refused = {}
    for type in ("supports", "denies", "joins"):
        body = {"type": type, "source": claim, "target": claim}
        answer = await newsroom["annotator"].post(path, json=body)
        [refused[type]] = make.refused(answer, 422, "relation-not-allowed")["errors"]

    assert (refused["supports"]["pointer"], refused["supports"]["allowed"]) == ("/target", pair)
    # What is wrong with the type is said first.
    assert refused["denies"]["allowed"] == {"source": ["denial"], "target": ["claim"]}
    assert refused["joins"]["allowed"]["supports"] == pair
    assert {refused[type]["pointer"] for type in ("denies", "joins")} == {"/type"}


async def test_a_body_of_another_form_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    good = {"type": "supports", "source": one["id"], "target": two["id"]}
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"source": None}, "/source", "invalid-value"),
        ({"target": "x"}, "/target", "invalid-value"),
        ({"type": None}, "/type", "invalid-value"),
        ({"id": "x"}, "/id", "invalid-value"),
        ({"label": "claim"}, "/label", "unknown-field"),
        ({"author": "reader"}, "/author", "unknown-field"),
    ]
    for fields, pointer, code in refused:
        answer = await newsroom["annotator"].post(
            f"/v1/documents/{document['id']}/relations", json=good | fields
        )

        [error] = make.refused(answer, 422, code)["errors"]
        assert error["pointer"] == pointer


async def test_the_same_relation_again_is_answered_200_and_the_stored_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/relations"
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    id = str(make.id_of(77))
    body = {"id": id, "type": "supports", "source": one["id"], "target": two["id"]}
    first = await newsroom["annotator"].post(path, json=body)
    end = await head(newsroom)

    again = await newsroom["annotator"].post(path, json=body)
    others = [
        await newsroom["annotator"].post(path, json=body | {"type": "repeats"}),
        await newsroom["annotator"].post(
            path, json=body | {"source": two["id"], "target": one["id"]}
        ),
        await newsroom["annotator-b"].post(path, json=body),
    ]

    assert await make.said(again, 200) == await make.said(first)
    for other in others:
        make.refused(other, 409, "id-conflict")
    assert await entries_after(newsroom, end) == []

    await newsroom["annotator"].delete(f"/v1/relations/{id}", headers=make.seen(1))
    make.refused(await newsroom["annotator"].post(path, json=body), 410, "gone")


async def test_an_id_of_another_document_conflicts(newsroom: Newsroom) -> None:
    annotator, id = newsroom["annotator"], str(make.id_of(77))
    answers = []
    for _ in range(2):
        document = await make.document(annotator)
        one, two = [await make.annotation(annotator, document["id"]) for _ in range(2)]
        body = {"id": id, "type": "supports", "source": one["id"], "target": two["id"]}
        answers.append(await annotator.post(f"/v1/documents/{document['id']}/relations", json=body))

    assert answers[0].status_code == 201
    make.refused(answers[1], 409, "id-conflict")


async def test_annotators_and_above_may_join_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]
    body = {"type": "supports", "source": one["id"], "target": two["id"]}
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 201,
        "reviewer": 201,
        "manager": 201,
        "admin": 201,
    }.items():
        answer = await newsroom[name].post(f"/v1/documents/{document['id']}/relations", json=body)

        assert answer.status_code == status, name
