"""Files sent in: what becomes of what is wrong in them, and of the rest."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import UpdateBase, delete, update

from app.core.timestamps import now
from app.imports.schemas import DocumentLine
from app.models import ChangeHead, Membership, Token, User
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows
from tests.strings import spoilt

PATH = "/v1/projects/demo/import"
MOMENT = "2026-11-23T09:00:00Z"
GOOD: dict[str, Any] = {
    "external_id": "good",
    "title": "An article",
    "text": make.TEXT,
    "annotations": [
        {"external_id": "c", "label": "claim", "quote": "Chinese nationals fight for Russia"},
        {"external_id": "d", "label": "denial", "quote": "totally unfounded"},
    ],
}


def file_of(*documents: Any) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


async def send(
    newsroom: Newsroom, content: Any, who: str = "annotator", **query: Any
) -> httpx.Response:
    query.setdefault("format", "jsonl")
    return await newsroom[who].post(PATH, params=query, content=content)


def wrong() -> dict[str, Any]:
    """A document with one annotation that is right, and others that are not."""
    annotations = [
        {"label": "claim", "start": 0, "end": 7, "quote": "Ukraine"},
        {"label": "claim", "start": 0, "end": 7, "quote": "Russia?"},
        {"label": "opinion", "quote": "Ukraine says that"},
        {"label": "claim", "start": "0", "end": 7},
        {"id": str(make.id_of(1)), "label": "claim", "start": 1000, "end": 2000},
    ]
    relations = [{"type": "supports", "source": str(make.id_of(1)), "target": str(make.id_of(1))}]
    return {
        "title": "Partly wrong",
        "text": make.TEXT,
        "annotations": annotations,
        "relations": relations,
    }


REFUSED = [
    (2, "/annotations/1/quote", "quote-mismatch"),
    (2, "/annotations/2/label", "unknown-label"),
    (2, "/annotations/3/start", "offset-not-integer"),
    (2, "/annotations/4/end", "offset-out-of-range"),
    (2, "/annotations/4/start", "offset-out-of-range"),
    (2, "/relations/0/source", "unknown-annotation"),
    (2, "/relations/0/target", "unknown-annotation"),
    (3, "", "invalid-json"),
    (5, "/title", "missing-field"),
]


def refusals(listed: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    return sorted((it["line"], it["pointer"], it["code"]) for it in listed)


def partly_wrong() -> bytes:
    return file_of(GOOD, wrong()) + b"{nonsense\n\n" + file_of({"text": "No title."})


@pytest.mark.parametrize(
    "format", ["jsonl", "conll", "doccano", "label-studio", "uima-cas", "web-annotation"]
)
async def test_a_file_may_begin_with_a_byte_order_mark(newsroom: Newsroom, format: str) -> None:
    await make.said(await send(newsroom, file_of(GOOD), "manager"), 200)
    exported = await newsroom["manager"].get(
        "/v1/projects/demo/export", params={"format": format, "annotated": "true"}
    )

    plain, marked = [
        await make.said(await send(newsroom, content, "manager", format=format), 200)
        for content in (exported.content, b"\xef\xbb\xbf" + exported.content)
    ]

    assert marked == plain
    assert set(marked["refused"].values()) == {0}


async def test_all_or_nothing_writes_nothing_and_lists_what_is_refused(newsroom: Newsroom) -> None:
    before = await rows(newsroom)

    answer = await send(newsroom, partly_wrong())

    problem = make.refused(answer, 422, "import-refused")
    assert refusals(problem["errors"]) == REFUSED
    assert problem["count"] == len(REFUSED)
    assert await rows(newsroom) == before


async def test_the_rest_is_written_if_it_is_asked_for(newsroom: Newsroom) -> None:
    answer = await send(newsroom, partly_wrong(), mode="skip-refused")

    report = await make.said(answer, 200)
    assert refusals(report["refusals"]) == REFUSED
    assert report["created"] == {"documents": 2, "annotations": 3, "relations": 0}
    assert report["refused"] == {"documents": 2, "annotations": 4, "relations": 1}
    found = await newsroom["reader"].get("/v1/projects/demo/annotations?order=oldest")
    assert [(it["label"], it["quote"]) for it in found.json()["items"]] == [
        ("claim", "Chinese nationals fight for Russia"),
        ("denial", "totally unfounded"),
        ("claim", "Ukraine"),
    ]


@pytest.mark.parametrize("mode", ["all-or-nothing", "skip-refused"])
async def test_a_dry_run_says_the_same_and_writes_nothing(newsroom: Newsroom, mode: str) -> None:
    before = await rows(newsroom)

    dry = await make.said(await send(newsroom, partly_wrong(), mode=mode, dry_run=True), 200)

    assert await rows(newsroom) == before
    assert dry == await make.said(await send(newsroom, partly_wrong(), mode="skip-refused"), 200)


async def test_the_same_file_again_changes_nothing(newsroom: Newsroom) -> None:
    await make.said(await send(newsroom, file_of(GOOD)), 200)
    before = await rows(newsroom)

    again = await make.said(await send(newsroom, file_of(GOOD, GOOD)), 200)

    assert again["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert again["unchanged"] == {"documents": 2, "annotations": 4, "relations": 0}
    assert await rows(newsroom) == before


async def test_a_document_twice_in_one_file_is_written_once(newsroom: Newsroom) -> None:
    report = await make.said(await send(newsroom, file_of(GOOD, GOOD)), 200)
    bare = {"external_id": "x", "title": "Bare", "text": "It says so."}
    other = await send(newsroom, file_of(bare, {**bare, "text": "It says more."}))

    assert report["created"] == {"documents": 1, "annotations": 2, "relations": 0}
    assert report["unchanged"] == {"documents": 1, "annotations": 2, "relations": 0}
    listed = make.refused(other, 422, "import-refused")["errors"]
    assert refusals(listed) == [(2, "", "external-id-conflict")]


async def test_a_quote_in_another_unit_is_refused_with_the_unit_that_fits(
    newsroom: Newsroom,
) -> None:
    text = "😀😀 Kyiv says so."
    line = {
        "title": "Emoji",
        "text": text,
        "annotations": [{"label": "claim", "start": 5, "end": 9, "quote": "Kyiv"}],
    }

    refused = await send(newsroom, file_of(line))
    taken = await send(newsroom, file_of({**line, "offset_unit": "utf16"}))

    (error,) = make.refused(refused, 422, "import-refused")["errors"]
    assert (error["code"], error["matches_in_unit"]) == ("quote-mismatch", "utf16")
    assert taken.json()["created"]["annotations"] == 1


async def test_doccano_and_label_studio_count_code_points(newsroom: Newsroom) -> None:
    text = "😀 Kyiv says so."
    doccano = {"id": 7, "text": text, "label": [[2, 6, "claim"]]}
    value = {"start": 2, "end": 6, "text": "Kyiv", "labels": ["claim"]}
    result = {"id": "r", "from_name": "l", "to_name": "t", "type": "labels", "value": value}
    task = {"id": 8, "data": {"text": text}, "annotations": [{"id": 1, "result": [result]}]}

    one = await send(newsroom, file_of(doccano), format="doccano")
    two = await send(newsroom, json.dumps([task]).encode(), format="label-studio")
    value["text"] = "says"
    bad = await send(newsroom, json.dumps([{**task, "id": 9}]).encode(), format="label-studio")

    assert one.json()["created"]["annotations"] == two.json()["created"]["annotations"] == 1
    found = await newsroom["reader"].get("/v1/projects/demo/annotations")
    assert {(it["start"], it["end"], it["quote"]) for it in found.json()["items"]} == {
        (2, 6, "Kyiv")
    }
    (error,) = make.refused(bad, 422, "import-refused")["errors"]
    assert (error["code"], error["line"]) == ("quote-mismatch", 1)
    assert error["pointer"].startswith("/annotations/0/result/0")


def zip_of(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
<xmi:XMI xmlns:xmi="http://www.omg.org/XMI">&lol2;</xmi:XMI>"""

