"""Files of ours as a simple reader of CoNLL-U Plus finds them, and files of others as we do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given, settings

from app.formats.conll import Reader, Writer, measure
from app.formats.kinds import Kind
from app.formats.record import AnnotationRecord, DocumentRecord, Head, Item, Place
from app.text.tokens import trimmed
from tests import make
from tests.formats import records, tables
from tests.formats.test_jsonl import ANNOTATION, DOCUMENT

HEAD = Head("demo", {"labels": [{"name": "claim"}, {"name": "big % claim"}]}, 1)


def annotation(number: int, label: str, start: int, end: int, text: str) -> AnnotationRecord:
    quote = text[start:end]
    return replace(
        ANNOTATION, id=make.id_of(number), label=label, start=start, end=end, quote=quote
    )


def document(text: str, *spans: tuple[str, int, int]) -> DocumentRecord:
    annotations = [annotation(n, *span, text) for n, span in enumerate(spans)]
    return replace(DOCUMENT, text=text, annotations=annotations, relations=[])


def read(content: bytes) -> list[Item]:
    reader = Reader(HEAD)
    return [*reader.feed(content), *reader.close()]


def spans(item: Item) -> list[tuple[str, int, int, str]]:
    assert item.problem is None, item.problem
    names = ("label", "start", "end", "quote")
    return [tuple(it[name] for name in names) for it in item.value["annotations"]]


def simply_read(content: bytes) -> Iterator[tuple[dict[str, Any], set[tuple[str, int, int]]]]:
    """Each document and its spans, by the rules of the format and nothing of ours."""
    first, *lines = content.decode().split("\n")
    columns = first.removeprefix("# global.columns = ").split(" ")
    held: dict[str, Any] = {}
    found: list[list[Any]] = []
    for line in [*lines, "# newdoc"]:
        if line.startswith("# newdoc"):
            if held:
                yield held, {tuple(it) for it in found}
            found = []
        elif line.startswith("# stet.document = "):
            held = json.loads(line.removeprefix("# stet.document = "))
        elif line:
            fields = dict(zip(columns, line.split("\t"), strict=True))
            start, end = int(fields["START"]), int(fields["END"])
            assert fields["FORM"] == held["text"][start:end]
            for name in columns[4:]:
                label = name.removeprefix("STET:")
                if fields[name] == f"B-{label}":
                    found.append([label, start, end])
                elif fields[name] == f"I-{label}":
                    last = next(it for it in reversed(found) if it[0] == label)
                    last[2] = end
                else:
                    assert fields[name] == "O"


def test_a_document_is_a_token_a_line() -> None:
    record = document("Kyiv says no. It\tdid.", ("claim", 5, 12), ("big % claim", 10, 16))

    written = tables.content(Writer(HEAD), [record]).decode()

    first, newdoc, held, *lines = written.split("\n")
    assert first == "# global.columns = ID FORM START END STET:claim STET:big%20%25%20claim"
    assert newdoc == f"# newdoc id = {DOCUMENT.id}"
    assert json.loads(held.removeprefix("# stet.document = "))["title"] == DOCUMENT.title
    assert "\u2028" not in held
    assert lines == [
        "1\tKyiv\t0\t4\tO\tO",
        "2\tsays\t5\t9\tB-claim\tO",
        "3\tno\t10\t12\tI-claim\tB-big%20%25%20claim",
        "4\t.\t12\t13\tO\tI-big%20%25%20claim",
        "",
        "1\tIt\t14\t16\tO\tI-big%20%25%20claim",
        "2\tdid\t17\t20\tO\tO",
        "3\t.\t20\t21\tO\tO",
        "",
        "",
    ]


@settings(max_examples=80)
@given(records.documents())
def test_a_simple_reader_finds_what_is_not_lost(record: DocumentRecord) -> None:
    written = tables.content(Writer(records.HEAD), [record])

    ((held, found),) = simply_read(written)

    lost = {loss.subject for loss in measure(record)}
    assert held["text"] == record.text
    assert found == {
        (it.label, *trimmed(record.text, it.start, it.end))
        for it in record.annotations
        if it.id not in lost
    }


def test_overlaps_and_spans_of_blanks_are_told_and_blank_ends_are_kept() -> None:
    record = document(
        "one  two", ("claim", 0, 4), ("claim", 1, 8), ("claim", 3, 5), ("big % claim", 3, 8)
    )

    assert [(loss.subject, loss.kind) for loss in measure(record)] == [
        (make.id_of(1), Kind.OVERLAPS),
        (make.id_of(2), Kind.BOUNDS),
    ]
    (item,) = read(tables.content(Writer(HEAD), [record]))
    assert spans(item) == [("claim", 0, 4, "one "), ("big % claim", 3, 8, "  two")]
    assert [it["id"] for it in item.value["annotations"]] == [str(make.id_of(n)) for n in (0, 3)]


def test_what_the_tags_say_is_believed_over_what_is_written_of_the_ids() -> None:
    record = document("one two three", ("claim", 0, 3), ("claim", 4, 7), ("big % claim", 0, 13))
    written = tables.content(Writer(HEAD), [record]).decode()
    before = read(written.encode())[0].value["annotations"]

    edited = written.replace("4\t7\tB-claim", "4\t7\tO").replace("8\t13\tO", "8\t13\tB-claim")
    after = read(edited.encode())[0].value["annotations"]

    assert [it["id"] for it in before] == [str(make.id_of(number)) for number in (0, 2, 1)]
    assert after[:2] == before[:2]
    assert [(it["label"], it["quote"]) for it in after[2:]] == [("claim", "three")]
    assert after[2]["id"] not in {it["id"] for it in before}


def test_an_id_that_was_given_is_not_given_again() -> None:
    """It may be what the file itself would give to a span: the annotation has moved since."""
    plain = document("one two", ("claim", 0, 3))
    (old,) = read(as_before(tables.content(Writer(HEAD), [plain])))
    id = UUID(old.value["annotations"][0]["id"])
    moved = replace(plain.annotations[0], id=id, start=4, end=7, quote="two")
    written = tables.content(Writer(HEAD), [replace(plain, annotations=[moved])]).decode()

    (item,) = read(written.replace("0\t3\tO", "0\t3\tB-claim").encode())

    new, known = item.value["annotations"]
    assert (new["quote"], known["id"]) == ("one", str(id))
    assert new["id"] != known["id"]


def as_before(content: bytes) -> bytes:
    """An export as it was when columns had the labels' names and nothing was said of ids."""
    first, newdoc, held, *lines = content.decode().split("\n")
    particulars = json.loads(held.removeprefix("# stet.document = "))
    del particulars["annotations"]
    held = f"# stet.document = {json.dumps(particulars)}"
    return "\n".join([first.replace("STET:", ""), newdoc, held, *lines]).encode()


