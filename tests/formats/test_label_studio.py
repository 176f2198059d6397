"""Label Studio's JSON: what it exports and imports, counted as it counts."""

import json
from typing import Any

import pytest

from app.core.errors import InvalidFile
from app.formats import elements, label_studio_reading
from app.formats.codecs import Format, codec
from app.formats.record import Item, Place
from tests.formats import records, samples
from tests.formats.samples import DOCUMENT, MARK, PLAIN, SPLIT, TEXT

LABEL_STUDIO = codec(Format.LABEL_STUDIO)


def region(id: str, start: int, end: int, text: str, *labels: str, **said: Any) -> dict[str, Any]:
    return {
        "id": id,
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": start, "end": end, "text": text, "labels": list(labels)},
        **said,
    }


def answer(id: str, name: str, type: str, **value: Any) -> dict[str, Any]:
    return {"id": id, "from_name": name, "to_name": "text", "type": type, "value": value}


def task(*result: dict[str, Any], text: str = "One 😀 two", **said: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": text}, "annotations": [{"result": list(result)}], **said}


def taken(*tasks: Any) -> list[Item]:
    return samples.read(LABEL_STUDIO, json.dumps(tasks).encode())


def test_a_task_has_the_shape_that_label_studio_documents() -> None:
    (written,) = json.loads(samples.written(LABEL_STUDIO, DOCUMENT))

    assert written["data"]["text"] == TEXT
    assert written["data"]["stet"]["title"] == DOCUMENT.title
    (annotation,) = written["annotations"]
    results: dict[str, list[dict[str, Any]]] = {}
    for part in annotation["result"]:
        results.setdefault(part["type"], []).append(part)
    for part in results["labels"]:
        value = part["value"]
        assert part["from_name"] == "label"
        assert part["to_name"] == "text"
        assert TEXT[value["start"] : value["end"]] == value["text"]
    assert [part["id"] for part in results["labels"]] == [str(it.id) for it in (SPLIT, MARK, PLAIN)]
    assert results["labels"][1]["meta"]["text"] == [MARK.note]
    assert {it["from_name"]: it["value"]["choices"] for it in results["choices"]} == {
        "kind": ["two"],
        "kinds": ["один", "two"],
        "sure": ["true"],
    }
    assert {it["from_name"]: it["value"]["text"] for it in results["textarea"]} == {
        "why": ["w"],
        "text": [MARK.attributes["text"]],
        "texts": MARK.attributes["texts"],
    }
    assert {it["from_name"]: it["value"]["number"] for it in results["number"]} == {
        "count": 2**53 - 1,
        "score": 0.1,
    }
    assert {it["id"] for it in results["choices"]} == {str(MARK.id)}
    (relation,) = results["relation"]
    assert (relation["from_id"], relation["to_id"]) == (str(PLAIN.id), str(MARK.id))
    assert (relation["direction"], relation["labels"]) == ("right", ["joins"])


def test_no_documents_are_an_empty_array() -> None:
    assert json.loads(samples.written(LABEL_STUDIO)) == []
    assert taken() == []


def test_an_export_of_label_studio_is_read() -> None:
    exported = {
        "id": 12,
        "annotations": [
            {
                "id": 3,
                "completed_by": {"id": 1, "email": "a@example.org"},
                "was_cancelled": False,
                "ground_truth": False,
                "lead_time": 3.2,
                "result": [
                    region("a1", 4, 5, "😀", "mark", origin="manual", meta={"text": ["n"]}),
                    answer("a1", "kind", "choices", start=4, end=5, text="😀", choices=["two"]),
                    answer("a1", "kinds", "choices", start=4, end=5, choices=["two"]),
                    answer("a1", "sure", "choices", start=4, end=5, choices=["false"]),
                    answer("a1", "text", "textarea", start=4, end=5, text=["x"]),
                    answer("a1", "count", "number", start=4, end=5, number=3),
                    region("b2", 6, 9, "two", "plain"),
                    {
                        "from_id": "b2",
                        "to_id": "a1",
                        "type": "relation",
                        "direction": "left",
                        "labels": ["joins"],
                    },
                ],
            },
            {"id": 4, "was_cancelled": True, "result": [region("c", 0, 99, "no", "plain")]},
            {"id": 5, "result": [region("a1", 0, 3, "One", "plain")]},
        ],
        "drafts": [],
        "predictions": [
            4711,
            {"model_version": "v1", "score": 0.5, "result": [region("p", 0, 3, "One", "plain")]},
        ],
        "data": {"text": "One 😀 two", "source": "https://example.org", "title": "T"},
        "meta": {},
        "created_at": "2026-01-01T00:00:00Z",
    }

    (item,) = taken(exported)

    assert item.problem is None
    value = item.value
    assert (value["title"], value["metadata"]) == ("T", {"source": "https://example.org"})
    first, second, third, fourth = value["annotations"]
    assert (first["start"], first["end"], first["quote"]) == (4, 5, "😀")
    assert first["attributes"] == {
        "kind": "two",
        "kinds": ["two"],
        "sure": False,
        "text": "x",
        "count": 3,
    }
    assert (first["note"], first["external_id"]) == ("n", "a1")
    assert "external_id" not in third
    assert (fourth["origin"], fourth["confidence"]) == ("model", 0.5)
    assert len({it["id"] for it in value["annotations"]}) == 4
    (relation,) = value["relations"]
    assert (relation["source"], relation["target"]) == (first["id"], second["id"])
    assert item.places["/annotations/2"].pointer == "/annotations/2/result/0"
    assert item.places["/annotations/0/attributes/count"] == Place(
        1, "/annotations/0/result/5/value"
    )
    assert item.places["/relations/0"].pointer == "/annotations/0/result/7"
    assert taken(exported) == [item]


def test_of_several_texts_that_named_text_or_the_longest_is_taken() -> None:
    named, longest = taken(
        {"data": {"text": "a", "other": "longer"}}, {"data": {"x": "a", "body": "longer"}}
    )

    assert named.value["text"] == "a"
    assert longest.value["text"] == "longer"
    assert longest.places["/text"] == Place(2, "/data/body")
    assert longest.value["metadata"] == {"x": "a"}


def test_a_title_that_nobody_sees_is_no_title() -> None:
    (item,) = taken({"data": {"text": "One", "title": "\u200b"}})

    assert item.value["title"] == "Task 1"
    assert item.value["metadata"] == {"title": "\u200b"}


def test_a_region_of_several_labels_is_several_annotations() -> None:
    (item,) = taken(task(region("r", 0, 3, "One", "plain", "mark")))

    assert [it["label"] for it in item.value["annotations"]] == ["plain", "mark"]


def test_offsets_move_with_what_the_text_loses_on_arrival() -> None:
    (item,) = taken(task(region("r", 3, 6, "\r\nb", "plain"), text="\ufeff😀a\r\nb"))

    assert spans(item) == [(2, 4, "\nb")]


def spans(item: Item) -> list[tuple[int, int, str | None]]:
    return [(it["start"], it["end"], it.get("quote")) for it in item.value["annotations"]]


def test_offsets_are_code_points_and_utf16_where_the_words_prove_it() -> None:
    text = "😀😀 Kyiv denies it."
    new = region("a", 3, 7, "Kyiv", "plain")
    old = region("b", 10, 16, "denies", "plain")
    wordless = region("c", 10, 16, "", "plain")
    del wordless["value"]["text"]
    wrong = region("d", 10, 16, "Moscow", "plain")

    items = taken(*(task(it, text=text) for it in (new, old, wordless, wrong)))

    assert [it for item in items for it in spans(item)] == [
        (3, 7, "Kyiv"),
        (8, 14, "denies"),
        (10, 16, None),
        (10, 16, "Moscow"),
    ]


def test_words_that_stand_in_both_counts_are_read_as_those_beside_them() -> None:
    text = "😀aaa Kyiv"
    either = region("a", 2, 3, "a", "plain")
    new, old = (region("b", start, start + 4, "Kyiv", "plain") for start in (5, 6))

    items = taken(*(task(*it, text=text) for it in ([either], [either, new], [either, old])))
    (both,) = taken(task(either, new, old, text=text))

    assert [spans(item)[0] for item in items] == [(2, 3, "a"), (2, 3, "a"), (1, 2, "a")]
    assert spans(both) == [(2, 3, "a"), (5, 9, "Kyiv"), (5, 9, "Kyiv")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("written", ["\\n", "\\n" * 2, "\n"])
@pytest.mark.parametrize("before", ["", "😀"])
def test_a_line_end_may_be_written_as_a_backslash_and_an_n(
    before: str, written: str, end: str
) -> None:
    text = f"{before}One \\n it.{end}Two"
    first, last = text.index("it"), text.index("Two") + 3
    words = f"it.{written}Two"

    (new,) = taken(task(region("r", first, last, words, "plain"), text=text))
    shift = len(before)
    (old,) = taken(task(region("r", first + shift, last + shift, words, "plain"), text=text))

    stands = len(written) < 3 or end == "\r\n"
    assert new.value["annotations"][0]["quote"] == ("it.\nTwo" if stands else words)
    if stands:
        at = new.value["text"].index("it")
        assert spans(old) == spans(new) == [(at, at + 7, "it.\nTwo")]


def test_a_backslash_and_an_n_of_the_text_stay_what_they_are() -> None:
    text = r"One\nTwo"

    (item,) = taken(task(region("r", 0, 8, text, "plain"), text=text))

    assert spans(item) == [(0, 8, text)]


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (7, ""),
        ({"data": {}}, "/data"),
        (task({"id": "x", "type": "rectanglelabels", "value": {}}), "/annotations/0/result/0"),
        (task(answer("x", "topic", "choices", choices=["a"])), "/annotations/0/result/0"),
        (task(region("r", 0, 3, "One")), "/annotations/0/result/0/value/labels"),
        (
            task(
                {**region("r", 0, 3, "One", "plain"), "value": {"labels": ["a"], "start": "/p[1]"}}
            ),
            "/annotations/0/result/0/value",
        ),
        (
            task(
                region("r", 0, 3, "One", "plain"),
                {"type": "relation", "from_id": "r", "to_id": "q"},
            ),
            "/annotations/0/result/1/to_id",
        ),
        ({"data": {"text": "a"}, "annotations": {}}, "/annotations"),
    ],
)
def test_a_task_that_cannot_be_held_is_refused_where_it_is(bad: Any, pointer: str) -> None:
    item, good = taken(bad, task())

    assert item.problem is not None
    assert item.problem.members["errors"][0]["pointer"] == pointer  # type: ignore[index]
    assert (item.line, good.line) == (1, 2)
    assert good.problem is None


