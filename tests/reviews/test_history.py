"""The history of an annotation: every version and every decision, who and when."""

import base64
import json
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.http.test_long_pages import much_decided

TEXT = make.ASTRAL


async def lived(newsroom: Newsroom) -> tuple[str, list[dict[str, Any]]]:
    """The path of an annotation that was edited, decided on and withdrawn, and it at each time."""
    await make.typed_project(newsroom["admin"])
    document = await make.document(newsroom["annotator"], TEXT, project="typed")
    annotation = await make.annotation(
        newsroom["annotator"],
        document["id"],
        "mark",
        "да",
        attributes={"where": {"quote": "😀 said"}},
        origin="model",
        confidence=0.5,
    )
    path = f"/v1/annotations/{annotation['id']}"
    states = [annotation]

    async def state() -> None:
        states.append((await newsroom["reader"].get(path)).json())

    await make.decision(
        newsroom["reviewer"], annotation["id"], "request_changes", comment="Both flags."
    )
    await state()
    await newsroom["annotator"].patch(
        path,
        json={
            "fragments": [{"quote": "🇺🇦"}, {"quote": "🇨🇳"}],
            "note": "As asked.",
            "confidence": 1,
        },
        headers=make.seen(2),
    )
    await state()
    await newsroom["admin"].patch(path, json={"attributes": {}}, headers=make.seen(3))
    await state()
    await make.decision(newsroom["reviewer"], annotation["id"], version=4)
    await state()
    await newsroom["reviewer"].delete(path, headers=make.seen(5))
    return path, states


@pytest.mark.parametrize("unit", ["code_points", "utf16", "utf8"])
async def test_it_tells_every_version_and_decision_of_a_withdrawn_annotation(
    newsroom: Newsroom, unit: str
) -> None:
    path, states = await lived(newsroom)

    answer = await newsroom["reader"].get(f"{path}/history", params={"offset_unit": unit})

    history = await make.said(answer, 200)
    versions = history["versions"]
    assert [
        (v["version"], v["status"], v["edited_by"], v["changed_by"], v["withdrawn"])
        for v in versions
    ] == [
        (1, "pending", "annotator", "annotator", False),
        (2, "changes_requested", "annotator", "reviewer", False),
        (3, "pending", "annotator", "annotator", False),
        (4, "pending", "admin", "admin", False),
        (5, "approved", "admin", "reviewer", False),
        (6, "approved", "admin", "reviewer", True),
    ]
    for version, state in zip(versions, states, strict=False):
        for name in ("revision", "label", "quote", "note", "confidence", "status"):
            assert version[name] == state[name]
        assert version["changed_at"] == state["updated_at"]
        assert version["offset_unit"] == unit
        spans = [version, *(version["fragments"] or ())]
        spans += [v for v in version["attributes"].values() if isinstance(v, dict)]
        for span in spans:
            assert make.cut(TEXT, span["start"], span["end"], unit) == span["quote"]
    assert [len(v["fragments"] or ()) for v in versions] == [0, 0, 2, 2, 2, 2]
    assert [list(v["attributes"]) for v in versions] == [["where"]] * 3 + [[]] * 3
    moments = [version["changed_at"] for version in versions]
    assert moments == sorted(set(moments))
    assert [(d["version"], d["verdict"], d["reviewer"]) for d in history["decisions"]] == [
        (1, "request_changes", "reviewer"),
        (4, "approve", "reviewer"),
    ]
    decisions = (await newsroom["reader"].get(f"{path}/decisions")).json()["items"]
    assert history["decisions"] == decisions
    assert path.endswith(history["annotation"])


