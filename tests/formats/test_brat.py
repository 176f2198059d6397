"""brat standoff, checked by another reader of it."""

import codecs
import io
import zipfile
from dataclasses import replace
from uuid import UUID

import bioc.brat
import pytest

from app.formats.codecs import Format, codec
from app.formats.names import escaped, unescaped
from app.formats.record import AnnotationRecord, DocumentRecord, Item, Place
from app.text.normalization import sha256
from tests import make
from tests.formats import samples
from tests.formats.samples import DOCUMENT, MARK, TEXT, annotation

BRAT = codec(Format.BRAT)
NAME = str(DOCUMENT.id)


def members(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def packed(**said: str | bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in said.items():
            archive.writestr(name.replace("_", "."), content)
    return sink.getvalue()


def foreign(text: str, *lines: str) -> Item:
    (item,) = samples.read(BRAT, packed(a_txt=text, a_ann="".join(f"{it}\n" for it in lines)))
    return item


def test_another_reader_finds_what_was_written() -> None:
    files = members(samples.written(BRAT, DOCUMENT))
    found = bioc.brat.loads(files[f"{NAME}.txt"], files[f"{NAME}.ann"])

    assert found.text == TEXT
    spans = {
        entity.id: (entity.type, sorted((it.begin, it.end) for it in entity.locations), entity.text)
        for entity in found.entities
    }
    assert spans == {
        "T1": ("strict", [(0, 6), (22, 26)], "😀 Kyiv 🇺🇦 <"),
        "T2": ("mark", [(2, 17), (18, 24)], "Kyiv says “no”, and 🇺🇦"),
        "T3": ("plain", [(34, 40)], TEXT[34:40]),
    }
    assert {(it.type, it.refid, *it.attributes) for it in found.attributes} == {
        ("kind", "T2", "two"),
        ("sure", "T2"),
    }
    assert [(it.type, it.arguments) for it in found.relations] == [
        ("joins", {"Arg1": "T3", "Arg2": "T2"})
    ]
    notes = {(it.refid, it.text) for it in found.notes if it.type == "AnnotatorNotes"}
    assert notes == {("T1", "short"), ("T2", "one “two” \\n <three>")}
    assert all(it.text.isascii() for it in found.notes if it.type == "Stet")


def test_brat_finds_its_configuration_first() -> None:
    content = samples.written(BRAT)
    with_documents = members(samples.written(BRAT, DOCUMENT))

    assert list(with_documents) == [
        "annotation.conf",
        *(f"{NAME}.{suffix}" for suffix in ("json", "txt", "ann")),
    ]
    assert members(content)["annotation.conf"].splitlines() == [
        "[entities]",
        "mark",
        "strict",
        "plain",
        "",
        "[relations]",
        "joins\tArg1:mark|plain, Arg2:mark",
        "<OVERLAP>\tArg1:<ANY>, Arg2:<ANY>, <OVL-TYPE>:<ANY>",
        "",
        "[events]",
        "",
        "[attributes]",
        "kind\tArg:mark, Value:один|two",
        "sure\tArg:mark",
    ]
    assert samples.read(BRAT, content) == []


@pytest.mark.parametrize(
    "name",
    ["claim", "evidence-missing", "a b", "да", "a_x41_", "_x", "é_x20_", "😀", "a_xé", "|,:"],
)
def test_a_name_comes_back_from_its_escapes(name: str) -> None:
    for hyphens in (False, True):
        written = escaped(name, hyphens=hyphens)
        assert written.isascii()
        assert written.replace("_", "").replace("-", "").isalnum() or written in {"_", "-"}
        assert unescaped(written) == name
    assert unescaped("_x110000_ _xD800_") == "_x110000_ _xD800_"


def test_a_span_of_line_ends_alone_comes_back() -> None:
    blank = annotation(9, 17, 18)
    text = annotation(8, 16, 20)
    document = replace(DOCUMENT, annotations=[text, blank], relations=[])

    (item,) = samples.read(BRAT, samples.written(BRAT, document))

    bounds = [(it["start"], it["end"], it["quote"]) for it in item.value["annotations"]]
    assert bounds == [(16, 20, ",\nan"), (17, 18, "\n")]


_SEPARATED = "Votes:\tKyiv 12\nLine\u2028sep\u2029here"


def _separated() -> DocumentRecord:
    def over(number: int, start: int, end: int) -> AnnotationRecord:
        return annotation(number, start, end, quote=_SEPARATED[start:end])

    return replace(
        DOCUMENT,
        text=_SEPARATED,
        annotations=[over(1, 0, 11), over(2, 0, 23), over(3, 15, 28), over(4, 6, 12)],
        relations=[],
    )


def test_brat_finds_the_words_of_each_line_in_the_text() -> None:
    """As its ``TextAnnotations`` looks for them: in the lines of a codec's reader, literally."""
    files = members(samples.written(BRAT, _separated()))
    lines = codecs.getreader("utf8")(io.BytesIO(files[f"{NAME}.ann"].encode())).readlines()

    found = []
    for line in lines:
        handle, data, words = line.rstrip("\n").split("\t", 2)
        if handle.startswith("T"):
            pairs = [pair.split() for pair in data.partition(" ")[2].split(";")]
            found.append(words)
            assert words == " ".join(_SEPARATED[int(start) : int(end)] for start, end in pairs)
    assert found == ["Votes:\tKyiv", "Votes:\tKyiv 12 Line sep", "Line sep here", "\tKyiv "]


def test_what_an_earlier_stet_wrote_of_tabs_and_separators_is_read() -> None:
    """It wrote a blank for a tab, and cut spans at line feeds alone."""
    record = _separated()
    files = members(samples.written(BRAT, record))
    standoff = files[f"{NAME}.ann"]
    for now, earlier in (
        ("0 11\tVotes:\tKyiv", "0 11\tVotes: Kyiv"),
        ("0 14;15 19;20 23\tVotes:\tKyiv 12 Line sep", "0 14;15 23\tVotes: Kyiv 12 Line sep"),
        ("15 19;20 23;24 28\tLine", "15 28\tLine"),
        (',"spans":[[15,28]]', ""),
        ("\t\tKyiv ", "\t Kyiv "),
    ):
        assert standoff.count(now) == 1
        standoff = standoff.replace(now, earlier)

    (item,) = samples.read(BRAT, packed(**{f"{NAME}_txt": record.text, f"{NAME}_ann": standoff}))

    spans = [(it["start"], it["end"], "fragments" in it) for it in item.value["annotations"]]
    assert spans == [(0, 11, False), (0, 23, False), (15, 28, False), (6, 12, False)]


@pytest.mark.parametrize("end", ["\n", "\u2028", "\u2029"])
def test_a_gap_of_a_line_end_alone_is_none(end: str) -> None:
    item = foreign(f"One {end} two", "T1\tplain 0 3;6 9\tOne two")

    (found,) = item.value["annotations"]
    assert (found["start"], found["end"], "fragments" in found) == (0, 9, False)


def test_what_was_changed_in_brat_is_believed() -> None:
    files = members(samples.written(BRAT, replace(DOCUMENT, annotations=[MARK], relations=[])))
    standoff = files[f"{NAME}.ann"]
    moved = standoff.replace("mark 2 17;18 24\tKyiv says “no”, and 🇺🇦", "plain 2 6\tKyiv")
    moved = moved.replace("one “two” \\n <three>", "another note")
    moved = moved.replace("kind T1 two", "kind T1 один")

    (item,) = samples.read(
        BRAT, packed(**{f"{NAME}_txt": files[f"{NAME}.txt"], f"{NAME}_ann": moved})
    )

    (found,) = item.value["annotations"]
    assert (found["start"], found["end"], found["quote"]) == (2, 6, "Kyiv")
    assert found["label"] == "plain"
    assert found["note"] == "another note"
    assert found["attributes"]["kind"] == "один"
    assert found["id"] == str(MARK.id)


def test_a_folder_of_another_tool_is_read() -> None:
    item = foreign(
        "One two\nthree\r\nfour 😀 five",
        "T1\tmark 0 3\tOne",
        "T2\tplain 4 7;8 13\ttwo three",
        "T3\tplain 0 3;15 19\tOne four",
        "T4\tplain 22 26\tfive",
        "A1\tsure T1 ",
        "M2\tcount T1 -3",
        "A3\tscore T1 1.5e3",
        "A4\ttexts T1 a",
        "A5\ttexts T1 b c",
        "#1\tAnnotatorNotes T1\ta note",
        "#2\tAnnotatorNotes T1\tand one more",
        "R1\tjoins Arg1:T2 Arg2:T1\t",
    )

    assert item.problem is None
    value = item.value
    assert value["title"] == value["external_id"] == "a"
    assert str(UUID(value["id"])) == value["id"]
    first, second, third, fourth = value["annotations"]
    assert (first["external_id"], first["quote"]) == ("T1", "One")
    assert first["attributes"] == {
        "sure": True,
        "count": -3,
        "score": 1500.0,
        "texts": ["a", "b c"],
    }
    assert first["note"] == "a note\nand one more"
    # Divided by a line end alone, it is one span; else it has a gap.
    assert (second["start"], second["end"], second["quote"]) == (4, 13, "two\nthree")
    assert [part["quote"] for part in third["fragments"]] == ["One", "four"]
    # The line end is one character once the text has arrived.
    assert (fourth["start"], fourth["end"], fourth["quote"]) == (21, 25, "five")
    assert value["relations"][0]["source"] == second["id"]
    assert item.places["/annotations/3"] == Place(4, "")
    assert item.places["/relations/0"] == Place(12, "")
    assert item.file == "a.ann"


def test_the_same_folder_makes_the_same_ids() -> None:
    lines = ["T1\tplain 0 1\ta", "T2\tplain 0 1\ta", "R1\tjoins Arg1:T1 Arg2:T2"]

    once, again = foreign("a", *lines), foreign("a", *lines)

    assert once == again
    ids = {it["id"] for it in once.value["annotations"] + once.value["relations"]}
    assert len(ids) == 3


def test_words_that_stand_elsewhere_are_told_to_the_importer() -> None:
    item = foreign("One two", "T1\tplain 0 3\ttwo", "T2\tplain 0 1;4 5\tx y")

    first, second = item.value["annotations"]
    assert first["quote"] == "two"
    assert second["fragments"][0]["quote"] == "x y"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("E1\tplain:T1", "an event"),
        ("*\tEquiv T1 T1", "an equivalence"),
        ("N1\tReference T1 a:b\tc", "a normalization"),
        ("A1\tsure E1", "annotations only"),
        ("#1\tAnnotatorNotes E1\tx", "annotations only"),
        ("R1\tjoins Arg1:T1 Arg2:T9", "no annotation T9"),
        ("T1\tplain 0 1\tO", "two lines T1"),
        ("T2\tplain 0", "has not the parts"),
        ("T2\tplain -1 1\tO", "has not the parts"),
        ("T2", "no line of brat"),
        ("X1\tplain 0 1\tO", "no line of brat"),
        ("#1\tStet T1\t{", "column"),
        ("#1\tStet T1\t[]", "an object with an id"),
    ],
)
def test_a_document_with_a_line_that_is_not_held_is_refused_with_its_number(
    line: str, why: str
) -> None:
    item = foreign("One", "T1\tplain 0 3\tOne", "", line)

    assert item.value is None
    assert item.problem is not None
    assert why in item.problem.detail.replace("a JSON object", "an object")
    assert (item.file, item.line) == ("a.ann", 3)