def test_a_task_that_is_no_json_is_told_by_its_number() -> None:
    content = b'[{"data":{"text":"a"}},{"a":NaN},{"b":"\xff"},{"a":1,"a":2},,{"c"},"\\ud800"]'

    good, *bad = samples.read(LABEL_STUDIO, content)

    assert good.problem is None
    assert [(it.line, it.problem and it.problem.code) for it in bad] == [
        (number, "invalid-json") for number in (2, 3, 4, 5, 6, 7)
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"  ", "no JSON"),
        (b"{}", "not a JSON array"),
        (b'"a"', "not a JSON array"),
        (b"null", "not a JSON array"),
        (b"x[]", "not a JSON array"),
        (b"[", "cut off"),
        (b'[{"data":{"text":"a"}}', "cut off"),
        (b'[{"data":{"text":"a"}},', "cut off"),
        (b'[{"data":{"text":"a', "cut off"),
        (b'[{"data":{"text":"a\\', "cut off"),
        (b"[] []", "Around the array"),
        (b"[]]", "Around the array"),
        ('[{"data":{"text":"a"}}]'.encode("utf-16"), "not a JSON array"),
        (b"\xef\xbb\xbf[]", "not a JSON array"),
    ],
)
def test_a_file_that_is_no_whole_array_is_refused(content: bytes, why: str) -> None:
    assert why in samples.refused(LABEL_STUDIO, content)
    bytewise = codec(Format.LABEL_STUDIO).reader
    assert bytewise is not None
    with pytest.raises(InvalidFile):
        samples.fed(bytewise(records.HEAD), samples.cut(content, 1))