BROKEN = {
    "an archive that is none": ("brat", b"no archive"),
    "an archive cut off": ("brat", zip_of(("a.txt", b"It says so."), ("a.ann", b""))[:-30]),
    "a path outside": ("brat", zip_of(("../a.txt", b"It says so."), ("../a.ann", b""))),
    "a bomb": ("brat", zip_of(("a.txt", b" " * 60_000_000))),
    "billion laughs": ("uima-cas", zip_of(("a.xmi", LAUGHS))),
    "mixed encodings": ("brat", zip_of(("a.txt", "é".encode() + b"\xe9"), ("a.ann", b""))),
    "an array cut off": ("label-studio", b'[{"data": {"text": "It says so."}}'),
    "no array": ("label-studio", b'{"data": 1}'),
    "JSON-LD cut off": ("web-annotation", b'{"@context": [], "@graph": ['),
    "Latin-1 lines": ("jsonl", '{"title": "é", "text": "It."}'.encode("latin-1")),
    "doccano cut off": ("doccano", b'{"text": "It says so.", "label": [[0'),
    "no CoNLL": ("conll", b"\x00\x01\x02"),
}


@pytest.mark.parametrize("mode", ["all-or-nothing", "skip-refused"])
@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_file_is_refused_and_leaves_nothing(
    newsroom: Newsroom, name: str, mode: str
) -> None:
    format, content = BROKEN[name]
    before = await rows(newsroom)

    answer = await send(newsroom, content, format=format, mode=mode)

    if mode == "all-or-nothing":
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] in {"/problems/invalid-file", "/problems/import-refused"}
    else:
        assert answer.status_code in {200, 422}, answer.text
        assert answer.status_code == 422 or answer.json()["refusals"]
    assert await rows(newsroom) == before


