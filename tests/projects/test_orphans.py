"""No new scheme leaves stored annotations or relations without a place in it."""

import asyncio
import copy
from typing import Any

import httpx
import pytest

from app.projects import orphans
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows

PATH = "/v1/projects/demo/scheme"

SCHEME: dict[str, Any] = {
    "name": "orphanage",
    "labels": [
        {
            "name": "claim",
            "attributes": [
                {"name": "speaker", "type": "string"},
                {"name": "polarity", "type": "enum", "values": ["positive", "negative"]},
                {"name": "topics", "type": "enum[]", "values": ["war", "peace"]},
                {"name": "cue", "type": "span"},
                {"name": "weight", "type": "number"},
            ],
        },
        {"name": "denial", "attributes": []},
        {"name": "rumour", "attributes": []},
    ],
    "relations": [
        {"name": "denies", "source": ["denial", "rumour"], "target": ["claim", "rumour"]},
        {"name": "repeats", "source": ["claim"], "target": ["claim"]},
    ],
}

ATTRIBUTES = {
    "speaker": "Ukraine",
    "polarity": "negative",
    "topics": ["war", "peace"],
    "cue": {"quote": "says that"},
    "weight": 0.5,
}


async def put(newsroom: Newsroom, scheme: dict[str, Any]) -> httpx.Response:
    seen = (await newsroom["manager"].get(PATH)).headers["ETag"]
    return await newsroom["manager"].put(PATH, json=scheme, headers={"If-Match": seen})


async def annotated(newsroom: Newsroom) -> tuple[str, str, str]:
    """The ids of a claim with every attribute, of a denial, and of the relation between them."""
    await make.said(await put(newsroom, SCHEME), 200)
    annotator = newsroom["annotator"]
    document = (await make.document(annotator))["id"]
    claim = await make.annotation(annotator, document, attributes=ATTRIBUTES)
    denial = await make.annotation(annotator, document, "denial", "totally unfounded")
    relation = await make.relation(annotator, document, "denies", denial["id"], claim["id"])
    return claim["id"], denial["id"], relation["id"]


def label(name: str, **attributes: dict[str, Any] | None) -> dict[str, Any]:
    """The scheme with a label's attributes changed; None takes one away."""
    scheme = copy.deepcopy(SCHEME)
    changed = next(label for label in scheme["labels"] if label["name"] == name)
    kept = {attribute["name"]: attribute for attribute in changed["attributes"]}
    kept |= {key: {"name": key, **(value or {})} for key, value in attributes.items()}
    changed["attributes"] = [kept[key] for key in kept if attributes.get(key, {}) is not None]
    return scheme


def without(name: str) -> dict[str, Any]:
    """The scheme without a label, in its relations too."""
    scheme = copy.deepcopy(SCHEME)
    scheme["labels"] = [label for label in scheme["labels"] if label["name"] != name]
    for relation in scheme["relations"]:
        for side in ("source", "target"):
            relation[side] = [end for end in relation[side] if end != name]
    scheme["relations"] = [
        relation for relation in scheme["relations"] if relation["source"] and relation["target"]
    ]
    return scheme


def relations(*kept: dict[str, Any]) -> dict[str, Any]:
    """The scheme with these relations alone."""
    return {**SCHEME, "relations": list(kept)}


NARROWED = {
    "an attribute is gone": (label("claim", speaker=None), "claim"),
    "an attribute is of another type": (label("claim", speaker={"type": "integer"}), "claim"),
    "a string is an enum now": (
        label("claim", speaker={"type": "enum", "values": ["Kyiv"]}),
        "claim",
    ),
    "a value is gone": (label("claim", polarity={"type": "enum", "values": ["positive"]}), "claim"),
    "a value of a list is gone": (
        label("claim", topics={"type": "enum[]", "values": ["war"]}),
        "claim",
    ),
    "a list is one value now": (
        label("claim", topics={"type": "enum", "values": ["war", "peace"]}),
        "claim",
    ),
    "a span is a string now": (label("claim", cue={"type": "string"}), "claim"),
    "a number is an integer now": (label("claim", weight={"type": "integer"}), "claim"),
    "an attribute is required now": (
        label("denial", basis={"type": "string", "required": True}),
        "denial",
    ),
}


@pytest.mark.parametrize("what", NARROWED)
async def test_a_scheme_in_which_an_annotation_does_not_fit_is_refused(
    newsroom: Newsroom, what: str
) -> None:
    scheme, orphaned = NARROWED[what]
    claim, denial, _ = await annotated(newsroom)
    before = await rows(newsroom)

    answer = await put(newsroom, scheme)

    problem = make.refused(answer, 409, "scheme-orphans")
    assert [
        (orphan["kind"], orphan["count"], orphan["examples"]) for orphan in problem["orphans"]
    ] == [("annotation", 1, [claim if orphaned == "claim" else denial])]
    assert orphaned in problem["orphans"][0]["reason"] or "fit" in problem["orphans"][0]["reason"]
    assert await rows(newsroom) == before
    assert (await newsroom["reader"].get(PATH)).json()["version"] == 2