def test_elements_are_cut_alike_however_the_bytes_are_cut() -> None:
    content = rb'[{"a":"]}\"\\","b":[[],{"c":",["}]}, "x\\\"," ,1,[2,3] , null,"\u005d"]' + b" \n"

    for size in range(1, len(content) + 1):
        cutter = elements.Elements()
        found = [
            element.strip()
            for start in range(0, len(content), size)
            for element in cutter.feed(content[start : start + size])
        ]
        cutter.close()
        assert found == [
            rb'{"a":"]}\"\\","b":[[],{"c":",["}]}',
            rb'"x\\\","',
            b"1",
            b"[2,3]",
            b"null",
            rb'"\u005d"',
        ]


def test_an_element_may_be_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elements, "MAX_ELEMENT_BYTES", 100)

    assert "longer than 100 bytes" in samples.refused(LABEL_STUDIO, b'["' + b"x" * 200)


def test_blanks_without_end_are_refused() -> None:
    assert "not a JSON array" in samples.refused(LABEL_STUDIO, b" " * 2_000_000)


def test_memory_does_not_grow_with_the_documents() -> None:
    pieces = samples.cut(samples.written(LABEL_STUDIO, *samples.many(2000)))

    assert samples.peak_of_writing(LABEL_STUDIO, 2000) < 100_000
    assert samples.peak_of_reading(LABEL_STUDIO, pieces) < 200_000


