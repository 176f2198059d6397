"""A file once more: what of it is there already stays as it is, whatever it became since."""

from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from app.imports import batches
from app.imports.naming import Names
from tests import make
from tests.clients import minted
from tests.conftest import Newsroom
from tests.desk import rows
from tests.imports.test_over_http import file_of, refusals, send

DOCUMENT, CLAIM, DENIAL = (str(make.id_of(number)) for number in (101, 102, 103))
CLAIMED: dict[str, Any] = {"label": "claim", "quote": "Officials"}
DENIED: dict[str, Any] = {"label": "denial", "quote": "totally unfounded"}
BARE: dict[str, Any] = {"title": "An article", "text": make.TEXT}


async def again(newsroom: Newsroom, *lines: Any, who: str = "manager") -> dict[str, int]:
    """What is unchanged of a file that must not change anything."""
    before = await rows(newsroom)
    report = await make.said(await send(newsroom, file_of(*lines), who), 200)
    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert await rows(newsroom) == before
    unchanged: dict[str, int] = report["unchanged"]
    return unchanged


@pytest.mark.parametrize("version", [1, 3])
async def test_what_was_edited_is_known_by_what_the_file_said(
    newsroom: Newsroom, version: int
) -> None:
    """What a restored export said is the first version that is stored, and not version 1."""
    line = {**BARE, "id": DOCUMENT, "annotations": [{**CLAIMED, "id": CLAIM, "version": version}]}
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    path = f"/v1/annotations/{CLAIM}"
    for seen in (version, version + 1):
        edit = {"note": f"Seen at {seen}."}
        await make.said(
            await newsroom["manager"].patch(path, json=edit, headers=make.seen(seen)), 200
        )

    assert await again(newsroom, line) == {"documents": 1, "annotations": 1, "relations": 0}
    between = {**CLAIMED, "id": CLAIM, "note": f"Seen at {version}."}
    other = await send(newsroom, file_of({**line, "annotations": [between]}), "manager")
    problem = make.refused(other, 422, "import-refused")
    assert refusals(problem["errors"]) == [(1, "/annotations/0/id", "id-conflict")]


async def test_a_number_in_another_form_is_the_same_and_a_truth_value_is_not(
    newsroom: Newsroom,
) -> None:
    await make.typed_project(newsroom["admin"])
    attributes = {"score": 1, "count": 1, "sure": True}

    async def sent(**others: Any) -> httpx.Response:
        mark = {"label": "mark", "quote": "Officials", "id": CLAIM}
        line = {**BARE, "id": DOCUMENT, "annotations": [mark | {"attributes": attributes | others}]}
        path = "/v1/projects/typed/import?format=jsonl"
        return await newsroom["admin"].post(path, content=file_of(line))

    await make.said(await sent(), 200)

    report = await make.said(await sent(score=1.0), 200)
    assert report["unchanged"] == {"documents": 1, "annotations": 1, "relations": 0}
    for name, value in (("score", True), ("count", True), ("sure", 1)):
        problem = make.refused(await sent(**{name: value}), 422, "import-refused")
        assert refusals(problem["errors"]) == [(1, "/annotations/0/id", "id-conflict")]


@pytest.mark.parametrize("numbers", [(1, 1.0), (1.0, 1), (0, -0.0), (2**60, 2.0**60)])
async def test_so_it_is_of_what_has_no_id(newsroom: Newsroom, numbers: tuple[float, float]) -> None:
    await make.typed_project(newsroom["admin"])

    async def created(score: float) -> int:
        mark = {"label": "mark", "quote": "Officials", "attributes": {"score": score}}
        line = {**BARE, "id": DOCUMENT, "annotations": [mark]}
        path = "/v1/projects/typed/import?format=jsonl"
        answer = await newsroom["admin"].post(path, content=file_of(line))
        count: int = (await make.said(answer, 200))["created"]["annotations"]
        return count

    assert [await created(score) for score in (*numbers, 0.5)] == [1, 0, 1]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("spans", [1, 1000])