def test_an_earlier_export_is_read() -> None:
    record = document("Kyiv says no.", ("claim", 0, 4), ("big % claim", 5, 12))

    (item,) = read(as_before(tables.content(Writer(HEAD), [record])))

    assert spans(item) == [("claim", 0, 4, "Kyiv"), ("big % claim", 5, 12, "says no")]
    assert item.value["id"] == str(record.id)


@pytest.mark.parametrize(
    "beside",
    [
        None,
        {},
        [None, 1, [], {}],
        [{"label": "claim", "start": 0, "end": 99, "id": "far"}],
        [{"label": "claim", "start": -4, "end": 4, "id": "before"}],
        [{"label": "claim", "start": 4, "end": 0, "id": "reversed"}],
        [{"label": "claim", "start": "0", "end": 4, "id": "text"}],
        [{"label": "other", "start": 0, "end": 4, "id": "other"}],
    ],
)
def test_what_is_written_of_the_ids_may_be_anything(beside: Any) -> None:
    record = document("Kyiv says no.", ("claim", 0, 4))
    first, newdoc, held, *lines = tables.content(Writer(HEAD), [record]).decode().split("\n")
    particulars = json.loads(held.removeprefix("# stet.document = ")) | {"annotations": beside}
    held = f"# stet.document = {json.dumps(particulars)}"

    (item,) = read("\n".join([first, newdoc, held, *lines]).encode())

    assert spans(item) == [("claim", 0, 4, "Kyiv")]
    assert UUID(item.value["annotations"][0]["id"]).version == 5