def test_the_regions_of_one_id_have_so_many_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio_reading, "MAX_LABELS", 3)
    two, three = (region("r", 0, 3, "One", *"abc"[:count]) for count in (2, 3))

    fits, one_region, two_regions = taken(
        task(three), task(region("r", 0, 3, "One", *"abcd")), task(two, two)
    )

    assert len(fits.value["annotations"]) == 3
    for item, place in ((one_region, 0), (two_regions, 1)):
        assert isinstance(item.problem, InvalidFile)
        assert "more than 3 labels" in item.problem.detail
        pointer = item.problem.errors[0]["pointer"]
        assert pointer == f"/annotations/0/result/{place}/value/labels"


def test_regions_of_another_string_than_the_text_are_refused() -> None:
    titled = {"text": "Bob and Kyiv", "title": "Bob said"}
    bob, kyiv, said = (
        region("r", start, start + len(words), words, "plain")
        for start, words in ((0, "Bob"), (8, "Kyiv"), (4, "said"))
    )
    wordless = {**bob, "value": {"start": 0, "end": 3, "labels": ["plain"]}}

    def of(tag: str | None, *regions: dict[str, Any], data: dict[str, Any] = titled) -> Any:
        tagged = [{**it, "id": f"{number}"} for number, it in enumerate(regions)]
        for it in tagged:
            it["to_name"] = tag
        return task(*tagged, data=data)

    told = taken(
        of("text", bob),
        of("txt", bob, kyiv),
        of(None, bob),
        of("txt", bob, data={"text": "Bob and Kyiv", "title": "Kyiv"}),
        of("txt", wordless, data={"text": "Bob and Kyiv", "day": "11"}),
        of("txt", bob, data={"body": "Bob and Kyiv"}),
    )
    untold = taken(
        of("title_tag", bob),
        of("title", said),
        of("txt", wordless),
        of("txt", bob, data={"text": "Bob", **{f"{n}": "Kyiv" for n in range(21)}}),
        of(7, bob),  # type: ignore[arg-type]
    )

    assert [spans(item)[0] for item in told] == [(0, 3, "Bob")] * 4 + [(0, 3, None), (0, 3, "Bob")]
    for item in untold:
        assert isinstance(item.problem, InvalidFile)
        assert item.problem.errors[0]["pointer"] == "/annotations/0/result/0/to_name"