def test_annotations_without_a_text_are_refused_and_a_text_without_annotations_is_read() -> None:
    first, second = samples.read(BRAT, packed(a_ann="", b_txt="x"))

    assert first.problem is not None
    assert first.file == "a.ann"
    assert second.value["annotations"] == []
    assert second.file == "b.txt"


def test_a_json_of_another_tool_is_passed_over_and_a_broken_one_is_refused() -> None:
    (other,) = samples.read(BRAT, packed(a_txt="x", a_json='{"id": 1, "tokens": []}'))
    (broken,) = samples.read(BRAT, packed(a_txt="x", a_json="{"))

    assert other.value["title"] == "a"
    assert (broken.file, broken.problem is None) == ("a.json", False)


def test_an_archive_of_something_else_is_refused() -> None:
    assert "no .txt" in samples.refused(BRAT, packed(a_pdf=""))
    assert "cut off" in samples.refused(BRAT, samples.written(BRAT, DOCUMENT)[:-30])


def test_memory_does_not_grow_with_the_documents() -> None:
    few, many = samples.peak_of_writing(BRAT, 100), samples.peak_of_writing(BRAT, 2000)

    # The entries of the members stand in memory up to a mebibyte, and on disk from there.
    assert many < few + 1_500_000


def test_reading_holds_one_document_at_a_time() -> None:
    text = "x " * 200_000
    large = [
        replace(DOCUMENT, id=make.id_of(n), text=text, annotations=[], relations=[])
        for n in range(20)
    ]
    content = samples.written(BRAT, *large[:1]), samples.written(BRAT, *large)

    one, all_ = (samples.peak_of_reading(BRAT, [it]) for it in content)

    assert all_ < one + 3 * len(text)


