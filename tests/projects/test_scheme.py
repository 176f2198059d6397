"""The scheme: new versions, and what contradicts itself."""

import asyncio
import copy
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.log import Logged, entries_after, head
from tests.uses import SCHEME

PATH = "/v1/projects/demo/scheme"


async def put(newsroom: Newsroom, scheme: dict[str, Any], *, seen: int = 1) -> httpx.Response:
    return await newsroom["manager"].put(PATH, json=scheme, headers={"If-Match": f'"{seen}"'})


async def test_a_new_version_is_answered_whole_kept_and_logged(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answer = await put(newsroom, SCHEME)

    scheme = await make.said(answer, 200)
    assert scheme == {"version": 2, **SCHEME}
    assert answer.headers["ETag"] == '"2"'
    got = await newsroom["reader"].get(PATH)
    assert (got.json(), got.headers["ETag"]) == (scheme, '"2"')
    project = (await newsroom["reader"].get("/v1/projects/demo")).json()
    assert (project["scheme_version"], project["version"]) == (2, 2)
    assert await entries_after(newsroom, end) == [
        Logged(end + 1, "scheme.updated", None, 2, "manager", scheme)
    ]


async def test_what_is_got_may_be_put_and_changes_nothing(newsroom: Newsroom) -> None:
    before = await rows(newsroom)
    got = await newsroom["manager"].get(PATH)

    answer = await newsroom["manager"].put(
        PATH, json=got.json(), headers={"If-Match": got.headers["ETag"]}
    )

    assert await make.said(answer, 200) == got.json()
    assert answer.headers["ETag"] == got.headers["ETag"] == '"1"'
    assert await rows(newsroom) == before


async def test_a_body_of_another_version_than_was_seen_is_refused(newsroom: Newsroom) -> None:
    answer = await put(newsroom, {**SCHEME, "version": 2})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/version"]


@pytest.mark.parametrize("stale", ['"2"', 'W/"1"', '"abc"'])
async def test_what_is_got_and_put_under_a_tag_that_is_not_its_own_is_stale(
    newsroom: Newsroom, stale: str
) -> None:
    got = (await newsroom["manager"].get(PATH)).json()

    answer = await newsroom["manager"].put(PATH, json=got, headers={"If-Match": stale})

    assert make.refused(answer, 412, "stale-version")["current"] == got


async def test_a_new_project_s_scheme_is_of_version_1(newsroom: Newsroom) -> None:
    before = await rows(newsroom)

    refused = await newsroom["admin"].post(
        "/v1/projects", json={"slug": "x", "name": "x", "scheme": {**SCHEME, "version": 2}}
    )
    after = await rows(newsroom)
    taken = await newsroom["admin"].post(
        "/v1/projects", json={"slug": "x", "name": "x", "scheme": {**SCHEME, "version": 1}}
    )

    problem = make.refused(refused, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/scheme/version"]
    assert after == before
    assert taken.status_code == 201


def _spoilt(**changes: Any) -> dict[str, Any]:
    """The scheme with a value put at each place, ``labels__0__name`` being ``/labels/0/name``."""
    scheme = copy.deepcopy(SCHEME)
    for place, value in changes.items():
        *parts, last = (int(part) if part.isdigit() else part for part in place.split("__"))
        inside: Any = scheme
        for part in parts:
            inside = inside[part]
        if isinstance(inside, list) and last == len(inside):
            inside.append(value)
        else:
            inside[last] = value
    return scheme


ENUM = {"name": "polarity", "type": "enum"}
DENIES = {"name": "denies", "source": ["denial"], "target": ["claim"]}

CONTRADICTIONS = {
    "a label twice": (_spoilt(labels__2={"name": "claim"}), "/labels/2/name"),
    "a hotkey twice": (_spoilt(labels__1__hotkey="1"), "/labels/1/hotkey"),
    "an attribute twice": (
        _spoilt(labels__0__attributes__3={"name": "speaker", "type": "string"}),
        "/labels/0/attributes/3/name",
    ),
    "a relation twice": (_spoilt(relations__1=DENIES), "/relations/1/name"),
    "a value twice": (
        _spoilt(labels__0__attributes__2={**ENUM, "values": ["a", "b", "a"]}),
        "/labels/0/attributes/2/values/2",
    ),
    "an enum without values": (
        _spoilt(labels__0__attributes__2=ENUM),
        "/labels/0/attributes/2/values",
    ),
    "an enum of no values": (
        _spoilt(labels__0__attributes__2={**ENUM, "values": []}),
        "/labels/0/attributes/2/values",
    ),
    "values of no enum": (
        _spoilt(labels__1__attributes__0={"name": "x", "type": "string", "values": ["a"]}),
        "/labels/1/attributes/0/values",
    ),
    "a relation from no label": (
        _spoilt(relations__0__source=["denial", "quote"]),
        "/relations/0/source/1",
    ),
    "a relation to no label": (_spoilt(relations__0__target=["Claim"]), "/relations/0/target/0"),
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
async def test_a_scheme_that_contradicts_itself_is_refused_where_it_does(
    newsroom: Newsroom, what: str
) -> None:
    scheme, pointer = CONTRADICTIONS[what]
    before = await rows(newsroom)

    changed = await put(newsroom, scheme)
    made = await newsroom["admin"].post(
        "/v1/projects", json={"slug": "x", "name": "x", "scheme": scheme}
    )

    for answer, place in ((changed, pointer), (made, f"/scheme{pointer}")):
        problem = make.refused(answer, 422, "invalid-scheme")
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
            (place, "invalid-scheme")
        ]
    assert await rows(newsroom) == before


INVALID = {
    "no labels": (_spoilt(labels=[], relations=[]), "/labels"),
    "an empty name": (_spoilt(labels__0__name=""), "/labels/0/name"),
    "a name with a space at its end": (_spoilt(labels__0__name="claim "), "/labels/0/name"),
    "a long name": (_spoilt(labels__1__name="x" * 101), "/labels/1/name"),
    "a name with a newline": (_spoilt(labels__1__name="a\nb"), "/labels/1/name"),
    "no hotkey": (_spoilt(labels__0__hotkey="F1"), "/labels/0/hotkey"),
    "no color": (_spoilt(labels__0__color="blue"), "/labels/0/color"),
    "no type": (
        _spoilt(labels__0__attributes__0__type="date"),
        "/labels/0/attributes/0/type",
    ),
    "an attribute whose name can't stand in a query": (
        _spoilt(labels__0__attributes__0__name="a=b&c"),
        "/labels/0/attributes/0/name",
    ),
    "a relation from nothing": (_spoilt(relations__0__source=[]), "/relations/0/source"),
    "a number for a flag": (
        _spoilt(labels__0__attributes__0__required=1),
        "/labels/0/attributes/0/required",
    ),
    "too many labels": (
        _spoilt(labels=[{"name": f"label-{n}"} for n in range(201)], relations=[]),
        "/labels",
    ),
}


@pytest.mark.parametrize("what", INVALID)
async def test_a_part_that_is_none_is_refused_where_it_stands(
    newsroom: Newsroom, what: str
) -> None:
    scheme, pointer = INVALID[what]

    answer = await put(newsroom, scheme)

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_everything_that_is_wrong_is_said_at_once(newsroom: Newsroom) -> None:
    answer = await put(newsroom, _spoilt(labels__0__hotkey="F1", labels__1__surprise=1, name=None))

    problem = make.refused(answer, 422, "invalid-body")
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/name", "invalid-value"),
        ("/labels/0/hotkey", "invalid-value"),
        ("/labels/1/surprise", "unknown-field"),
    }


async def test_names_in_a_scheme_may_be_of_any_script(newsroom: Newsroom) -> None:
    scheme = _spoilt(
        labels__1={
            "name": "опровержение 🇺🇦",
            "attributes": [{"name": "กล่าว โดย", "type": "enum[]", "values": ["ja", "neî n"]}],
        },
        relations__0__source=["опровержение 🇺🇦"],
    )

    answer = await put(newsroom, scheme)

    assert await make.said(answer, 200) == {"version": 2, **scheme}


async def test_of_eight_new_versions_at_once_one_is_made(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answers = await asyncio.gather(
        *(put(newsroom, _spoilt(name=f"scheme-{number}")) for number in range(8))
    )

    scheme = (await newsroom["reader"].get(PATH)).json()
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    assert scheme["version"] == 2
    for answer in answers:
        state = answer.json()
        assert (state["current"] if answer.status_code == 412 else state) == scheme
    assert await head(newsroom) == end + 1


async def test_annotations_are_checked_by_the_new_version_at_once(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    new = {"label": "rumour", "quote": "155 people"}

    before = await newsroom["annotator"].post(path, json=new)
    await put(newsroom, _spoilt(labels__2={"name": "rumour"}))
    after = await newsroom["annotator"].post(path, json=new)
    removed = await newsroom["annotator"].post(path, json={**new, "label": "quote"})

    make.refused(before, 422, "unknown-label")
    assert after.status_code == 201
    problem = make.refused(removed, 422, "unknown-label")
    assert problem["errors"][0]["allowed"] == ["claim", "denial", "rumour"]
