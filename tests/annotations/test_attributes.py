"""Labels and attributes are what the project's scheme says."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

TAKEN: list[dict[str, Any]] = [
    {},
    {"text": ""},
    {"text": "Привет 👋\tтам\n"},
    {"text": "x" * 10_000},
    {"texts": []},
    {"texts": ["a", "", "a", "я"]},
    {"kind": "один"},
    {"kinds": []},
    {"kinds": ["two", "один", "two"]},
    {"sure": True},
    {"sure": False},
    {"count": 0},
    {"count": -(2**53 - 1)},
    {"score": 0},
    {"score": -0.5},
    {"score": 1e300},
    {"score": 0.1 + 0.2},
    {"text": "true", "sure": True, "count": 1, "score": 1.5, "kinds": ["two"]},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": 1}, "/attributes/text"),
    ({"text": None}, "/attributes/text"),
    ({"text": "a\0"}, "/attributes/text"),
    ({"text": "x" * 10_001}, "/attributes/text"),
    ({"texts": "a"}, "/attributes/texts"),
    ({"texts": ["a", 1]}, "/attributes/texts"),
    ({"texts": ["\x1b"]}, "/attributes/texts"),
    ({"texts": ["a"] * 1001}, "/attributes/texts"),
    ({"kind": "three"}, "/attributes/kind"),
    ({"kind": "Two"}, "/attributes/kind"),
    ({"kind": ["two"]}, "/attributes/kind"),
    ({"kinds": "two"}, "/attributes/kinds"),
    ({"kinds": ["two", "three"]}, "/attributes/kinds"),
    ({"kinds": [["two"]]}, "/attributes/kinds"),
    ({"sure": 1}, "/attributes/sure"),
    ({"sure": "true"}, "/attributes/sure"),
    ({"count": True}, "/attributes/count"),
    ({"count": 1.0}, "/attributes/count"),
    ({"count": "1"}, "/attributes/count"),
    ({"count": 2**53}, "/attributes/count"),
    ({"score": True}, "/attributes/score"),
    ({"score": "1"}, "/attributes/score"),
    ({"score": 2**53 + 1}, "/attributes/score"),
    ({"score": 10**400}, "/attributes/score"),
    ({"where": "End."}, "/attributes/where"),
    ({"where": []}, "/attributes/where"),
    ({"where": None}, "/attributes/where"),
    ({"nope": 1}, "/attributes/nope"),
    ({"a/b~c": 1}, "/attributes/a~1b~0c"),
    ({"Text": "a"}, "/attributes/Text"),
]


async def test_a_value_of_each_type_is_kept_as_it_was_sent(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    for attributes in TAKEN:
        annotation = await make.annotation(
            newsroom["annotator"], document["id"], "mark", attributes=attributes
        )

        got = await newsroom["annotator"].get(f"/v1/annotations/{annotation['id']}")
        assert annotation["attributes"] == got.json()["attributes"] == attributes
        for name, value in got.json()["attributes"].items():
            # 1, 1.0 and true are equal to Python.
            assert type(value) is type(attributes[name])


async def test_a_value_of_another_type_is_refused_with_what_fits(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    for attributes, pointer in REFUSED:
        body = {"label": "mark", "quote": "Beijing", "attributes": attributes}

        answer = await newsroom["annotator"].post(path, json=body)

        [error] = make.refused(answer, 422, "invalid-attribute")["errors"]
        assert error["pointer"] == pointer, attributes
        assert error["allowed"]
    assert (await newsroom["annotator"].get(path)).json()["items"] == []


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    "written",
    [
        "9007199254740992",
        "100000000000000000000",
        # As JavaScript writes 2^60, and what it is.
        "1152921504606847000",
        "1152921504606846976",
    ],
)
async def test_a_number_that_is_written_as_a_whole_one_is_kept_as_the_double_that_it_is(
    newsroom: Newsroom, written: str, sign: str
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    double = float(sign + written)
    annotation = await make.annotation(
        newsroom["annotator"], document["id"], "mark", attributes={"score": int(sign + written)}
    )
    path = f"/v1/annotations/{annotation['id']}"

    got = (await newsroom["annotator"].get(path)).json()
    edit = {"attributes": {"score": int(sign + written)}}
    same = await newsroom["annotator"].patch(path, json=edit, headers=make.seen(1))

    for answer in (annotation, got, await make.said(same, 200)):
        assert answer["attributes"] == {"score": double}
        assert type(answer["attributes"]["score"]) is float
        assert answer["version"] == 1


@pytest.mark.parametrize("number", [2**53 + 1, 10**400], ids=["too fine", "too large"])
async def test_a_whole_number_that_no_double_holds_is_refused_as_such(
    newsroom: Newsroom, number: int
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    path = f"/v1/documents/{document['id']}/annotations"
    body = {"label": "mark", "quote": "Beijing", "attributes": {"score": number}}

    answer = await newsroom["annotator"].post(path, json=body)

    [error] = make.refused(answer, 422, "invalid-attribute")["errors"]
    assert error["detail"].endswith(": a whole number that a double holds is wanted.")


async def test_what_fits_is_named_by_type_and_values(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    attributes = {"kinds": ["three"], "score": None, "nope": 1}
    body = {"label": "mark", "quote": "Beijing", "attributes": attributes}

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert [error["allowed"] for error in errors] == [
        {"type": "enum[]", "required": False, "values": ["two", "один"]},
        {"type": "number", "required": False},
        ["count", "kind", "kinds", "score", "sure", "text", "texts", "where"],
    ]


async def test_a_span_in_an_attribute_has_no_other_fields(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    where = {"quote": "Beijing", "label": "x", "start": "1"}
    body = {"label": "mark", "quote": "Beijing", "attributes": {"where": where}}

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("/attributes/where/label", "unknown-field"),
        ("/attributes/where/start", "offset-not-integer"),
    }


async def test_a_required_attribute_is_missed(newsroom: Newsroom) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], project="typed")
    body = {"label": "strict", "quote": "Beijing"}

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    [error] = make.refused(answer, 422, "invalid-attribute")["errors"]
    assert error["pointer"] == "/attributes/why"
    assert error["allowed"] == {"type": "string", "required": True}
    await make.annotation(
        newsroom["annotator"], document["id"], "strict", "Beijing", attributes={"why": ""}
    )


async def test_a_label_that_the_scheme_lacks_is_refused_with_those_it_has(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"])
    # “mark” is a label of another project.
    for label in ("mark", "Claim", "", "\0"):
        answer = await newsroom["annotator"].post(
            f"/v1/documents/{document['id']}/annotations",
            json={"label": label, "quote": "Beijing", "attributes": {"text": 1}},
        )

        [error] = make.refused(answer, 422, "unknown-label")["errors"]
        assert error["pointer"] == "/label"
        assert error["allowed"] == ["claim", "denial", "evidence-missing", "quote"]