async def test_a_format_that_is_only_written_is_refused(newsroom: Newsroom) -> None:
    answer = await send(newsroom, b"", format="csv")

    (error,) = make.refused(answer, 422, "invalid-parameter")["errors"]
    assert error["parameter"] == "format"
    assert "csv" not in error["allowed"]


async def test_a_form_and_a_coding_are_refused(newsroom: Newsroom) -> None:
    form = await newsroom["annotator"].post(
        PATH, params={"format": "jsonl"}, files={"file": file_of(GOOD)}
    )
    coded = await newsroom["annotator"].post(
        PATH,
        params={"format": "jsonl"},
        content=file_of(GOOD),
        headers={"Content-Encoding": "gzip"},
    )

    for answer in (form, coded):
        problem = make.refused(answer, 415, "unsupported-media-type")
        assert "json" not in problem["title"].lower()


async def test_a_file_past_the_limit_is_refused_and_one_past_the_limit_of_bodies_is_not(
    newsroom: Newsroom,
) -> None:
    small = newsroom.beside(max_body_bytes=4096, max_import_bytes=16_384)
    lines = [{**GOOD, "external_id": f"d{place}"} for place in range(20)]

    async def chunks() -> AsyncIterator[bytes]:
        for line in lines * 5:
            yield file_of(line)

    larger = await small["annotator"].post(
        PATH, params={"format": "jsonl"}, content=file_of(*lines[:15])
    )
    known = await small["annotator"].post(
        PATH, params={"format": "jsonl"}, content=file_of(*lines * 5)
    )
    chunked = await small["annotator"].post(PATH, params={"format": "jsonl"}, content=chunks())

    assert larger.json()["created"]["documents"] == 15
    make.refused(known, 413, "too-large")
    make.refused(chunked, 413, "too-large")


async def test_two_imports_of_the_same_file_at_once_write_it_once(newsroom: Newsroom) -> None:
    answers = await asyncio.gather(*(send(newsroom, file_of(GOOD)) for _ in range(6)))

    assert [answer.status_code for answer in answers] == [200] * 6
    created = [answer.json()["created"]["annotations"] for answer in answers]
    assert sorted(created) == [0, 0, 0, 0, 0, 2]


async def test_the_log_tells_what_was_imported_in_its_order(newsroom: Newsroom) -> None:
    before = await newsroom["reader"].get("/v1/projects/demo/export?format=jsonl")
    await send(newsroom, file_of(GOOD, {**GOOD, "external_id": "other"}))

    told = await newsroom["reader"].get(
        "/v1/projects/demo/changes", params={"after": before.headers["Stet-Snapshot"]}
    )

    entries = [json.loads(line) for line in told.text.splitlines()]
    assert [entry["kind"] for entry in entries] == [
        "document.created",
        "annotation.created",
        "annotation.created",
    ] * 2
    assert {entry["state"]["author"] for entry in entries if "author" in entry["state"]} == {
        "annotator"
    }