def test_of_a_member_that_is_bad_only_its_document_is_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for stem, text, standoff, beside in [
            ("a", b"\xff", b"", b"{}"),
            ("b", b"One", b"\xff", b"{}"),
            ("c", b"damaged", b"", b"{}"),
            ("d", b"One", b"", b"[broken]"),
            ("e", b"One", b"T1\tplain 0 3\tOne\n", b"{}"),
        ]:
            archive.writestr(f"{stem}.txt", text)
            archive.writestr(f"{stem}.ann", standoff)
            archive.writestr(f"{stem}.json", beside)
    content = sink.getvalue().replace(b"damaged", b"DAMAGED").replace(b"[broken]", b"[BROKEN]")

    *bad, good = samples.read(BRAT, content)

    assert [(it.file, it.problem and it.problem.code) for it in bad] == [
        (name, "invalid-file") for name in ("a.txt", "b.ann", "c.txt", "d.json")
    ]
    assert good.problem is None
    assert good.value["annotations"][0]["quote"] == "One"


def test_a_byte_order_mark_is_part_of_a_text_of_stets_own_alone() -> None:
    text = f"\ufeff{TEXT}"
    marked = replace(DOCUMENT, text=text, annotations=[], relations=[])
    (own,) = samples.read(BRAT, samples.written(BRAT, marked))
    other = foreign("\ufeffOne", "T1\tplain 1 4\tOne")

    assert (own.value["text"], own.value["sha256"]) == (text, sha256(text))
    assert "sha256" not in other.value
    assert other.value["annotations"][0]["start"] == 0


