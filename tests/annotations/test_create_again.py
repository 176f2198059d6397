"""Posting is idempotent: a lost answer can be asked for again."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.text.spans import verify, verify_annotation
from tests import make
from tests.conftest import Newsroom

SPAN = make.span(make.TEXT, "Chinese nationals")
BODY: dict[str, Any] = {
    "label": "claim",
    **SPAN,
    "attributes": {"speaker": "Kyiv", "speaker_span": make.span(make.TEXT, "Kyiv")},
    "note": "n",
}
IDENTITIES: tuple[dict[str, Any], ...] = ({"id": str(make.id_of(77))}, {"external_id": "a-1"})


async def test_the_same_annotation_again_is_answered_200_and_the_stored_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    # The same content, however it is said.
    found = {name: value for name, value in BODY.items() if name not in {"start", "end"}}
    for identity in IDENTITIES:
        first = await newsroom["annotator"].post(path, json=BODY | identity)
        for body in (BODY | identity, found | identity):
            again = await newsroom["annotator"].post(path, json=body)

            assert await make.said(again, 200) == await make.said(first)
            assert again.headers["ETag"] == '"1"'
            assert "Location" not in again.headers
    assert len((await newsroom["reader"].get(path)).json()["items"]) == 2


async def test_the_same_annotation_again_in_another_unit_is_answered_in_that_unit(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)
    path = f"/v1/documents/{document['id']}/annotations"
    body = {"id": str(make.id_of(77)), "label": "claim"}
    for unit, status in (("code_points", 201), ("utf16", 200), ("utf8", 200)):
        span = make.span(make.ASTRAL, "да", unit)

        answer = await newsroom["annotator"].post(
            path, json=body | span, params={"offset_unit": unit}
        )

        annotation = await make.said(answer, status)
        assert {name: annotation[name] for name in span} == span
        assert annotation["offset_unit"] == unit


async def test_it_is_the_same_also_after_edits_and_decisions(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for identity in IDENTITIES:
        created = await make.annotation(newsroom["annotator"], document["id"], **BODY | identity)
        path = f"/v1/annotations/{created['id']}"
        edits: list[dict[str, Any]] = [
            {"label": "quote", "quote": "Kyiv", "attributes": {}, "note": None},
            {"label": "quote", "quote": "Beijing", "attributes": {}, "note": None},
        ]
        for version, edit in enumerate(edits, 1):
            await newsroom["reviewer"].patch(path, json=edit, headers=make.seen(version))
        await make.decision(newsroom["reviewer-b"], created["id"], version=3)
        stored = (await newsroom["reader"].get(path)).json()
        between, now = edits
        again = f"/v1/documents/{document['id']}/annotations"

        # As it was created, and as it is now.
        for body in (BODY, now):
            answer = await newsroom["annotator"].post(again, json=body | identity)

            assert await make.said(answer, 200) == stored
            assert stored["version"] == 4
        others = (between, now | {"origin": "model"})
        for body in others:
            answer = await newsroom["annotator"].post(again, json=body | identity)
            assert answer.status_code == 409, answer.text
        by_another = await newsroom["reviewer"].post(again, json=now | identity)
        assert by_another.status_code == 409


async def test_the_same_id_with_other_content_or_author_conflicts(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    codes = ("id-conflict", "external-id-conflict")
    for identity, code in zip(IDENTITIES, codes, strict=True):
        await make.annotation(newsroom["annotator"], document["id"], **BODY | identity)
        others: list[dict[str, Any]] = [
            {"label": "denial"},
            make.span(make.TEXT, "Chinese national"),
            {"attributes": {"speaker": "Kyiv"}},
            {"attributes": BODY["attributes"] | {"speaker": "kyiv"}},
            {"note": None},
            {"note": ""},
            {"origin": "model"},
            {"origin": "model", "confidence": 0.5},
        ]
        for other in others:
            answer = await newsroom["annotator"].post(path, json=BODY | other | identity)
            make.refused(answer, 409, code)
        by_another = await newsroom["annotator-b"].post(path, json=BODY | identity)
        make.refused(by_another, 409, code)
    assert len((await newsroom["reader"].get(path)).json()["items"]) == 2


async def test_a_number_in_another_form_is_the_same_and_a_truth_value_is_not(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    attributes = {"score": 1, "count": 1, "sure": True}
    codes = ("id-conflict", "external-id-conflict")
    for identity, code in zip(IDENTITIES, codes, strict=True):
        body = {"label": "mark", "quote": "Beijing", "attributes": attributes, **identity}
        created = await make.said(await newsroom["annotator"].post(path, json=body))

        same = {"attributes": attributes | {"score": 1.0}}
        again = await newsroom["annotator"].post(path, json=body | same)
        assert await make.said(again, 200) == created
        for other in ({"score": True}, {"count": True}, {"sure": 1}):
            answer = await newsroom["annotator"].post(
                path, json=body | {"attributes": attributes | other}
            )
            make.refused(answer, 409, code)


async def test_an_id_and_an_external_id_name_one_annotation(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    both = BODY | {"id": str(make.id_of(77)), "external_id": "a-1"}
    await make.annotation(newsroom["annotator"], document["id"], **both)

    same = await newsroom["annotator"].post(path, json=both)
    other_id = await newsroom["annotator"].post(path, json=both | {"id": str(make.id_of(78))})
    other_external_id = await newsroom["annotator"].post(path, json=both | {"external_id": "a-2"})

    assert same.status_code == 200
    make.refused(other_id, 409, "external-id-conflict")
    make.refused(other_external_id, 409, "id-conflict")


async def test_the_id_of_a_withdrawn_annotation_is_gone_and_its_external_id_is_free(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    both = BODY | {"id": str(make.id_of(77)), "external_id": "a-1"}
    await make.annotation(newsroom["annotator"], document["id"], **both)
    await newsroom["annotator"].delete(f"/v1/annotations/{both['id']}", headers=make.seen(1))

    again = await newsroom["annotator"].post(path, json=both)
    anew = await newsroom["annotator"].post(path, json=both | {"id": str(make.id_of(78))})

    make.refused(again, 410, "gone")
    assert (await make.said(anew))["external_id"] == "a-1"


async def test_an_id_of_another_document_conflicts_and_tells_nothing_of_it(
    newsroom: Newsroom,
) -> None:
    await make.project(newsroom["admin"], "secret")
    hidden = await make.document(newsroom["admin"], project="secret")
    beside = await make.document(newsroom["annotator"])
    document = await make.document(newsroom["annotator"])
    answers = []
    for number, (author, other) in enumerate((("admin", hidden), ("annotator", beside)), 77):
        body = BODY | {"id": str(make.id_of(number)), "external_id": "a-1"}
        await make.annotation(newsroom[author], other["id"], **body)

        answers.append(
            await newsroom["annotator"].post(
                f"/v1/documents/{document['id']}/annotations", json=body
            )
        )

    assert make.refused(answers[0], 409, "id-conflict") == make.refused(
        answers[1], 409, "id-conflict"
    )
    # An external id is unique in its document alone.
    await make.annotation(newsroom["annotator"], document["id"], **BODY, external_id="a-1")


async def test_it_is_the_same_also_after_edits_of_what_a_file_brought_at_a_later_version(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], external_id="d-1")
    path = f"/v1/documents/{document['id']}/annotations"
    body = BODY | IDENTITIES[0] | IDENTITIES[1]
    line = {name: document[name] for name in ("id", "external_id", "title", "text")}
    restored = body | {"origin": "human", "author": "annotator", "version": 3}
    file = json.dumps(line | {"annotations": [restored]})
    await newsroom["manager"].post("/v1/projects/demo/import?format=jsonl", content=file)
    for version in (3, 4):
        again = await newsroom["annotator"].post(path, json=body)

        assert (await make.said(again, 200))["version"] == version
        await newsroom["annotator"].patch(
            f"/v1/annotations/{body['id']}", json={"note": None}, headers=make.seen(version)
        )


Labels = dict[str, Any]
NARROWED: dict[str, Callable[[Labels], Any]] = {
    "no such label": lambda labels: labels.pop("mark"),
    "no such attribute": lambda labels: labels["mark"]["attributes"].pop(),
    "no such value": lambda labels: labels["mark"]["attributes"][2]["values"].pop(),
    "another type": lambda labels: labels["mark"]["attributes"][-1].update(type="string"),
    "one more needed": lambda labels: labels["mark"]["attributes"][0].update(required=True),
}
DROPS = NARROWED["no such label"]


async def narrow(newsroom: Newsroom, change: Callable[[Labels], Any]) -> None:
    """Change the labels of the scheme ``make.TYPED_SCHEME``."""
    labels = {label["name"]: label for label in copy.deepcopy(make.TYPED_SCHEME["labels"])}
    change(labels)
    scheme = {"name": "narrowed", "labels": list(labels.values()), "relations": []}
    path = "/v1/projects/typed/scheme"
    await make.said(await newsroom["admin"].put(path, json=scheme, headers=make.seen(1)), 200)


@pytest.mark.parametrize("change", NARROWED.values(), ids=NARROWED)
async def test_what_an_earlier_scheme_took_is_the_same_under_one_that_refuses_it(
    newsroom: Newsroom, change: Callable[[Labels], Any]
) -> None:
    await make.typed_project(newsroom["admin"])
    annotator = newsroom["annotator"]
    document = await make.document(newsroom["admin"], make.ASTRAL, project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    unit = {"offset_unit": "utf16"}
    span = make.span(make.ASTRAL, "да", "utf16")
    where = make.span(make.ASTRAL, "said", "utf16")
    body = {"label": "mark", **span, "attributes": {"kind": "two", "where": where}}
    for identity in IDENTITIES:
        await make.said(await annotator.post(path, json=body | identity, params=unit))
    stored = (await annotator.get(path)).json()["items"]
    for one in stored:
        edit = {"label": "plain", "attributes": {}}
        edited = await annotator.patch(
            f"/v1/annotations/{one['id']}", json=edit, headers=make.seen(1)
        )
        await make.said(edited, 200)

    await narrow(newsroom, change)

    for identity, one in zip(IDENTITIES, stored, strict=True):
        again = await make.said(await annotator.post(path, json=body | identity, params=unit), 200)
        assert (again["id"], again["version"], again["label"]) == (one["id"], 2, "plain")
        assert {name: again[name] for name in span} == span
    new = await annotator.post(path, json=body | {"id": str(make.id_of(78))}, params=unit)
    make.refused(new, 422, "unknown-label" if change is DROPS else "invalid-attribute")
    assert len((await annotator.get(path)).json()["items"]) == 2


async def test_what_a_later_scheme_refuses_conflicts_with_other_content_and_may_be_gone(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    annotator = newsroom["annotator"]
    document = await make.document(newsroom["admin"], project="typed")
    beside = await make.document(newsroom["admin"], project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    body = {"label": "mark", **SPAN, "attributes": {"kind": "two"}}
    both = body | {"id": str(make.id_of(77)), "external_id": "a-1"}
    await make.annotation(annotator, document["id"], **both)
    edit = {"label": "plain", "attributes": {}}
    annotation = f"/v1/annotations/{both['id']}"
    await make.said(await annotator.patch(annotation, json=edit, headers=make.seen(1)), 200)
    await narrow(newsroom, DROPS)
    others: list[dict[str, Any]] = [
        {"attributes": {"kind": "один"}},
        {"attributes": {}},
        {"note": "n"},
        {"external_id": None},
        make.span(make.TEXT, "Kyiv"),
    ]

    for other in others:
        make.refused(await annotator.post(path, json=both | other), 409, "id-conflict")
    new = both | {"id": str(make.id_of(78))}
    make.refused(await annotator.post(path, json=new), 409, "external-id-conflict")
    make.refused(await newsroom["reviewer"].post(path, json=both), 409, "id-conflict")
    elsewhere = f"/v1/documents/{beside['id']}/annotations"
    make.refused(await annotator.post(elsewhere, json=both), 409, "id-conflict")
    # What the text refuses was never taken, so all that is wrong with it is told.
    [label, quote] = make.refused(
        await annotator.post(path, json=both | {"quote": "x"}), 422, "invalid-body"
    )["errors"]
    assert (label["code"], quote["code"]) == ("unknown-label", "quote-mismatch")
    await annotator.delete(annotation, headers=make.seen(2))
    make.refused(await annotator.post(path, json=both), 410, "gone")
    # Its external id is free again.
    make.refused(
        await annotator.post(path, json=body | {"external_id": "a-1"}), 422, "unknown-label"
    )


async def test_what_the_scheme_alone_refuses_is_looked_for_in_the_text_once(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That an earlier scheme may have taken it is no reason to look a second time."""
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["admin"], project="typed")
    looked_for: list[str] = []

    def counted(name: str, verified: Callable[..., Any]) -> Callable[..., Any]:
        def of(*given: Any, **named: Any) -> Any:
            looked_for.append(name)
            return verified(*given, **named)

        return of

    for one in (verify, verify_annotation):
        monkeypatch.setattr(f"app.annotations.content.{one.__name__}", counted(one.__name__, one))
    attributes = {"where": {"quote": "Beijing"}, "text": {"quote": "Kyiv"}, "kind": "none"}
    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations",
        json={"label": "mark", "quote": "Officials", "attributes": attributes},
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert [error["pointer"] for error in errors] == ["/attributes/text", "/attributes/kind"]
    assert sorted(looked_for) == ["verify", "verify", "verify_annotation"]


@pytest.mark.parametrize(("label", "most"), [("unheard", 1), ("mark", 8)])
async def test_few_of_many_spans_that_are_refused_are_looked_for(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, label: str, most: int
) -> None:
    """To say why one is refused takes as long as the text is."""
    names = [f"span{number}" for number in range(50)]
    attributes = [{"name": name, "type": "span"} for name in names]
    scheme = {"name": "spans", "labels": [{"name": "mark", "attributes": attributes}]}
    await make.project(newsroom["admin"], "spans", scheme=scheme)
    document = await make.document(newsroom["admin"], project="spans")
    path = f"/v1/documents/{document['id']}/annotations"
    looked_for = []

    def counted(*given: Any, **named: Any) -> Any:
        looked_for.append(given)
        return verify(*given, **named)

    monkeypatch.setattr("app.annotations.content.verify", counted)
    spans = {name: {"quote": "nowhere"} for name in names}
    for identity in ({}, *IDENTITIES):
        looked_for.clear()
        body = {"label": label, "quote": "Kyiv", "attributes": spans, **identity}
        answer = await newsroom["admin"].post(path, json=body)

        assert answer.status_code == 422, answer.text
        assert len(looked_for) == most