def test_a_task_whose_regions_are_of_two_texts_is_refused() -> None:
    first, second = region("a", 0, 3, "One", "plain"), region("b", 0, 3, "One", "plain")
    two = {"result": [{**second, "to_name": "other"}], "score": 0.5}

    beside, behind = taken(
        task(first, {**second, "to_name": "other"}), task(first, predictions=[two])
    )

    for item, pointer in ((beside, "/annotations/0/result/1"), (behind, "/predictions/0/result/0")):
        assert isinstance(item.problem, InvalidFile)
        assert "make a task of each" in item.problem.detail
        assert item.problem.errors[0]["pointer"] == f"{pointer}/to_name"


def test_completions_of_an_old_label_studio_are_annotations() -> None:
    one, two, three = (region(it, 0, 3, "One", "plain") for it in "abc")
    old = {
        "id": 7,
        "data": {"text": "One"},
        "completions": [
            {"id": 1, "result": [one]},
            {"id": 2, "result": [two], "skipped": True},
            {"id": 3, "result": [three], "was_cancelled": True},
        ],
    }

    (item,) = taken(old)

    (annotation,) = item.value["annotations"]
    assert (annotation["external_id"], annotation["quote"]) == ("a", "One")
    assert item.places["/annotations/0"].pointer == "/completions/0/result/0"


def test_a_draft_that_says_something_is_refused() -> None:
    said, empty = {"result": [region("r", 0, 3, "One", "plain")]}, {"id": 3, "result": []}

    bad, *good = taken(task(drafts=[empty, said]), task(drafts=[empty, 4711]), task(drafts=[]))

    assert isinstance(bad.problem, InvalidFile)
    assert "submit or delete it" in bad.problem.detail
    assert bad.problem.errors[0]["pointer"] == "/drafts/1"
    assert [item.problem for item in good] == [None, None]


@pytest.mark.parametrize("score", [98.5, -0.1, True, "0.5", {}])
def test_a_score_that_is_no_confidence_is_refused(score: Any) -> None:
    part = region("r", 0, 3, "One", "plain")
    whole, of_region, persons = taken(
        task(predictions=[{"score": score, "result": [part]}]),
        task(predictions=[{"score": None, "result": [{**part, "score": score}]}]),
        task({**part, "score": score}),
    )

    for item, pointer in ((whole, "/predictions/0"), (of_region, "/predictions/0/result/0")):
        assert isinstance(item.problem, InvalidFile)
        assert item.problem.errors[0]["pointer"] == f"{pointer}/score"
    assert persons.problem is None


@pytest.mark.parametrize("direction", ["bi", "", 1])
def test_a_relation_that_leads_both_ways_is_refused(direction: Any) -> None:
    ends = [region(it, 0, 3, "One", "plain") for it in "ab"]
    link = {"type": "relation", "from_id": "a", "to_id": "b", "labels": ["joins"]}

    bad, *good = taken(
        task(*ends, {**link, "direction": direction}),
        task(*ends, link),
        task(*ends, {**link, "direction": None}),
    )

    assert isinstance(bad.problem, InvalidFile)
    assert bad.problem.errors[0]["pointer"] == "/annotations/0/result/2/direction"
    assert [len(item.value["relations"]) for item in good] == [1, 1]
