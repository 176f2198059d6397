"""Every format over HTTP: its names, its compression, and what it says of its losses."""

import csv
import gzip
import io
import json
import sys
import zipfile
from typing import Any

import pytest
import zstandard

from app.core.jsontext import dump_json, one_line
from app.formats.codecs import MEDIA_TYPES, READABLE, Format
from tests import make
from tests.conftest import Newsroom

PATH = "/v1/projects/demo/export"


async def furnish(newsroom: Newsroom) -> None:
    """Two documents, with what not every format holds."""
    annotator = newsroom["annotator"]
    document = await make.document(annotator, external_id="a/1", metadata={"desk": "wörld"})
    claim = await make.annotation(
        annotator,
        document["id"],
        attributes={"speaker": "Ukraine", "cue_span": {"quote": "Ukraine says that"}},
        note="Why.",
    )
    denial = await make.annotation(
        annotator,
        document["id"],
        "denial",
        quote=None,
        fragments=[{"quote": "have called"}, {"quote": "“totally unfounded”"}],
    )
    await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(newsroom["reviewer"], claim["id"])
    await make.document(annotator, make.ASTRAL, title="No annotations")


@pytest.mark.parametrize("format", Format)
async def test_a_format_has_its_media_type_and_its_suffix(
    newsroom: Newsroom, format: Format
) -> None:
    await furnish(newsroom)

    answer = await newsroom["reader"].get(PATH, params={"format": format})

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(MEDIA_TYPES[format].partition(";")[0])
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="demo.')
    assert int(answer.headers["Stet-Snapshot"]) > 0
    assert ("Stet-Loses" in answer.headers) == (format not in {"jsonl", "web-annotation"})
    assert answer.content