def test_columns_differ_by_more_than_their_case_and_from_those_that_others_know() -> None:
    labels = ["id", "FORM", "start", "Claim", "claim", "CLAIM", "ärger", "Ärger", "a b", "A b"]
    head = Head("demo", {"labels": [{"name": label} for label in labels]}, 1)
    text = "Kyiv"
    record = document(text, *((label, 0, 4) for label in labels))

    written = tables.content(Writer(head), [record])

    names = written.decode().partition("\n")[0].removeprefix("# global.columns = ").split(" ")
    assert names[:4] == ["ID", "FORM", "START", "END"]
    assert len({name.lower() for name in names}) == len(names) == 4 + len(labels)
    assert [unquote(name.removeprefix("STET:")) for name in names[4:]] == labels
    (item,) = read(written)
    assert {label for label, *_ in spans(item)} == set(labels)


def test_gaps_are_filled() -> None:
    record = document("one two three", ("claim", 0, 13))
    gap = [{"start": 0, "end": 3, "quote": "one"}, {"start": 8, "end": 13, "quote": "three"}]
    record = replace(record, annotations=[replace(record.annotations[0], fragments=gap)])

    (item,) = read(tables.content(Writer(HEAD), [record]))

    assert spans(item) == [("claim", 0, 13, "one two three")]


def test_annotations_are_found_in_the_file() -> None:
    record = document("a b c", ("claim", 2, 3), ("claim", 4, 5))

    (item,) = read(tables.content(Writer(HEAD), [record]))

    assert item.line == 2
    assert item.places == {"/annotations/0": Place(5, ""), "/annotations/1": Place(6, "")}


CONLL_2003 = b"""-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP I-MISC

# CD B-NP O
Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

EU NNP B-NP I-ORG
"""


def test_a_file_of_conll_2003_is_read() -> None:
    first, second = read(CONLL_2003)

    assert (first.line, second.line) == (1, 12)
    assert first.value["title"] == "document 1"
    assert first.value["text"] == "EU rejects German call\n# Peter Blackburn"
    assert spans(first) == [
        ("ORG", 0, 2, "EU"),
        ("MISC", 11, 22, "German call"),
        ("PER", 25, 40, "Peter Blackburn"),
    ]
    assert first.places["/annotations/2"] == Place(9, "")
    assert (second.value["title"], second.value["text"]) == ("document 2", "EU")
    assert spans(second) == [("ORG", 0, 2, "EU")]


def test_the_same_file_again_has_the_same_ids_and_no_two_are_equal() -> None:
    twice = CONLL_2003 + b"\n-DOCSTART- O\n\nEU I-ORG\n"

    once, again = read(twice), read(twice)

    assert once == again
    assert len({item.value["id"] for item in once}) == 3
    assert len({it["id"] for item in once for it in item.value["annotations"]}) == 5


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-X I-X B-X O", ["a b", "c"]),
        ("I-X I-X B-X I-Y", ["a b", "c", "d"]),
        ("B-X E-X S-X S-X", ["a b", "c", "d"]),
        ("B-X I-X L-X U-Y", ["a b c", "d"]),
        ("O I-X O I-X", ["b", "d"]),
        ("_ B-X-Y I-X-Y _", ["b c"]),
        ("E-X E-X I-X I-X", ["a", "b", "c d"]),
    ],
)
def test_each_way_to_tag_is_understood(tags: str, expected: list[str]) -> None:
    lines = [f"{form}\t{tag}" for form, tag in zip("abcd", tags.split(), strict=True)]

    (item,) = read("\r\n".join(lines).encode())

    assert [quote for *_, quote in spans(item)] == expected