async def test_a_dry_run_keeps_no_writer_of_the_project_waiting(
    newsroom: Newsroom, dialect: str
) -> None:
    """On SQLite there is one writer, and it is the dry run meanwhile."""
    lines = [{**GOOD, "external_id": f"d{place}"} for place in range(1000)]
    trying = asyncio.create_task(send(newsroom, file_of(*lines), dry_run=True))
    await asyncio.sleep(0.1)

    document = await make.document(newsroom["annotator"])

    assert document["title"]
    if dialect == "postgresql":
        assert not trying.done()
    assert (await trying).json()["created"]["documents"] == 1000


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        ([update(Token).values(revoked_at=now())], 401),
        ([update(Token).values(expires_at=now())], 401),
        ([update(User).where(User.name == "annotator").values(is_active=False)], 401),
        (
            [
                delete(Membership).where(Membership.role == "annotator"),
                update(ChangeHead).values(epoch=ChangeHead.epoch + 1),
            ],
            404,
        ),
    ],
    ids=["revoked", "expired", "deactivated", "removed"],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_who_may_no_longer_import_once_the_file_is_there_imports_nothing(
    newsroom: Newsroom, ended: list[UpdateBase], status: int, dry_run: bool
) -> None:
    before = await rows(newsroom)

    async def slowly() -> AsyncIterator[bytes]:
        yield file_of(GOOD)
        async with newsroom.app.state.database.session(writes=True) as db:
            await db.begin()
            for statement in ended:
                await db.execute(statement)
        yield file_of({**GOOD, "external_id": "more"})

    answer = await send(newsroom, slowly(), dry_run=dry_run)

    assert answer.status_code == status, answer.text
    after = await rows(newsroom)
    assert after == before | {"memberships": after["memberships"]}


async def test_the_file_of_one_who_is_no_admin_once_it_is_there_is_trusted_no_more(
    newsroom: Newsroom,
) -> None:
    path, admin = "/v1/users/annotator", newsroom["admin"]
    await make.said(await admin.patch(path, json={"is_admin": True}, headers=make.seen(1)), 200)
    claim = {**GOOD["annotations"][0], "author": "reviewer", "created_at": MOMENT}

    async def slowly() -> AsyncIterator[bytes]:
        yield b"\n"
        change = await admin.patch(path, json={"is_admin": False}, headers=make.seen(2))
        await make.said(change, 200)
        yield file_of({**GOOD, "annotations": [claim]})

    await make.said(await send(newsroom, slowly()), 200)

    page = await make.said(await admin.get("/v1/projects/demo/annotations"), 200)
    [annotation] = page["items"]
    assert annotation["author"] == "annotator"
    assert annotation["created_at"] > MOMENT


@pytest.mark.parametrize("ends", [("source",), ("target",), ("source", "target")])
async def test_a_relation_whose_ends_are_refused_is_refused_too(
    newsroom: Newsroom, ends: tuple[str, ...]
) -> None:
    other = await make.document(newsroom["annotator"])
    taken = {
        "source": await make.annotation(newsroom["annotator"], other["id"]),
        "target": await make.annotation(newsroom["annotator"], other["id"]),
    }
    free = {"source": str(make.id_of(8)), "target": str(make.id_of(9))}
    ids = free | {end: taken[end]["id"] for end in ends}
    line = {
        "title": "Takes an id",
        "text": make.TEXT,
        "annotations": [
            {"id": ids["target"], "label": "claim", "quote": "Officials"},
            {"id": ids["source"], "label": "denial", "quote": "totally unfounded"},
        ],
        "relations": [{"type": "denies"} | ids],
    }

    report = await make.said(await send(newsroom, file_of(line), mode="skip-refused"), 200)

    assert report["refused"] == {"documents": 0, "annotations": len(ends), "relations": 1}
    places = {"target": 0, "source": 1}
    assert refusals(report["refusals"]) == sorted(
        [(1, f"/annotations/{places[end]}/id", "id-conflict") for end in ends]
        + [(1, f"/relations/0/{end}", "unknown-annotation") for end in ends]
    )


async def test_a_relation_of_an_annotation_with_itself_is_refused_as_by_post(
    newsroom: Newsroom,
) -> None:
    id = str(make.id_of(1))
    claim = {"id": id, "label": "claim", "quote": "Officials"}
    types = ("supports", "denies", "joins")
    ends = {"source": id, "target": id}
    line = {
        "title": "Of one",
        "text": make.TEXT,
        "annotations": [claim],
        "relations": [{"type": type} | ends for type in types],
    }

    report = await make.said(await send(newsroom, file_of(line), mode="skip-refused"), 200)

    listed = (await newsroom["reader"].get(f"/v1/annotations/{id}")).json()
    path = f"/v1/documents/{listed['document_id']}/relations"
    assert report["created"] == {"documents": 1, "annotations": 1, "relations": 0}
    assert report["refused"]["relations"] == 3
    for place, type in enumerate(types):
        posted = await newsroom["annotator"].post(path, json={"type": type} | ends)
        [error] = make.refused(posted, 422, "relation-not-allowed")["errors"]
        error["pointer"] = f"/relations/{place}{error['pointer']}"
        assert error["allowed"]
        assert report["refusals"][place] == error | {"file": None, "line": 1}


