"""The history of an annotation: every version and every decision, who and when."""

from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom

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
    }


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
