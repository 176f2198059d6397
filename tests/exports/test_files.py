"""The file that an export goes to."""

import errno
import os
import resource
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

    write(tmp_path / "demo.jsonl", b"{}\n")

    assert other.read_text() == "mine"


def test_who_may_read_it_is_for_the_umask_to_say(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    before = os.umask(0o027)

    write(path, b"{}\n")
    os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o640


def test_what_is_refused_while_it_is_written_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    written = bytes(100_000)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, unlimited[1]))
    try:
        with pytest.raises(OSError, match="demo") as refused:
            write(path, written)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    assert (refused.value.errno, refused.value.filename) == (errno.EFBIG, str(path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "none" / "demo.jsonl"

    with pytest.raises(FileNotFoundError) as refused:
        write(path, b"{}")

    assert refused.value.filename == str(path)


def write(path: Path, written: bytes) -> None:
    with whole(path) as file:
        file.write(written)