async def test_the_history_of_what_was_only_posted_is_one_version(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"], note="n")

    history = (await newsroom["reader"].get(f"/v1/annotations/{annotation['id']}/history")).json()

    same = {"version", "revision", "label", "start", "end", "quote", "fragments", "offset_unit"}
    same |= {"attributes", "note", "confidence", "status"}
    assert history == {
        "annotation": annotation["id"],
        "versions": [
            {
                **{name: annotation[name] for name in same},
                "edited_by": "annotator",
                "changed_by": "annotator",
                "changed_at": annotation["created_at"],
                "withdrawn": False,
            }
        ],
        "decisions": [],
        "next": None,
    }


async def walked(
    newsroom: Newsroom, path: str, query: str
) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """A history put together of its pages, and how much each has: versions and decisions."""
    client = newsroom["reader"]
    whole: dict[str, Any] = {"versions": [], "decisions": []}
    sizes = []
    url = f"{path}/history?{query}"
    while url:
        answer = await client.get(url)
        page = await make.said(answer, 200)
        sizes.append((len(page["versions"]), len(page["decisions"])))
        for name in whole:
            whole[name] += page[name]
        link = answer.headers.get("Link")
        assert (link is None) == (page["next"] is None)
        url = "" if link is None else link.removeprefix("<").removesuffix('>; rel="next"')
        assert page["next"] is None or f"cursor={page['next']}" in url
    return whole, sizes


async def test_its_pages_have_so_many_versions_and_the_decisions_on_them(
    newsroom: Newsroom,
) -> None:
    path, _ = await lived(newsroom)
    for unit in ("code_points", "utf16"):
        query = f"offset_unit={unit}"
        answer = await newsroom["reader"].get(f"{path}/history?{query}")
        whole = {name: (await make.said(answer, 200))[name] for name in ("versions", "decisions")}
        for limit, expected in (
            (1, [(1, 1), (1, 0), (1, 0), (1, 1), (1, 0), (1, 0)]),
            (2, [(2, 1), (2, 1), (2, 0)]),
            (4, [(4, 2), (2, 0)]),
            (5, [(5, 2), (1, 0)]),
            (6, [(6, 2)]),
            (1000, [(6, 2)]),
        ):
            found, sizes = await walked(newsroom, path, f"{query}&limit={limit}")
            assert found == whole
            assert sizes == expected


async def test_a_hundred_versions_are_told_at_once(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    for version in range(1, 101):
        _, sizes = await walked(newsroom, path, "")
        assert sizes == [(version, 0)]
        answer = await newsroom["annotator"].patch(
            path, json={"note": f"{version}"}, headers=make.seen(version)
        )
        await make.said(answer, 200)

    found, sizes = await walked(newsroom, path, "")

    assert sizes == [(100, 0), (1, 0)]
    assert [version["version"] for version in found["versions"]] == list(range(1, 102))


async def test_a_page_of_long_versions_ends_early(newsroom: Newsroom) -> None:
    text = "😀" + "Kyiv spoke. " * 150_000
    document = await make.document(newsroom["annotator"], text)
    annotation = await make.annotation(
        newsroom["annotator"], document["id"], quote=text, start=0, end=len(text)
    )
    path = f"/v1/annotations/{annotation['id']}"
    for version in range(1, 7):
        comment = f"{version}" * 10_000
        await make.decision(
            newsroom["reviewer"], annotation["id"], "reject", version=version, comment=comment
        )
    await newsroom["reviewer"].delete(path, headers=make.seen(7))

    found, sizes = await walked(newsroom, path, "limit=1000&offset_unit=utf16")

    # Three of 1,800,001 characters each are more than a page has room for.
    assert sizes == [(3, 3), (3, 3), (2, 0)]
    assert [version["version"] for version in found["versions"]] == list(range(1, 9))
    assert {(v["end"], len(v["quote"])) for v in found["versions"]} == {(len(text) + 1, len(text))}
    assert [version["withdrawn"] for version in found["versions"]] == [False] * 7 + [True]
    assert [decision["version"] for decision in found["decisions"]] == list(range(1, 7))


async def test_decisions_on_versions_that_a_file_does_not_bring_are_told_once(
    newsroom: Newsroom,
) -> None:
    annotation, full = await much_decided(newsroom)
    path = f"/v1/annotations/{annotation}"
    patched = await newsroom["annotator"].patch(
        path, json={"note": "Later."}, headers=make.seen(full + 3)
    )
    await make.said(patched, 200)

    found, sizes = await walked(newsroom, path, "limit=1000")
    again, _ = await walked(newsroom, path, "limit=7")

    assert found == again
    assert sizes == [(0, full), (2, 2)]
    assert [decision["version"] for decision in found["decisions"]] == list(range(1, full + 3))
    assert [version["version"] for version in found["versions"]] == [full + 3, full + 4]


async def test_what_is_written_meanwhile_comes_on_the_next_page(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    path = f"/v1/annotations/{annotation['id']}"
    for version, verdict in ((1, "reject"), (2, "request_changes")):
        await make.decision(
            newsroom["reviewer"], annotation["id"], verdict, version=version, comment="-"
        )
    first = await make.said(await newsroom["reader"].get(f"{path}/history?limit=2"), 200)
    await make.decision(newsroom["reviewer"], annotation["id"], version=3)

    rest = await make.said(
        await newsroom["reader"].get(f"{path}/history?limit=2&cursor={first['next']}"), 200
    )

    assert [version["version"] for version in first["versions"]] == [1, 2]
    assert [version["version"] for version in rest["versions"]] == [3, 4]
    assert [decision["version"] for decision in first["decisions"]] == [1, 2]
    assert [decision["version"] for decision in rest["decisions"]] == [3]


async def test_a_cursor_or_limit_that_is_none_of_its_own_is_refused(newsroom: Newsroom) -> None:
    path, _ = await lived(newsroom)
    reader = newsroom["reader"]
    given = {
        name: (await reader.get(f"{path}/{name}?limit=1")).json()["next"]
        for name in ("history", "decisions")
    }

    for query, parameter in (
        (f"cursor={given['decisions']}", "cursor"),
        (f"cursor={given['history']}&offset_unit=utf16", "cursor"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
    ):
        problem = make.refused(
            await reader.get(f"{path}/history?{query}"), 422, "invalid-parameter"
        )
        assert [error["parameter"] for error in problem["errors"]] == [parameter]
    # One that was never given, but could be, is past the end.
    of, _ = json.loads(base64.b64decode(given["history"] + "=="))
    made = base64.urlsafe_b64encode(json.dumps([of, 99], separators=(",", ":")).encode()).decode()
    past = await make.said(await reader.get(f"{path}/history?cursor={made.rstrip('=')}"), 200)
    assert (past["versions"], past["decisions"], past["next"]) == ([], [], None)


async def test_members_alone_see_it(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    annotation = await make.annotation(newsroom["annotator"], document["id"])
    for path in ("history", "decisions"):
        answers = [
            await newsroom[name].get(f"/v1/annotations/{annotation['id']}/{path}")
            for name in ("reader", "stranger", "nobody")
        ]
        assert [answer.status_code for answer in answers] == [200, 404, 401]
        missing = await newsroom["reader"].get(f"/v1/annotations/{make.id_of(404)}/{path}")
        make.refused(missing, 404, "not-found")
