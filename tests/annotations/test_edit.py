"""Editing: a new version, pending again, by its author or a reviewer."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.log import entries_after, head

UNITS = ("code_points", "utf16", "utf8")


async def test_an_edit_makes_a_new_version_that_is_pending(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    await make.decision(newsroom["reviewer"], annotation["id"])
    edits: list[dict[str, Any]] = [
        {"label": "quote"},
        make.span(make.TEXT, "Beijing"),
        {"attributes": {"speaker": "Kyiv"}},
        {"note": "Look."},
        {"note": None},
        {"label": "denial", "attributes": {"target_text": "x"}, "note": ""},
    ]
    expected = annotation
    for version, edit in enumerate(edits, 2):
        answer = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(version))

        edited = await make.said(answer, 200)
        expected = {
            **expected,
            **edit,
            "version": version + 1,
            "updated_at": edited["updated_at"],
        }
        # The author stays whoever edits; the decision on the old words says nothing of the new.
        assert edited == expected
        assert (edited["status"], edited["decided_by"], edited["decided_at"]) == (
            "pending",
            None,
            None,
        )
        assert answer.headers["ETag"] == f'"{version + 1}"'
        assert (await newsroom["reader"].get(path)).json() == expected


async def test_an_edit_that_changes_nothing_makes_no_version(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    said: dict[str, Any] = {"attributes": {"speaker": "Kyiv"}, "note": "n"}
    annotation = await make.annotation(newsroom["annotator"], document["id"], **said)
    path = f"/v1/annotations/{annotation['id']}"
    await make.decision(newsroom["reviewer"], annotation["id"])
    approved = (await newsroom["reader"].get(path)).json()
    end = await head(newsroom)
    same: list[dict[str, Any]] = [
        {},
        {"label": "claim"},
        said,
        {"quote": annotation["quote"]},
        {name: annotation[name] for name in ("start", "end", "quote", "label", "note")},
    ]
    for edit in same:
        answer = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(2))

        assert await make.said(answer, 200) == approved
        assert answer.headers["ETag"] == '"2"'
    assert await entries_after(newsroom, end) == []


@pytest.mark.parametrize(("was", "becomes"), [(1.0, 1), (1, 1.0), (0.0, -0.0)])
async def test_another_form_of_a_number_is_an_edit(
    newsroom: Newsroom, was: float, becomes: float
) -> None:
    await make.typed_project(newsroom["admin"])
    annotator = newsroom["annotator"]
    document = await make.document(annotator, project="typed")
    annotation = await make.annotation(
        annotator, document["id"], "mark", attributes={"score": was, "text": "t"}
    )
    path = f"/v1/annotations/{annotation['id']}"
    edit = {"attributes": {"text": "t", "score": becomes}}

    edited = await make.said(await annotator.patch(path, json=edit, headers=make.seen(1)), 200)
    again = await make.said(await annotator.patch(path, json=edit, headers=make.seen(2)), 200)

    got = (await annotator.get(path)).json()
    assert edited == again == got
    assert got["version"] == 2
    assert repr(got["attributes"]["score"]) == repr(becomes)


@pytest.mark.parametrize("unit", UNITS)
async def test_spans_move_in_the_callers_unit_and_what_is_stored_stays_where_it_is(
    newsroom: Newsroom, unit: str
) -> None:
    await make.typed_project(newsroom["admin"])
    text = make.ASTRAL
    document = await make.document(newsroom["annotator"], text, project="typed")
    annotation = await make.annotation(
        newsroom["annotator"],
        document["id"],
        "mark",
        "да",
        attributes={"where": {"quote": "مرحبا"}},
    )
    path = f"/v1/annotations/{annotation['id']}"
    where = make.span(text, "مرحبا", unit)
    fragments = [make.span(text, word, unit) for word in ("🇺🇦", "🇨🇳", "👨\u200d👩\u200d👧")]
    envelope = make.span(text, text[text.index("🇺🇦") : text.index(". End")], unit)
    edits: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (make.span(text, "cafe\u0301", unit), {"attributes": {"where": where}, "fragments": None}),
        (
            {"fragments": fragments},
            {**envelope, "fragments": fragments, "attributes": {"where": where}},
        ),
        (
            {"attributes": {"where": make.span(text, "End", unit)}},
            {**envelope, "fragments": fragments},
        ),
        ({"note": "n"}, {"fragments": fragments}),
        ({"quote": "да"}, {**make.span(text, "да", unit), "fragments": None}),
    ]
    for version, (edit, expected) in enumerate(edits, 1):
        answer = await newsroom["annotator"].patch(
            path, json=edit, headers=make.seen(version), params={"offset_unit": unit}
        )

        edited = await make.said(answer, 200)
        for name, value in {**edit, **expected}.items():
            assert edited[name] == value, (edit, name)
        got = await newsroom["reader"].get(path, params={"offset_unit": unit})
        assert got.json() == edited


async def test_span_fields_are_replaced_together(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"start": annotation["start"]}, "/end", "missing-field"),
        (
            {"start": annotation["start"], "end": annotation["end"] - 1},
            "/quote",
            "quote-missing",
        ),
        ({"quote": "nowhere"}, "/quote", "quote-not-found"),
        ({"quote": None}, "/quote", "missing-field"),
        ({"fragments": None}, "/quote", "missing-field"),
        ({"fragments": []}, "/fragments", "fragments-invalid"),
        ({"label": ""}, "/label", "invalid-value"),
        ({"label": None}, "/label", "invalid-value"),
        ({"label": "nope"}, "/label", "unknown-label"),
        ({"attributes": {"nope": "x"}}, "/attributes/nope", "invalid-attribute"),
        ({"attributes": None}, "/attributes", "invalid-value"),
        ({"confidence": 0.5}, "/confidence", "invalid-value"),
        ({"status": "approved"}, "/status", "unknown-field"),
        ({"author": "reader"}, "/author", "unknown-field"),
        ({"external_id": "a"}, "/external_id", "unknown-field"),
        ({"origin": "model"}, "/origin", "unknown-field"),
    ]
    for edit, pointer, code in refused:
        answer = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(1))

        [error] = make.refused(answer, 422, code)["errors"]
        assert error["pointer"] == pointer, edit
    assert (await newsroom["reader"].get(path)).json() == annotation


async def test_a_label_that_the_old_attributes_do_not_fit_needs_new_ones(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(
        newsroom["annotator"], document["id"], attributes={"hedge": "maybe"}
    )
    path = f"/v1/annotations/{annotation['id']}"

    alone = await newsroom["annotator"].patch(path, json={"label": "denial"}, headers=make.seen(1))
    together = await newsroom["annotator"].patch(
        path, json={"label": "denial", "attributes": {}}, headers=make.seen(1)
    )

    [error] = make.refused(alone, 422, "invalid-attribute")["errors"]
    assert error["pointer"] == "/attributes/hedge"
    assert (await make.said(together, 200))["attributes"] == {}


async def test_a_new_label_must_suit_the_relations(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    claim = await make.annotation(newsroom["annotator"], document["id"])
    denial = await make.annotation(newsroom["annotator"], document["id"], "denial")
    quote = await make.annotation(newsroom["annotator"], document["id"], "quote")
    denies = await make.relation(
        newsroom["annotator"], document["id"], "denies", denial["id"], claim["id"]
    )
    expresses = await make.relation(
        newsroom["annotator"], document["id"], "expresses", quote["id"], denial["id"]
    )

    async def relabelled(annotation: dict[str, Any], label: str) -> Any:
        return await newsroom["annotator"].patch(
            f"/v1/annotations/{annotation['id']}", json={"label": label}, headers=make.seen(1)
        )

    [error] = make.refused(
        await relabelled(claim, "evidence-missing"), 422, "relation-not-allowed"
    )["errors"]
    assert (error["pointer"], error["relation"]) == ("/label", denies["id"])
    assert error["allowed"] == {"source": ["denial"], "target": ["claim"]}
    # All that stand in its way are told at once.
    errors = make.refused(await relabelled(denial, "evidence-missing"), 422, "invalid-body")[
        "errors"
    ]
    assert [
        (it["pointer"], it["code"], it["relation"], it["allowed"]["source"]) for it in errors
    ] == [
        ("/label", "relation-not-allowed", denies["id"], ["denial"]),
        ("/label", "relation-not-allowed", expresses["id"], ["quote"]),
    ]
    # Once it is withdrawn, the other relation lets a denial become a claim: a quote expresses both.
    await newsroom["annotator"].delete(f"/v1/relations/{denies['id']}", headers=make.seen(1))
    assert (await make.said(await relabelled(denial, "claim"), 200))["label"] == "claim"
    relations = await newsroom["reader"].get(f"/v1/documents/{document['id']}/relations")
    assert [relation["type"] for relation in relations.json()["items"]] == ["expresses"]


async def test_of_very_many_relations_that_do_not_suit_the_first_are_told(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    one = await make.annotation(newsroom["annotator"], document["id"])
    other = await make.annotation(newsroom["annotator"], document["id"], quote="more will follow")
    made = [
        await make.relation(
            newsroom["annotator"], document["id"], "supports", one["id"], other["id"]
        )
        for _ in range(101)
    ]

    answer = await newsroom["annotator"].patch(
        f"/v1/annotations/{other['id']}", json={"label": "quote"}, headers=make.seen(1)
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert [error["relation"] for error in errors] == [it["id"] for it in made[:100]]


async def test_its_author_and_reviewers_may_edit_and_nobody_else(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    version = 1
    for name, status in {
        "nobody": 401,
        "stranger": 404,
        "reader": 403,
        "annotator-b": 403,
        "annotator": 200,
        "reviewer": 200,
        "manager": 200,
        "admin": 200,
    }.items():
        answer = await newsroom[name].patch(
            path, json={"note": f"By {name}."}, headers=make.seen(version)
        )

        assert answer.status_code == status, name
        version += status == 200
    stored = (await newsroom["reader"].get(path)).json()
    assert (stored["note"], stored["author"]) == ("By admin.", "annotator")


async def test_a_models_confidence_stays_changes_and_goes(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(
        newsroom["annotator"], document["id"], origin="model", confidence=0.5
    )
    path = f"/v1/annotations/{annotation['id']}"
    edits: list[tuple[dict[str, Any], float | None]] = [
        ({"note": "n"}, 0.5),
        ({"confidence": 0.75}, 0.75),
        ({"confidence": None}, None),
    ]
    for version, (edit, confidence) in enumerate(edits, 1):
        answer = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(version))

        edited = await make.said(answer, 200)
        assert (edited["origin"], edited["confidence"]) == ("model", confidence)


async def test_the_version_that_was_seen_must_be_named_and_be_the_current_one(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"], make.ASTRAL)
    annotation = await make.annotation(newsroom["annotator"], document["id"], quote="да")
    path = f"/v1/annotations/{annotation['id']}"
    await newsroom["reviewer"].patch(path, json={"note": "2"}, headers=make.seen(1))
    current = await newsroom["reader"].get(path, params={"offset_unit": "utf16"})
    answers = {
        header: await newsroom["annotator"].patch(
            path,
            json={"note": "3"},
            headers={"If-Match": header} if header else {},
            params={"offset_unit": "utf16"},
        )
        for header in ("", "*", "x", '"1", "2"', '"1"', '"3"')
    }

    for header, status in {
        "": 428,
        "*": 428,
        "x": 422,
        '"1", "2"': 422,
        '"1"': 412,
        '"3"': 412,
    }.items():
        assert answers[header].status_code == status, header
    for header in ('"1"', '"3"'):
        problem = make.refused(answers[header], 412, "stale-version")
        assert problem["current"] == current.json()
        assert answers[header].headers["ETag"] == '"2"'