async def test_an_id_and_an_external_id_that_it_got_later_name_one_document(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, spans: int, order: int
) -> None:
    monkeypatch.setattr(batches, "_SPANS_A_BATCH", spans)
    manager = newsroom["manager"]
    await make.said(await send(newsroom, file_of({**BARE, "id": DOCUMENT}), "manager"), 200)
    edit = {"external_id": "later"}
    path = f"/v1/documents/{DOCUMENT}"
    await make.said(await manager.patch(path, json=edit, headers=make.seen(1)), 200)
    named = ({"external_id": "later"}, {"id": DOCUMENT})
    claimed = {**CLAIMED, "external_id": "c"}
    lines = [{**BARE, **name, "annotations": [claimed]} for name in named][::order]

    report = await make.said(await send(newsroom, file_of(*lines), "manager"), 200)

    assert report["created"] == {"documents": 0, "annotations": 1, "relations": 0}
    assert report["unchanged"] == {"documents": 2, "annotations": 1, "relations": 0}
    other = {**lines[1], "annotations": [{**DENIED, "external_id": "c"}]}
    answer = await send(newsroom, file_of(lines[0], other), "manager")
    problem = make.refused(answer, 422, "import-refused")
    assert [error["line"] for error in problem["errors"]] == [2]


@pytest.mark.parametrize("name", [{"id": DOCUMENT}, {"external_id": "d"}])
@pytest.mark.parametrize("who", ["annotator", "manager"])
async def test_what_has_no_id_is_known_by_what_it_says(
    newsroom: Newsroom, name: dict[str, str], who: str
) -> None:
    ends = [{**DENIED, "id": DENIAL}, {**CLAIMED, "id": CLAIM}]
    relation = {"type": "denies", "source": DENIAL, "target": CLAIM}
    said = [CLAIMED, {**CLAIMED, "note": "Another."}, DENIED, CLAIMED]
    line = {**BARE, **name, "annotations": [*ends, *said], "relations": [relation, relation]}

    report = await make.said(await send(newsroom, file_of(line), who), 200)

    assert report["created"] == {"documents": 1, "annotations": 6, "relations": 2}
    unchanged = {"documents": 1, "annotations": 6, "relations": 2}
    assert await again(newsroom, line, who=who) == unchanged
    # However it is said, and in whatever order.
    span = make.span(make.TEXT, CLAIMED["quote"])
    turned = {**line, "annotations": [*reversed(said), *ends]}
    turned["annotations"][0] = {**CLAIMED, **span, "attributes": {}}
    assert await again(newsroom, turned, who=who) == unchanged


async def test_what_has_no_id_and_says_more_or_is_anothers_is_another(newsroom: Newsroom) -> None:
    line = {**BARE, "external_id": "d", "annotations": [CLAIMED]}
    await make.said(await send(newsroom, file_of(line)), 200)
    others = [{"note": "Another."}, {"author": "annotator-b"}, {}]
    more = {**line, "annotations": [{**CLAIMED, "author": "annotator", **it} for it in others]}

    report = await make.said(await send(newsroom, file_of(more), "manager"), 200)

    assert report["created"]["annotations"] == 2
    assert report["unchanged"]["annotations"] == 1
    assert (await again(newsroom, more))["annotations"] == 3


@pytest.mark.parametrize("id", [{}, {"id": CLAIM}])
async def test_a_managers_file_is_the_same_by_a_token_that_is_narrowed_to_an_annotator(
    newsroom: Newsroom, id: dict[str, str]
) -> None:
    """Of an annotator's file no origin is taken, so that it tells nothing apart."""
    modelled = {**CLAIMED, **id, "origin": "model", "confidence": 0.5}
    line = {**BARE, "external_id": "d", "annotations": [modelled]}
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    narrow, _ = await minted(newsroom, "manager", role="annotator")

    answer = await narrow.post("/v1/projects/demo/import?format=jsonl", content=file_of(line))

    report = await make.said(answer, 200)
    assert report["created"]["annotations"] == 0
    assert report["unchanged"]["annotations"] == 1


async def test_what_has_no_id_may_have_been_edited_and_withdrawn_since(newsroom: Newsroom) -> None:
    line = {**BARE, "external_id": "d", "annotations": [CLAIMED]}
    await make.said(await send(newsroom, file_of(line)), 200)
    listed = await newsroom["annotator"].get("/v1/projects/demo/annotations")
    path = f"/v1/annotations/{listed.json()['items'][0]['id']}"
    edit = {"note": "Later."}
    await make.said(await newsroom["annotator"].patch(path, json=edit, headers=make.seen(1)), 200)

    assert (await again(newsroom, line, who="annotator"))["annotations"] == 1
    await newsroom["annotator"].delete(path, headers=make.seen(2))
    problem = make.refused(await send(newsroom, file_of(line)), 422, "import-refused")
    assert refusals(problem["errors"]) == [(1, "/annotations/0", "gone")]