@pytest.mark.parametrize("format", sorted(READABLE))
async def test_what_a_format_exports_another_project_imports(
    newsroom: Newsroom, format: Format
) -> None:
    await furnish(newsroom)
    await make.project(newsroom["admin"], "copy")
    exported = await newsroom["reader"].get(PATH, params={"format": format})

    imported = await newsroom["admin"].post(
        f"/v1/projects/copy/import?format={format}", content=exported.content
    )
    again = await newsroom["admin"].post(
        f"/v1/projects/copy/import?format={format}", content=exported.content
    )

    assert imported.status_code == 200, imported.text
    created = imported.json()["created"]
    assert (created["documents"], created["annotations"]) == (2, 2)
    holds = "relations" not in exported.headers.get("Stet-Loses", "")
    assert created["relations"] == int(holds)
    assert again.json()["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert again.json()["unchanged"] == created
    spans = [
        sorted(
            (it["label"], it["start"], it["end"], it["quote"])
            for it in (await newsroom["admin"].get(f"/v1/projects/{name}/annotations")).json()[
                "items"
            ]
        )
        for name in ("demo", "copy")
    ]
    assert spans[0] == spans[1]


async def test_the_names_of_files_tell_the_formats_apart(newsroom: Newsroom) -> None:
    names = {
        format: (await newsroom["reader"].get(PATH, params={"format": format}))
        .headers["Content-Disposition"]
        .removeprefix('attachment; filename="demo.')
        .removesuffix('"')
        for format in Format
    }

    assert names == {
        "jsonl": "jsonl",
        "csv": "csv",
        "parquet": "parquet",
        "conll": "conll",
        "brat": "brat.zip",
        "doccano": "doccano.jsonl",
        "label-studio": "json",
        "spacy": "spacy",
        "uima-cas": "uima-cas.zip",
        "web-annotation": "jsonld",
    }


@pytest.mark.parametrize(
    ("format", "library"), [("parquet", "pyarrow"), ("spacy", "numpy"), ("spacy", "srsly")]
)
async def test_a_format_without_one_of_its_libraries_is_answered_what_to_install(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, format: str, library: str
) -> None:
    monkeypatch.delitem(sys.modules, f"app.formats.{format}", raising=False)
    # As if it were not there.
    monkeypatch.setitem(sys.modules, library, None)

    answer = await newsroom["reader"].get(PATH, params={"format": format})

    assert (answer.status_code, answer.json()["type"]) == (501, "/problems/format-not-installed")
    assert answer.json()["detail"] == (
        f"The format {format} needs {library}: pip install 'stet[formats]'."
    )


async def test_a_dry_run_says_what_would_be_lost_by_kind(newsroom: Newsroom) -> None:
    await furnish(newsroom)

    answers = {
        format: (await newsroom["reader"].get(PATH, params={"format": format, "dry_run": True}))
        for format in Format
    }

    reports: dict[str, Any] = {name: answer.json() for name, answer in answers.items()}
    for report in reports.values():
        assert (report["documents"], report["annotations"], report["relations"]) == (2, 2, 1)
        # Every format has these, if only beside what its own readers look at.
        assert {"ids", "external_ids"}.isdisjoint(loss["kind"] for loss in report["losses"])
    assert reports["jsonl"]["losses"] == []
    lost = {loss["kind"]: loss for loss in reports["csv"]["losses"]}
    assert lost["relations"]["count"] == 1
    assert lost["relations"]["example"]["what"] == "denies"
    assert lost["documents"]["example"]["what"] == "No annotations"
    assert lost["decisions"]["count"] == 1
    assert lost["text"]["count"] == 2
    makers = {
        name: [loss["count"] for loss in report["losses"] if loss["kind"] == "created_by"]
        for name, report in reports.items()
    }
    whole = {"jsonl", "web-annotation"}
    assert makers == {name: [] if name in whole else [2] for name in Format}
    # Of the annotations and of the relation between them; a table has the annotations'.
    authors = {loss["kind"]: loss["count"] for loss in reports["brat"]["losses"]}["authors"]
    assert (authors, "authors" in lost) == (3, False)
    fragments = [
        name
        for name, report in reports.items()
        if "fragments" in {loss["kind"] for loss in report["losses"]}
    ]
    assert "label-studio" in fragments
    assert "brat" not in fragments
    for name, answer in answers.items():
        assert answer.headers["Content-Type"] == "application/json"
        told = (await newsroom["reader"].get(PATH, params={"format": name})).headers
        for loss in reports[name]["losses"]:
            assert loss["kind"] in told["Stet-Loses"].split(", ")


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("br", None),
        ("", None),
        ("gzip;q=0", None),
        ("gzip;q=x", None),
    ],
)
async def test_an_export_is_compressed_as_the_caller_accepts(
    newsroom: Newsroom, accept: str, encoding: str | None
) -> None:
    await furnish(newsroom)
    plain = await newsroom["reader"].get(
        PATH, params={"format": "jsonl"}, headers={"Accept-Encoding": "identity"}
    )

    request = newsroom["reader"].build_request(
        "GET", PATH, params={"format": "jsonl"}, headers={"Accept-Encoding": accept}
    )
    answer = await newsroom["reader"].send(request, stream=True)
    sent = b"".join([piece async for piece in answer.aiter_raw()])

    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    if encoding == "gzip":
        sent = gzip.decompress(sent)
    elif encoding == "zstd":
        sent = zstandard.ZstdDecompressor().decompressobj().decompress(sent)
    assert sent == plain.content


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("format", Format)
async def test_what_is_not_compressed_already_is_compressed(
    newsroom: Newsroom, format: Format
) -> None:
    await furnish(newsroom)
    await make.release(newsroom["manager"], "first")

    for path in (PATH, "/v1/projects/demo/releases/first/export"):
        answers = {
            encoding: await newsroom["reader"].get(
                path, params={"format": format}, headers={"Accept-Encoding": encoding}
            )
            for encoding in ("identity", "gzip")
        }

        plain, packed = answers["identity"].content, answers["gzip"]
        assert packed.headers.get("Content-Encoding") == ("gzip" if _is_text(plain) else None)
        assert packed.headers.get("Vary") == ("Accept-Encoding" if _is_text(plain) else None)


