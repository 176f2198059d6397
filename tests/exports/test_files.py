"""The file that an export goes to."""

import os
from pathlib import Path

import pytest

from app.exports.files import whole


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_two_who_write_one_file_at_once_each_writes_it_whole(
    first_to_end: int, tmp_path: Path
) -> None:
    path = tmp_path / "demo.jsonl"
    writers = [whole(path), whole(path)]
    files = [writer.__enter__() for writer in writers]
    said = [b"the first's\n" * 10_000, b"what the second one writes\n" * 10_000]

    for half in (slice(0, 5_000), slice(5_000, None)):
        for file, written in zip(files, said, strict=True):
            file.write(written[half])
    found = []
    for number in (first_to_end, 1 - first_to_end):
        writers[number].__exit__(None, None, None)
        found.append(path.read_bytes())

    assert found == [said[first_to_end], said[1 - first_to_end]]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_somebody_else_beside_it_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "demo.jsonl.part"
    other.write_text("mine")

    with whole(tmp_path / "demo.jsonl") as file:
        file.write(b"{}\n")

    assert other.read_text() == "mine"


def test_who_may_read_it_is_for_the_umask_to_say(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    before = os.umask(0o027)

    with whole(path) as file:
        file.write(b"{}\n")
    os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o640
