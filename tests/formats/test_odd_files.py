"""A file that holds odd things where Stet wrote its own is read or refused: never a fault."""

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import Any

import pytest

from app.core.errors import InvalidFile
from app.formats import elements
from app.formats.codecs import READABLE, Format, codec
from app.formats.record import Item
from tests.formats import records, samples
from tests.formats.samples import DOCUMENT
from tests.linear import is_linear

ODD: list[Any] = [[], {}, 1, "", None, True, "x", [[1]], [{}], {"a": []}, -1, 0.5, 10**30]
SEEDS = range(150)
ARCHIVES = {Format.BRAT, Format.UIMA_CAS}

Change = Callable[[str, random.Random], str]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a JSON value, with each of its keys."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from places(part)


def odd(value: Any, chance: random.Random) -> Any:
    """The value with a few others in it, or without a few of its own."""
    for _ in range(chance.randint(1, 3)):
        found = list(places(value))
        if not found:
            return chance.choice(ODD)
        container, key = chance.choice(found)
        if chance.random() < 0.2:
            del container[key]
        else:
            container[key] = json.loads(json.dumps(chance.choice(ODD)))
    return value


def with_odd_json(content: str, chance: random.Random) -> str:
    """The text with something odd in one of the JSON values that stand in it."""
    if re.match(r"\s*<", content):
        quoted = re.compile(r'(?<==")(?:\{|\[)[^"]*(?=")')
        found = [(it.start(), it.end(), unescape(it[0])) for it in quoted.finditer(content)]
        values = [(*bounds, json.loads(written)) for *bounds, written in found]
    else:
        values = []
        at = 0
        while start := re.compile(r"[\[{]").search(content, at):
            try:
                value, at = json.JSONDecoder().raw_decode(content, start.start())
                values.append((start.start(), at, value))
            except json.JSONDecodeError:
                at = start.end()
    if not values:
        return content
    first, last, value = chance.choice(values)
    changed = json.dumps(odd(value, chance))
    return content[:first] + (escape(changed) if content[0] == "<" else changed) + content[last:]


def with_odd_words(content: str, chance: random.Random) -> str:
    """The text with some of its words changed, exchanged, doubled or left out."""
    parts = re.split(r"([\s\"=;,:|-])", content)
    for _ in range(chance.randint(1, 4)):
        at, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        parts[at] = chance.choice(["", "0", "-1", "99999999999", parts[other], parts[at] * 2])
    return "".join(parts)


def changed(content: bytes, chance: random.Random, change: Change, *, archive: bool) -> bytes:
    """The file with a change, or the archive with one in some of its members."""
    if not archive:
        return change(content.decode(), chance).encode()
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(sink, "w") as after:
        for name in before.namelist():
            member = before.read(name).decode()
            after.writestr(name, change(member, chance) if chance.random() < 0.7 else member)
    return sink.getvalue()


@pytest.mark.parametrize("change", [with_odd_json, with_odd_words])
@pytest.mark.parametrize("format", sorted(READABLE))
def test_an_odd_file_is_read_or_refused(format: Format, change: Change) -> None:
    chosen = codec(format)
    content = samples.written(chosen, DOCUMENT)

    for seed in SEEDS:
        file = changed(content, random.Random(seed), change, archive=format in ARCHIVES)  # noqa: S311
        try:
            items = samples.read(chosen, file)
        except InvalidFile:
            continue
        assert all(isinstance(item, Item) for item in items), seed


@pytest.mark.parametrize("type", [[], {}, None, 1])
def test_a_result_whose_type_is_no_string_is_refused(type: Any) -> None:
    task = {"data": {"text": "One"}, "annotations": [{"result": [{"id": "a", "type": type}]}]}

    (item,) = samples.read(codec(Format.LABEL_STUDIO), json.dumps([task]).encode())

    assert item.problem is not None
    assert item.problem.members["errors"][0]["pointer"] == "/annotations/0/result/0/type"  # type: ignore[index]


@pytest.mark.parametrize("choices", [[[1]], [{}], [None]])
def test_a_choice_that_is_no_string_is_left_for_the_importer(choices: Any) -> None:
    value = {"start": 0, "end": 3, "labels": ["mark"]}
    result = [
        {"id": "a", "type": "labels", "value": value},
        {"id": "a", "type": "choices", "from_name": "sure", "value": {"choices": choices}},
    ]
    task = {"data": {"text": "One"}, "annotations": [{"result": result}]}

    (item,) = samples.read(codec(Format.LABEL_STUDIO), json.dumps([task]).encode())

    assert item.value["annotations"][0]["attributes"] == {"sure": choices[0]}


@pytest.mark.parametrize("id", [{}, [], None, 1])
def test_an_id_that_is_no_string_is_left_for_the_importer(id: Any) -> None:
    line = json.loads(samples.written(codec(Format.DOCCANO), DOCUMENT))
    for annotation in line["stet"]["annotations"]:
        annotation["id"] = id

    (item,) = samples.read(codec(Format.DOCCANO), json.dumps(line).encode())

    assert {repr(it["id"]) for it in item.value["annotations"]} == {repr(id)}
    assert [it["source"] for it in item.value["relations"]] == [id]


def test_a_document_of_conll_may_lack_its_name_and_its_title() -> None:
    lines = [
        "# global.columns = ID FORM START END TAG",
        '# stet.document = {"text": "One"}',
        "1\tOne\t0\t3\tB-plain",
    ]

    (item,) = samples.read(codec(Format.CONLL), "\n".join(lines).encode())
    (again,) = samples.read(
        codec(Format.CONLL), "\n".join([*lines[:2], "# global.columns = ID", "1"]).encode()
    )

    assert item.value["annotations"][0]["quote"] == "One"
    assert again.problem is not None


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'["', b'"', b"\\", b'\\"', b'"\\'])
@pytest.mark.parametrize("before", [b"", b"[", b'{"@graph":[', b'["'])
@pytest.mark.parametrize("format", [Format.LABEL_STUDIO, Format.WEB_ANNOTATION])
def test_megabytes_of_marks_are_refused_in_linear_time(
    format: Format, before: bytes, unit: bytes
) -> None:
    def refuse(size: int) -> None:
        assert samples.refused(codec(format), before + unit * (size // len(unit)))

    assert is_linear(refuse, 4_000_000)


def test_what_is_nested_too_deep_is_refused_as_soon_as_it_is() -> None:
    reader = codec(Format.LABEL_STUDIO).reader
    assert reader is not None

    with pytest.raises(InvalidFile, match="deeper than 110"):
        list(reader(records.HEAD).feed(b"[" * 111))


def test_the_elements_of_megabytes_of_commas_are_cut_in_linear_time() -> None:
    def cut(count: int) -> None:
        assert sum(1 for _ in elements.Elements().feed(b"[" + b"," * count)) == count

    assert is_linear(cut, 400_000)