def test_a_span_of_another_file_ends_with_its_sentence() -> None:
    (item,) = read(b"a B-X\n\nb I-X\n")

    assert item.value["text"] == "a\nb"
    assert [quote for *_, quote in spans(item)] == ["a", "b"]


@pytest.mark.parametrize("bad", [b"lonely", b"word X-Y", b"word B", b"\xff O", b"\tO"])
def test_a_broken_line_spoils_its_document_only(bad: bytes) -> None:
    content = b"-DOCSTART- O\n\na O\n" + bad + b"\nb O\n-DOCSTART- O\n\nc B-X\n"

    broken, whole = read(content)

    assert (broken.line, broken.value) == (4, None)
    assert broken.problem is not None
    assert broken.problem.code == "invalid-file"
    assert spans(whole) == [("X", 0, 1, "c")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("\ta\t", "\tb\t", "invalid-file"),
        ("\t0\t1\t", "\t0\tx\t", "invalid-file"),
        ("\tO\tO", "\tO", "invalid-file"),
        ('"text": "a"', '"text": 1', "invalid-file"),
        ('{"', "{", "invalid-json"),
        ("# global.columns = ID", "# global.columns = IT", "invalid-file"),
    ],
)
def test_a_file_of_ours_that_was_broken_is_refused(old: str, new: str, code: str) -> None:
    written = tables.content(Writer(HEAD), [document("a")]).decode()
    assert old in written

    (item,) = read(written.replace(old, new).encode())

    assert item.problem is not None
    assert item.problem.code == code


def test_an_id_of_another_kind_is_an_external_id() -> None:
    (item,) = read(b"# newdoc id = GUM_1\n# sent_id = 1\n# text = vitamin O\na\tO\n")

    assert item.value["external_id"] == "GUM_1"
    assert item.value["text"] == "a"


def columns(names: str, *lines: str) -> bytes:
    """A file that names its columns, which blanks stand for tabs in."""
    tabbed = (line.replace(" ", "\t") for line in lines)
    return "\n".join([f"# global.columns = {names}", *tabbed]).encode()


def test_every_column_of_tags_is_read_where_columns_are_named() -> None:
    (item,) = read(
        columns(
            "ID FORM LEMMA UPOS NER1 NER2 MISC",
            "1 Kyiv Kyiv PROPN B-LOC O _",
            "2 E-Mail E-Mail NOUN O B-LOC Lang=de",
            "3 Bob Bob PROPN B-PER B-PER _",
        )
    )

    assert item.value["text"] == "Kyiv E-Mail Bob"
    assert spans(item) == [
        ("LOC", 0, 4, "Kyiv"),
        ("LOC", 5, 11, "E-Mail"),
        ("PER", 12, 15, "Bob"),
        ("PER", 12, 15, "Bob"),
    ]
    assert len({it["id"] for it in item.value["annotations"]}) == 4


def test_an_export_without_its_comments_has_all_its_tags() -> None:
    record = document("Kyiv says no.", ("claim", 0, 4), ("big % claim", 0, 12), ("claim", 5, 9))
    first, *lines = tables.content(Writer(HEAD), [record]).decode().split("\n")

    bare = [line for line in lines if not line.startswith("#")]
    (item,) = read("\n".join([first, *bare]).encode())

    assert spans(item) == [
        ("claim", 0, 4, "Kyiv"),
        ("big % claim", 0, 12, "Kyiv says no"),
        ("claim", 5, 9, "says"),
    ]
    (counted,) = read("\n".join(bare).encode())
    assert "The first column counts" in problem(counted)


def problem(item: Item) -> str:
    """Why a document is refused."""
    assert item.problem is not None
    assert item.value is None
    return item.problem.detail