async def test_an_archive_is_whole_for_who_accepts_gzip(newsroom: Newsroom) -> None:
    await furnish(newsroom)

    answer = await newsroom["reader"].get(
        PATH, params={"format": "brat"}, headers={"Accept-Encoding": "gzip"}
    )

    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


@pytest.mark.parametrize("format", Format)
async def test_filters_hold_for_every_format(newsroom: Newsroom, format: Format) -> None:
    await furnish(newsroom)
    query: dict[str, str | bool] = {
        "format": format,
        "status": "approved",
        "annotated": True,
        "dry_run": True,
    }

    report = (await newsroom["reader"].get(PATH, params=query)).json()

    assert (report["documents"], report["annotations"], report["relations"]) == (1, 1, 0)


async def test_an_empty_project_is_a_whole_file_in_every_format(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "empty")
    for format in Format:
        answer = await newsroom["admin"].get(f"/v1/projects/empty/export?format={format}")
        assert answer.status_code == 200, format
        if format in READABLE:
            again = await newsroom["admin"].post(
                f"/v1/projects/empty/import?format={format}", content=answer.content
            )
            assert again.status_code == 200, again.text
    table = await newsroom["admin"].get("/v1/projects/empty/export?format=csv")
    assert len(list(csv.reader(io.StringIO(table.text)))) == 1


async def test_postgresql_writes_the_lines_that_python_writes(newsroom: Newsroom) -> None:
    """On SQLite they are Python's; a number, a time or a blank that differs shows here."""
    annotator = newsroom["annotator"]
    odd = {
        "numbers": [0, -1, 1.0, 1e-5, 1e-7, 1e22, 123456.789, 10**30, 5e-324],
        "text": 'a"b\\c\n\t\u2028/é😀',
        "nested": {"": None, "z": True, "a": [], "o": {}},
    }
    text = 'He said: "a\\b" \u2028 é 😀 </script> end.'
    document = await make.document(annotator, text, title="\u00a0Ü\u2029x", metadata=odd)
    for confidence in (0, 1, 0.5, 1e-5, 1e-7, 0.1 + 0.2):
        await make.annotation(
            annotator, document["id"], quote="end", origin="model", confidence=confidence
        )
    decided = await make.annotation(annotator, document["id"], quote="said")
    await make.decision(
        newsroom["reviewer"], decided["id"], "reject", comment='It "is" not.\n\tNo.'
    )
    answer = await newsroom["reader"].get(PATH, params={"format": "jsonl"})

    # What reads line by line ends no line within a string.
    (line,) = answer.text.splitlines()
    assert one_line(dump_json(json.loads(line))) == line
    stored = json.loads(answer.text)
    assert stored["metadata"] == odd
    assert sorted(it["confidence"] for it in stored["annotations"] if it["confidence"]) == [
        1e-7,
        1e-5,
        0.30000000000000004,
        0.5,
        1.0,
    ]


@pytest.mark.parametrize("format", sorted(READABLE))
async def test_what_a_format_exports_changes_nothing_where_it_came_from(
    newsroom: Newsroom, format: Format
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    for label, quote, name in (
        ("claim", "Officials ", "a"),
        ("claim", "totally", None),
        ("denial", "Officials", None),
    ):
        await make.annotation(annotator, document["id"], label, quote=quote, external_id=name)
    path = f"/v1/documents/{document['id']}/annotations"
    before = await make.said(await annotator.get(path), 200)
    exported = await newsroom["reader"].get(PATH, params={"format": format})

    imported = await newsroom["manager"].post(
        f"/v1/projects/demo/import?format={format}", content=exported.content
    )

    report = await make.said(imported, 200)
    assert report["created"] == {"documents": 0, "annotations": 0, "relations": 0}
    assert report["unchanged"] == {"documents": 1, "annotations": 3, "relations": 0}
    assert await make.said(await annotator.get(path), 200) == before