async def test_an_orphaned_number_is_edited_to_the_integer_that_it_is(newsroom: Newsroom) -> None:
    claim, _, _ = await annotated(newsroom)
    path, whole = f"/v1/annotations/{claim}", label("claim", weight={"type": "integer"})
    for version, weight in enumerate((1.0, 1), 1):
        make.refused(await put(newsroom, whole), 409, "scheme-orphans")
        edit = {"attributes": {"weight": weight}}
        answer = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(version))
        await make.said(answer, 200)

    await make.said(await put(newsroom, whole), 200)


async def test_a_label_that_is_in_use_stays(newsroom: Newsroom) -> None:
    claim, _, relation = await annotated(newsroom)

    answer = await put(newsroom, without("claim"))

    problem = make.refused(answer, 409, "scheme-orphans")
    assert problem["orphans"] == [
        {
            "kind": "annotation",
            "reason": "The scheme has no label “claim”.",
            "count": 1,
            "examples": [claim],
        },
        {
            "kind": "relation",
            "reason": "“denies” does not lead from a denial to a claim.",
            "count": 1,
            "examples": [relation],
        },
    ]


@pytest.mark.parametrize(
    "kept",
    [
        (SCHEME["relations"][1],),
        ({**SCHEME["relations"][0], "source": ["rumour"]},),
        ({**SCHEME["relations"][0], "target": ["rumour"]},),
        (),
    ],
)
async def test_a_relation_that_is_in_use_stays(
    newsroom: Newsroom, kept: tuple[dict[str, Any], ...]
) -> None:
    _, _, relation = await annotated(newsroom)
    before = await rows(newsroom)

    answer = await put(newsroom, relations(*kept))

    problem = make.refused(answer, 409, "scheme-orphans")
    assert [
        (orphan["kind"], orphan["count"], orphan["examples"]) for orphan in problem["orphans"]
    ] == [("relation", 1, [relation])]
    assert await rows(newsroom) == before


WIDENED = {
    "a label nobody used is gone": without("rumour"),
    "a relation nobody used is gone": relations(SCHEME["relations"][0]),
    "ends nobody used are gone": relations(
        {"name": "denies", "source": ["denial"], "target": ["claim"]}
    ),
    "there is another label": {**SCHEME, "labels": [*SCHEME["labels"], {"name": "quote"}]},
    "there is another attribute": label("claim", basis={"type": "string"}),
    "there is another value": label(
        "claim", polarity={"type": "enum", "values": ["neutral", "negative", "positive"]}
    ),
    "a value nobody used is gone": label(
        "claim", polarity={"type": "enum", "values": ["negative"]}
    ),
    "what everyone has is required": label("claim", speaker={"type": "string", "required": True}),
    "a string is an enum that holds it": label(
        "claim", speaker={"type": "enum", "values": ["Ukraine"]}
    ),
    "a list of known words is of any": label("claim", topics={"type": "string[]"}),
    "the labels stand in another order": {**SCHEME, "labels": SCHEME["labels"][::-1]},
}


@pytest.mark.parametrize("what", WIDENED)
async def test_a_scheme_in_which_everything_fits_is_taken(newsroom: Newsroom, what: str) -> None:
    await annotated(newsroom)

    answer = await put(newsroom, WIDENED[what])

    assert (await make.said(answer, 200))["version"] == 3