async def test_what_has_no_id_comes_again_with_a_document_that_was_deleted(
    newsroom: Newsroom,
) -> None:
    line = {**BARE, "external_id": "d", "annotations": [CLAIMED]}
    await make.said(await send(newsroom, file_of(line)), 200)
    listed = await newsroom["manager"].get("/v1/projects/demo/documents")
    path = f"/v1/documents/{listed.json()['items'][0]['id']}"
    await newsroom["manager"].delete(path, headers=make.seen(1))

    report = await make.said(await send(newsroom, file_of(line)), 200)

    assert report["created"] == {"documents": 1, "annotations": 1, "relations": 0}


async def test_what_has_no_id_is_in_each_project_for_itself(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "copy")
    line = {**BARE, "id": DOCUMENT, "annotations": [CLAIMED]}
    await make.said(await send(newsroom, file_of(line), "admin"), 200)
    path = "/v1/projects/copy/import?format=jsonl"
    tallies = []
    for _ in range(2):
        answer = await newsroom["admin"].post(path, content=file_of(line, line))
        report = await make.said(answer, 200)
        tallies.append((report["created"]["annotations"], report["unchanged"]["annotations"]))

    assert tallies == [(1, 1), (0, 2)]


@pytest.mark.parametrize("later", ["later", None])
async def test_a_document_that_has_another_external_id_since_is_another_to_a_file_without_its_id(
    newsroom: Newsroom, later: str | None
) -> None:
    manager = newsroom["manager"]
    line = {**BARE, "external_id": "d", "annotations": [{**CLAIMED, "external_id": "c"}]}
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    listed = await manager.get("/v1/projects/demo/documents")
    [known] = listed.json()["items"]
    path, edit = f"/v1/documents/{known['id']}", {"external_id": later}
    await make.said(await manager.patch(path, json=edit, headers=make.seen(1)), 200)

    assert (await again(newsroom, {**line, "id": known["id"]}))["documents"] == 1
    report = await make.said(await send(newsroom, file_of(line), "manager"), 200)
    assert report["created"] == {"documents": 1, "annotations": 1, "relations": 0}


async def test_a_document_that_has_no_name_is_another_each_time(newsroom: Newsroom) -> None:
    line = {**BARE, "annotations": [CLAIMED]}
    for _ in range(2):
        report = await make.said(await send(newsroom, file_of(line, line)), 200)

        assert report["created"] == {"documents": 2, "annotations": 2, "relations": 0}