async def test_a_text_is_measured_as_it_is_stored_and_its_characters_as_they_were_sent(
    newsroom: Newsroom,
) -> None:
    annotator = newsroom.beside(max_text_chars=5)["annotator"]
    texts = ("\ufeffa\r\nb\r\nc", "\ufeffa\r\nb\r\ncd", "\ufeff\r\n\x01")
    lines = [{"title": "t", "text": text} for text in texts]
    query = {"format": "jsonl", "mode": "skip-refused"}

    answer = await annotator.post(PATH, params=query, content=file_of(*lines))

    report = await make.said(answer, 200)
    assert report["created"]["documents"] == 1
    longer, control = report["refusals"]
    assert (longer["line"], longer["code"]) == (2, "too-large")
    assert (control["line"], control["code"], control["position"]) == (3, "control-character", 3)


async def test_a_conflict_is_told_by_what_the_annotation_was_found_by(newsroom: Newsroom) -> None:
    await make.said(await send(newsroom, file_of(GOOD)), 200)
    found = await newsroom["reader"].get("/v1/projects/demo/annotations?label=claim")
    id = found.json()["items"][0]["id"]
    other = {**GOOD["annotations"][1], "external_id": "c"}

    for by, code, words, said in (
        ("external_id", "external-id-conflict", "the same external id", other),
        ("id", "id-conflict", "the same id", {**other, "id": id}),
    ):
        answer = await send(newsroom, file_of({**GOOD, "annotations": [said]}))

        listed = make.refused(answer, 422, "import-refused")["errors"]
        assert refusals(listed) == [(1, f"/annotations/0/{by}", code)]
        assert words in listed[0]["detail"]


async def test_no_string_that_a_record_may_have_takes_nul(newsroom: Newsroom) -> None:
    ends = [str(make.id_of(number)) for number in (1, 2)]
    decision = {"version": 1, "verdict": "approve", "reviewer": "reviewer", "decided_at": MOMENT}
    lawful = {
        "title": "An article",
        "text": make.TEXT,
        "annotations": [
            {"id": ends[0], "label": "claim", "version": 2, "decisions": [decision]}
            | make.span(make.TEXT, "Officials"),
            {"id": ends[1], "label": "denial", "quote": "totally unfounded"},
        ],
        "relations": [{"type": "denies", "source": ends[1], "target": ends[0]}],
    }
    schema = DocumentLine.model_json_schema()
    await make.said(await send(newsroom, file_of(lawful), "manager", dry_run=True), 200)
    taken = []

    for place, record in spoilt(schema, schema["$defs"], lawful, "a\x00b"):
        answer = await send(newsroom, file_of(record), "manager", dry_run=True)
        if answer.status_code != 200 or not answer.json()["refusals"]:
            taken.append((place, answer.status_code))

    assert taken == []


async def test_a_record_may_name_any_number_of_people(newsroom: Newsroom) -> None:
    """More than PostgreSQL takes parameters."""
    claim = {"label": "claim", "quote": "Officials"}
    claims = [{**claim, "author": f"nobody-{number}"} for number in range(33_000)]
    known = {**claim, "author": "annotator-b"}
    line = {"title": "By many", "text": make.TEXT, "annotations": [*claims, known]}

    answer = await send(newsroom, file_of(line), "manager", mode="skip-refused")

    report = await make.said(answer, 200)
    assert report["created"] == {"documents": 1, "annotations": 1, "relations": 0}
    assert report["refused"]["annotations"] == 33_000
    assert report["refusals"][-1]["code"] == "unknown-user"


async def test_line_ends_that_were_converted_before_and_now_are_as_many_as_are_stored(
    newsroom: Newsroom,
) -> None:
    def line(converted: int) -> bytes:
        said = {"normalized": {"newlines_converted": converted}, "external_id": str(converted)}
        return file_of({"title": "Two lines", "text": "One.\r\nTwo.", **said})

    answer = await send(newsroom, line(2**31 - 1), "manager")
    most = await send(newsroom, line(2**31 - 2), "manager")

    problem = make.refused(answer, 422, "import-refused")
    assert refusals(problem["errors"]) == [
        (1, "/normalized/newlines_converted", "invalid-value"),
    ]
    assert most.status_code == 200, most.text
    exported = await newsroom["reader"].get("/v1/projects/demo/export?format=jsonl")
    assert json.loads(exported.text)["normalized"]["newlines_converted"] == 2**31 - 1
    again = await make.said(await send(newsroom, exported.content, "manager"), 200)
    assert again["unchanged"]["documents"] == 1