@pytest.mark.parametrize(
    ("names", "lines", "line", "why"),
    [
        # A slip does not make a column of tags another one.
        ("FORM NER POS", ["a B-X NN", "b I-X NN", "c J-X NN"], 4, "“J-X” is no tag"),
        ("FORM NER CHUNK", ["a B-X O", "b b O"], 3, "“b” is no tag"),
        ("ID FORM LEMMA MISC", ["1 a B-a _", "2 b b _"], 1, "None of its columns holds tags"),
        ("ID FORM", ["1 a"], 1, "None of its columns holds tags"),
        ("ID FORM NER", ["1 a"], 2, "It has 2 columns and not 3"),
        ("ID FORM NER", ["one a O"], 2, "“one” is no number of a token"),
        ("ID", ["1"], 2, "too few columns"),
        ("ID FORM NER", ["1 a O", "1.1 b B-X"], 3, "An empty node has no place for a tag"),
        ("ID FORM NER", ["1-2 ab B-X", "1 a _", "2 b I-X"], 4, "of this word has a tag already"),
        ("ID FORM NER", ["1-2 ab x", "1 a B-X", "2 b I-X"], 2, "“x” is no tag"),
    ],
)
def test_tags_are_refused_rather_than_lost(
    names: str, lines: list[str], line: int, why: str
) -> None:
    (item,) = read(columns(names, *lines))

    assert why in problem(item)
    assert item.line == line


WORDS = ("1 Kyiv B-A", "2-3 don't _", "2 do O", "3 n't B-B", "3.1 ghost _", "4 so I-B")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["Kyiv", "don't so"]),
        ({2: "2 do I-A", 3: "3 n't O", 5: "4 so O"}, ["Kyiv don't"]),
        ({2: "2 do B-C"}, ["Kyiv", "don't so", "don't"]),
        ({1: "2-3 don't B-B", 3: "3 n't _"}, ["Kyiv", "don't so"]),
        ({1: "2-3 don't O", 2: "2 do I-A", 3: "3 n't I-A", 5: "4 so I-A"}, ["Kyiv don't so"]),
    ],
)
def test_a_token_of_several_words_stands_in_the_text_once(
    changed: dict[int, str], expected: list[str]
) -> None:
    lines = [changed.get(place, line) for place, line in enumerate(WORDS)]

    (item,) = read(columns("ID FORM NER", *lines, "", "1 two O"))

    assert item.value["text"] == "Kyiv don't so\ntwo"
    assert sorted(quote for *_, quote in spans(item)) == sorted(expected)


def test_no_blank_comes_behind_a_token_that_has_none() -> None:
    (item,) = read(
        columns(
            "ID FORM NER MISC",
            "1 Kyiv B-A SpaceAfter=No",
            "2-3 don't _ Lang=en|SpaceAfter=No",
            "2 do O SpaceAfter=No",
            "3 n't O _",
            "4 , O _",
            "5 SpaceAfter=No B-B SpaceAfter=Nowhere",
            "6 . I-B SpaceAfter=No",
            "",
            "1 Two B-A _",
        )
    )

    assert item.value["text"] == "Kyivdon't, SpaceAfter=No .\nTwo"
    assert spans(item) == [
        ("A", 0, 4, "Kyiv"),
        ("B", 11, 26, "SpaceAfter=No ."),
        ("A", 27, 30, "Two"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["0 Kyiv O B-X", "1 says O O", "", "0 No O O"],
        ["1-2 don't _ _", "1 do O O", "2 n't O O", "2.1 ghost _ O"],
        ["1 a X O", "2 b X O", "", "3 c X O", "4 d X O"],
    ],
)
def test_numbers_are_not_taken_for_tokens(lines: list[str]) -> None:
    (item,) = read("\n".join(line.replace(" ", "\t") for line in lines).encode())

    assert "The first column counts" in problem(item)


@pytest.mark.parametrize("content", [b"1 O\n2 B-X", b"1 CD O\n000 CD O", b"2 CD O\n3 : O\n: : O"])
def test_numbers_may_be_tokens(content: bytes) -> None:
    (item,) = read(content)

    assert item.problem is None


def test_nothing_is_in_an_empty_file() -> None:
    assert read(b"") == read(b"\n\n") == read(tables.content(Writer(HEAD), [])) == []


def test_memory_does_not_grow_with_the_documents() -> None:
    written = (document("Kyiv says no.", ("claim", 0, 4)) for _ in range(10_000))

    assert tables.peak(Writer(HEAD), written) < 1024 * 1024