async def test_what_was_withdrawn_is_in_no_scheme_s_way(newsroom: Newsroom) -> None:
    claim, denial, _ = await annotated(newsroom)
    for id in (claim, denial):
        answer = await newsroom["annotator"].delete(
            f"/v1/annotations/{id}", headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 204

    answer = await put(newsroom, {"name": "rumours", "labels": [{"name": "rumour"}]})

    assert (await make.said(answer, 200))["version"] == 3


async def test_another_project_s_annotations_are_in_no_one_s_way(newsroom: Newsroom) -> None:
    await annotated(newsroom)
    await make.project(newsroom["admin"], "archive", scheme=SCHEME)

    answer = await newsroom["admin"].put(
        "/v1/projects/archive/scheme",
        json={"name": "rumours", "labels": [{"name": "rumour"}]},
        headers={"If-Match": '"1"'},
    )

    assert (await make.said(answer, 200))["version"] == 2


async def test_orphans_are_counted_and_named(newsroom: Newsroom) -> None:
    claim, _, _ = await annotated(newsroom)
    annotator = newsroom["annotator"]
    document = (await make.document(annotator))["id"]
    more = [
        (await make.annotation(annotator, document, attributes={"polarity": "negative"}))["id"]
        for _ in range(7)
    ]
    scheme = label("claim", polarity={"type": "enum", "values": ["positive"]}, speaker=None)

    answer = await put(newsroom, scheme)

    problem = make.refused(answer, 409, "scheme-orphans")
    counted = {orphan["count"]: orphan["examples"] for orphan in problem["orphans"]}
    assert counted == {1: [claim], 8: [claim, *more]}


async def test_relations_that_are_orphaned_are_counted_and_named(newsroom: Newsroom) -> None:
    claim, denial, _ = await annotated(newsroom)
    annotator = newsroom["annotator"]
    document = (await newsroom["reader"].get(f"/v1/annotations/{claim}")).json()["document_id"]
    rumour = (await make.annotation(annotator, document, "rumour"))["id"]
    for source, target in ((rumour, claim), (denial, claim), (rumour, claim), (denial, rumour)):
        await make.relation(annotator, document, "denies", source, target)
    kept = {**SCHEME["relations"][0], "source": ["rumour"]}

    answer = await put(newsroom, relations(kept))
    none = await put(newsroom, relations())

    path = f"/v1/documents/{document}/relations"
    stored = (await newsroom["reader"].get(path)).json()["items"]
    problem = make.refused(answer, 409, "scheme-orphans")
    assert {orphan["count"]: orphan["examples"] for orphan in problem["orphans"]} == {
        2: [one["id"] for one in stored if (one["source"], one["target"]) == (denial, claim)],
        1: [one["id"] for one in stored if one["target"] == rumour],
    }
    [orphan] = make.refused(none, 409, "scheme-orphans")["orphans"]
    assert orphan["count"] == 5
    assert sorted(orphan["examples"]) == sorted(one["id"] for one in stored)


async def test_no_more_orphans_are_named_than_can_be_read(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "_NAMED", 3)
    claim, denial, _ = await annotated(newsroom)
    annotator = newsroom["annotator"]
    document = (await newsroom["reader"].get(f"/v1/annotations/{claim}")).json()["document_id"]
    rumours = []
    for _ in range(4):
        rumours.append((await make.annotation(annotator, document, "rumour"))["id"])
        await make.relation(annotator, document, "denies", denial, claim)

    lone = await put(newsroom, relations())
    both = await put(newsroom, without("rumour") | {"relations": []})

    [orphan] = make.refused(lone, 409, "scheme-orphans")["orphans"]
    assert (orphan["count"], len(orphan["examples"])) == (5, 3)
    found = make.refused(both, 409, "scheme-orphans")["orphans"]
    counts = [(one["kind"], one["count"], len(one["examples"])) for one in found]
    assert counts == [("annotation", 4, 3), ("relation", 5, 1)]
    assert found[0]["examples"] == rumours[:3]


async def test_a_scheme_that_comes_while_others_annotate_leaves_no_orphan(
    newsroom: Newsroom,
) -> None:
    await make.said(await put(newsroom, SCHEME), 200)
    document = (await make.document(newsroom["annotator"]))["id"]
    path = f"/v1/documents/{document}/annotations"
    rumour = {"label": "rumour", "quote": "155 people"}
    # Half of them come by another worker, whose writes are not in line with this one's.
    beside = newsroom.beside()
    annotators = [worker[name] for worker in (newsroom, beside) for name in ANNOTATORS]

    for place in range(9):
        seen = (await newsroom["manager"].get(PATH)).headers["ETag"]
        asked = [annotator.post(path, json=rumour) for annotator in annotators]
        asked.insert(
            place,
            newsroom["manager"].put(PATH, json=without("rumour"), headers={"If-Match": seen}),
        )
        created = list(await asyncio.gather(*asked))
        changed = created.pop(place)

        made = [answer for answer in created if answer.status_code == 201]
        kept = (await newsroom["reader"].get(f"{path}?label=rumour")).json()["items"]
        assert len(kept) == len(made)
        for answer in created:
            if answer not in made:
                make.refused(answer, 422, "unknown-label")
        # Either the scheme came first and refused them all, or one of them, and refused the scheme.
        if changed.status_code == 200:
            assert made == []
        else:
            (orphan,) = make.refused(changed, 409, "scheme-orphans")["orphans"]
            assert 1 <= orphan["count"] <= len(made)
        for item in kept:
            withdrawn = await newsroom["reviewer"].delete(
                f"/v1/annotations/{item['id']}", headers={"If-Match": '"1"'}
            )
            assert withdrawn.status_code == 204
        await make.said(await put(newsroom, SCHEME), 200)


ANNOTATORS = ("annotator", "annotator-b", "reviewer", "reviewer-b")