def stets(*spans: list[int]) -> str:
    return f'#1\tStet T1\t{{"id":"{NAME}","spans":{[*spans]}}}'


def test_spans_of_a_comment_that_overlap_are_not_looked_at() -> None:
    text = "a\n" * 250_000
    content = packed(a_txt=text, a_ann=f"T1\tplain 0 1\ta\n{stets(*[[0, len(text)]] * 20)}\n")
    read: list[Item] = []

    held = samples.peak(lambda: read.extend(samples.read(BRAT, content)))

    assert read[0].value["annotations"][0]["quote"] == "a"
    assert held < 20 * 2**20


def test_a_span_of_a_comment_is_cut_no_further_than_its_line_agrees() -> None:
    text = "a\n" * 500_000
    content = packed(a_txt=text, a_ann=f"T1\tplain 0 1\ta\n{stets([0, len(text)])}\n")
    read: list[Item] = []

    held = samples.peak(lambda: read.extend(samples.read(BRAT, content)))

    assert read[0].value["annotations"][0]["end"] == 1
    assert held < 20 * 2**20


@pytest.mark.parametrize(
    "spans",
    [[[0, 3], [2, 7]], [[4, 7], [0, 3]], [[0, 3], [3, 3]], [[0, 8]], [[0, 1]] * 300, [[0.0, 7]]],
)
def test_a_comment_with_spans_of_no_annotation_is_not_believed(spans: list[list[int]]) -> None:
    item = foreign("One two", "T1\tplain 0 3\tOne", stets(*spans))

    assert item.value["annotations"][0]["id"] == NAME
    assert item.value["annotations"][0]["quote"] == "One"


def test_spans_out_of_order_are_not_joined_however_often_they_cover_the_text() -> None:
    text = f"{'a' * 500_000}\nb"
    pairs = ";".join(["0 500000", "500001 0"] * 200)
    content = packed(a_txt=text, a_ann=f"T1\tplain {pairs}\ta\n")

    held = samples.peak(lambda: samples.refused(BRAT, content))

    assert held < 60 * 2**20