async def test_an_id_that_follows_from_what_is_said_may_be_given_to_another(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second record is refused then, and not the import as one that moves too fast."""
    monkeypatch.setattr(Names, "of", lambda *_: "its name")
    follows = str(uuid5(UUID(DOCUMENT), "its name"))
    line = {**BARE, "id": DOCUMENT, "annotations": [CLAIMED]}
    other = {**BARE, "external_id": "other", "annotations": [{**CLAIMED, "id": follows}]}

    answer = await send(newsroom, file_of(line, other))

    problem = make.refused(answer, 422, "import-refused")
    assert refusals(problem["errors"]) == [(2, "/annotations/0/id", "id-conflict")]


QUOTED: dict[str, Any] = {"label": "quote", "quote": "totally unfounded"}
SCHEME = "/v1/projects/demo/scheme"


async def without_quotes(newsroom: Newsroom) -> None:
    """Edit every quote to be a claim, and drop the label, which denials denied."""
    manager = newsroom["manager"]
    listed = await manager.get("/v1/projects/demo/annotations", params={"label": "quote"})
    for one in listed.json()["items"]:
        path = f"/v1/annotations/{one['id']}"
        edit = {"label": "claim"}
        await make.said(await manager.patch(path, json=edit, headers=make.seen(1)), 200)
    scheme = (await manager.get(SCHEME)).json()
    seen = make.seen(scheme.pop("version"))
    scheme["labels"] = [label for label in scheme["labels"] if label["name"] != "quote"]
    scheme["relations"] = [{"name": "denies", "source": ["denial"], "target": ["claim"]}]
    await make.said(await manager.put(SCHEME, json=scheme, headers=seen), 200)


async def quoting(newsroom: Newsroom) -> None:
    """Let denials deny quotes."""
    scheme = (await newsroom["manager"].get(SCHEME)).json()
    seen = make.seen(scheme.pop("version"))
    scheme["relations"] = [{"name": "denies", "source": ["denial"], "target": ["claim", "quote"]}]
    await make.said(await newsroom["manager"].put(SCHEME, json=scheme, headers=seen), 200)


@pytest.mark.parametrize("name", [{"id": CLAIM}, {"external_id": "c"}, {}])
@pytest.mark.parametrize("who", ["annotator", "manager"])
async def test_what_an_earlier_scheme_took_is_known_under_one_that_refuses_it(
    newsroom: Newsroom, name: dict[str, str], who: str
) -> None:
    line = {**BARE, "external_id": "d", "annotations": [{**QUOTED, **name}]}
    await make.said(await send(newsroom, file_of(line), who), 200)
    await without_quotes(newsroom)

    assert await again(newsroom, line, who=who) == {
        "documents": 1,
        "annotations": 1,
        "relations": 0,
    }
    more = {"label": "quote", "quote": "Officials", "author": "nobody there"}
    answer = await send(
        newsroom, file_of({**line, "annotations": [{**QUOTED, **name, "note": "n"}, more]}), who
    )
    found = refusals(make.refused(answer, 422, "import-refused")["errors"])
    first = {
        "id": ("/annotations/0/id", "id-conflict"),
        "external_id": ("/annotations/0/external_id", "external-id-conflict"),
        "": ("/annotations/0/label", "unknown-label"),
    }["".join(name)]
    author = [(1, "/annotations/1/author", "unknown-user")] if who == "manager" else []
    assert found == [(1, *first), *author, (1, "/annotations/1/label", "unknown-label")]


async def test_a_relation_that_an_earlier_scheme_took_is_known_under_one_that_refuses_it(
    newsroom: Newsroom,
) -> None:
    await quoting(newsroom)
    ends = [{**DENIED, "id": DENIAL}, {"label": "quote", "quote": "Officials", "id": CLAIM}]
    relation = {"type": "denies", "source": DENIAL, "target": CLAIM}
    line = {**BARE, "id": DOCUMENT, "annotations": ends, "relations": [relation]}
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    await without_quotes(newsroom)

    assert await again(newsroom, line) == {"documents": 1, "annotations": 2, "relations": 1}


async def test_a_new_relation_is_judged_by_what_its_ends_are_by_now(newsroom: Newsroom) -> None:
    line = {
        **BARE,
        "id": DOCUMENT,
        "annotations": [{**DENIED, "id": DENIAL}, {**CLAIMED, "id": CLAIM}],
    }
    await make.said(await send(newsroom, file_of(line), "manager"), 200)
    for id, label in ((DENIAL, "claim"), (CLAIM, "denial")):
        path = f"/v1/annotations/{id}"
        edit = {"label": label}
        await make.said(await newsroom["manager"].patch(path, json=edit, headers=make.seen(1)), 200)
    there, back = (
        {"type": "denies", "source": source, "target": target}
        for source, target in ((DENIAL, CLAIM), (CLAIM, DENIAL))
    )

    answer = await send(newsroom, file_of({**line, "relations": [back, there]}), "manager")

    problem = make.refused(answer, 422, "import-refused")
    assert refusals(problem["errors"]) == [(1, "/relations/1/type", "relation-not-allowed")]
    report = await make.said(
        await send(newsroom, file_of({**line, "relations": [back]}), "manager"), 200
    )
    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 1}


async def test_what_an_earlier_scheme_took_may_be_withdrawn_since(newsroom: Newsroom) -> None:
    line = {**BARE, "id": DOCUMENT, "annotations": [{**QUOTED, "id": CLAIM}]}
    await make.said(await send(newsroom, file_of(line)), 200)
    await without_quotes(newsroom)
    await newsroom["manager"].delete(f"/v1/annotations/{CLAIM}", headers=make.seen(2))

    problem = make.refused(await send(newsroom, file_of(line)), 422, "import-refused")

    assert refusals(problem["errors"]) == [(1, "/annotations/0", "gone")]
