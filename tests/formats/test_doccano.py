"""doccano's own shapes, and files of ours that went through doccano."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import InvalidFile
from app.formats.doccano import Reader, Writer
from app.formats.record import Item, Place, RelationRecord
from tests import make
from tests.formats import records, tables
from tests.formats.test_jsonl import ANNOTATION, DOCUMENT

SECOND = replace(
    ANNOTATION, id=make.id_of(5), external_id=None, start=2, end=3, quote="a", label="plain"
)
RECORD = replace(
    DOCUMENT,
    annotations=[ANNOTATION, SECOND],
    relations=[RelationRecord(make.id_of(3), "joins", ANNOTATION.id, SECOND.id, "a", make.MOMENT)],
)


def read(*lines: dict[str, Any]) -> list[Item]:
    reader = Reader(records.HEAD)
    content = "\n".join(map(json.dumps, lines)).encode()
    return [*reader.feed(content), *reader.close()]


def line() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tables.content(Writer(records.HEAD), [RECORD]))
    return found


def test_doccano_finds_its_own_shape() -> None:
    found = line()

    del found["stet"]
    assert found == {
        "id": 1,
        "text": RECORD.text,
        "entities": [
            {"id": 1, "label": "claim", "start_offset": 0, "end_offset": 1},
            {"id": 2, "label": "plain", "start_offset": 2, "end_offset": 3},
        ],
        "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "joins"}],
        "Comments": [],
    }


def test_entities_numbered_anew_added_and_deleted_are_what_counts() -> None:
    changed = line()
    changed["id"] = 77
    changed["Comments"] = ["look"]
    changed["entities"] = [
        {"id": 902, "label": "plain", "start_offset": 2, "end_offset": 3},
        {"id": 903, "label": "plain", "start_offset": 2, "end_offset": 5},
    ]
    changed["relations"] = [{"id": 5, "from_id": 903, "to_id": 902, "type": "joins"}]

    (item,) = read(changed)

    value = item.value
    old, new = value["annotations"]
    assert (old["id"], old["external_id"]) == (str(SECOND.id), None)
    assert (new["label"], new["start"], new["end"], new["quote"]) == ("plain", 2, 5, "a\nb")
    assert new["id"] not in {str(SECOND.id), str(ANNOTATION.id)}
    assert "external_id" not in new
    (relation,) = value["relations"]
    assert (relation["source"], relation["target"]) == (new["id"], old["id"])
    assert (value["id"], value["title"]) == (str(RECORD.id), RECORD.title)
    assert value["metadata"] == RECORD.metadata


def test_a_title_that_nobody_sees_is_passed_over() -> None:
    blank = "\u200b \ufeff"

    (item,) = read(
        {"text": f"{blank}\n\u0301\nEU", "title": blank, "label": [], "meta": {"title": " "}}
    )

    assert item.value["title"] == "EU"


@pytest.mark.parametrize("member", ["label", "labels"])
def test_a_project_without_relations_is_read(member: str) -> None:
    (item,) = read(
        {"id": 12, "text": "EU rejects\n…", member: [[0, 2, "ORG"], [0, 2, "ORG"]], "source": "a"}
    )

    assert item.value["external_id"] == "12"
    assert item.value["title"] == "EU rejects"
    assert item.value["metadata"] == {"source": "a"}
    first, second = item.value["annotations"]
    assert first["id"] != second["id"]
    assert {name: first[name] for name in first if name != "id"} == {
        "label": "ORG",
        "start": 0,
        "end": 2,
        "quote": "EU",
    }
    place = item.places["/annotations/1"]
    assert (place.line, place.pointer) == (1, f"/{member}/1")


def test_a_project_with_relations_is_read() -> None:
    given = {
        "text": "Google was founded in 1998.",
        "entities": [
            {"id": 0, "start_offset": 0, "end_offset": 6, "label": "ORG"},
            {"id": 1, "start_offset": 22, "end_offset": 26, "label": "DATE"},
        ],
        "relations": [{"id": 0, "from_id": 0, "to_id": 1, "type": "foundedAt"}],
        "meta": {"title": "Founders"},
        "Comments": ["why?"],
    }

    (item,) = read(given)

    google, year = item.value["annotations"]
    assert (google["external_id"], google["quote"], year["quote"]) == ("0", "Google", "1998")
    (relation,) = item.value["relations"]
    assert (relation["type"], relation["source"]) == ("foundedAt", google["id"])
    assert relation["target"] == year["id"]
    assert item.value["title"] == "Founders"
    assert item.value["metadata"] == {"meta": {"title": "Founders"}, "Comments": ["why?"]}


def test_the_same_file_again_has_the_same_ids() -> None:
    given = {"text": "one", "label": [[0, 3, "X"]], "relations": [_link(1, 2), _link(1, 2)]}

    once, again = read(given, given), read(given, given)

    assert once == again
    first, second = once
    assert first.value["id"] != second.value["id"]
    assert first.value["relations"][0]["id"] != first.value["relations"][1]["id"]


def _link(source: int, target: int) -> dict[str, Any]:
    return {"from_id": source, "to_id": target, "type": "joins"}


def test_offsets_move_with_the_text_that_arrives() -> None:
    (item,) = read({"text": "\ufeffa\r\nb\r\nc", "label": [[1, 2, "X"], [4, 8, "X"]]})

    assert [(it["start"], it["end"], it["quote"]) for it in item.value["annotations"]] == [
        (0, 1, "a"),
        (2, 5, "b\nc"),
    ]


def test_a_byte_order_mark_of_ours_is_part_of_the_text() -> None:
    text = "\ufeffab"
    record = replace(
        RECORD, text=text, annotations=[replace(ANNOTATION, end=2, quote=text[:2])], relations=[]
    )

    (item,) = read(json.loads(tables.content(Writer(records.HEAD), [record])))

    assert item.value["annotations"][0]["quote"] == "\ufeffa"
    assert len(item.value["sha256"]) == 64


def test_what_is_odd_is_left_for_the_importer_to_refuse() -> None:
    odd: list[Any] = ["x", [1], [5, 2, "X"], [0, 99, "X"], [0.5, 1, "X"], [0, 1, None]]
    (item,) = read({"text": "a", "label": odd, "entities": {"a": 1}, "relations": [3, {}]})

    assert item.value["annotations"][:3] == [{"a": 1}, "x", [1]]
    assert all("quote" not in it for it in item.value["annotations"][3:])
    assert item.value["relations"] == [3, {}]


@pytest.mark.parametrize(
    "bad", ["[]", '{"text": 1}', "{", '{"text": "", "stet": {"metadata": "{"}}']
)
def test_a_line_of_another_form_is_told(bad: str) -> None:
    reader = Reader(records.HEAD)

    (item,) = reader.feed(bad.encode() + b"\n")

    assert item.value is None
    assert item.problem is not None


def test_memory_does_not_grow_with_the_documents() -> None:
    assert tables.peak(Writer(records.HEAD), (RECORD for _ in range(10_000))) < 1024 * 1024


def test_spans_whose_labels_are_numbers_are_refused() -> None:
    span = {"id": 1, "label": 2, "start_offset": 0, "end_offset": 1, "user": 1}
    numbered: dict[str, Any] = {"id": 1, "text": "ab", "annotations": [{"label": 1}, span]}

    bad, good = read(numbered, {**numbered, "annotations": [{"label": 1, "user": 1}]})

    assert isinstance(bad.problem, InvalidFile)
    assert "JSONL(text label)" in bad.problem.detail
    assert (bad.line, bad.problem.errors[0]["pointer"]) == (1, "/annotations/1")
    assert good.value["metadata"] == {"annotations": [{"label": 1, "user": 1}]}


@pytest.mark.parametrize("left", [True, False])
def test_a_line_of_ours_from_a_project_without_relations_is_what_its_labels_say(
    left: bool,  # whether doccano was told to take the entities for its labels
) -> None:
    changed = line()
    added = [2, 5, "plain"]
    changed["label"] = [[0, 1, "claim"], added, [2, 3, "plain"]]
    if not left:
        del changed["entities"]

    (item,) = read(changed)

    value = item.value
    assert [it["id"] for it in value["annotations"][::2]] == [str(ANNOTATION.id), str(SECOND.id)]
    assert value["annotations"][1]["quote"] == "a\nb"
    assert value["relations"] == [
        {
            "id": str(make.id_of(3)),
            "type": "joins",
            "source": str(ANNOTATION.id),
            "target": str(SECOND.id),
        }
    ]
    assert item.places["/relations/0"] == Place(item.line, "/stet/relations/0")

    (fewer,) = read({**changed, "label": [added]})

    assert [it["quote"] for it in fewer.value["annotations"]] == ["a\nb"]
    assert fewer.value["relations"] == []


def test_spans_that_are_there_twice_are_refused_unless_they_are_ours() -> None:
    entity = {"id": 1, "start_offset": 0, "end_offset": 2, "label": "X"}
    both: dict[str, Any] = {"text": "one", "label": [[0, 2, "X"]], "entities": [entity]}

    bad, one, other = read(both, {**both, "label": []}, {**both, "entities": None})

    assert isinstance(bad.problem, InvalidFile)
    assert bad.problem.errors[0]["pointer"] == "/label"
    assert [len(item.value["annotations"]) for item in (one, other)] == [1, 1]
