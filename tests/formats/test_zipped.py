"""Archives: what is written opens everywhere, and what could harm is refused before it is read."""

import io
import re
import stat
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.errors import InvalidFile
from app.formats import zipped
from app.formats.zipped import BadMember, Packer, Spool
from tests import make
from tests.formats import samples


def packed(members: dict[str, bytes]) -> bytes:
    packer = Packer()
    return b"".join([*(packer.add(*member) for member in members.items()), *packer.close()])


def made(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return sink.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    spool = Spool()
    for start in range(0, len(content), 1000):
        spool.add(content[start : start + 1000])
    with spool.opened() as archive:
        return {name: archive.read(name) for name in archive.names()}


def why(content: bytes) -> str:
    with pytest.raises((InvalidFile, BadMember)) as refused:
        unpacked(content)
    return str(refused.value)


MEMBERS = {"a.txt": "да 😀".encode(), "b/ü.ann": b"", "c": b"x" * 100_000}


def test_what_is_written_is_a_zip_to_others() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert not archive.getinfo("a.txt").flag_bits & 8
        assert stat.S_ISREG(archive.getinfo("a.txt").external_attr >> 16)


def test_the_same_content_makes_the_same_bytes() -> None:
    assert packed(MEMBERS) == packed(MEMBERS)


def test_what_is_written_is_read() -> None:
    assert unpacked(packed(MEMBERS)) == MEMBERS
    assert unpacked(packed({})) == {}


def test_more_members_than_sixteen_bits_count_are_written_and_read() -> None:
    packer = Packer()
    content = b"".join([*(packer.add(str(n), b"") for n in range(70_000)), *packer.close()])

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.infolist()) == 70_000
        assert archive.namelist()[-1] == "69999"


def test_a_member_beyond_four_gigabytes_says_so_in_its_entry() -> None:
    packer = Packer()
    packer._offset = 5 * 2**30  # noqa: SLF001  # as if so much had been written
    member = packer.add("far", b"content")
    end = b"".join(packer.close())

    entry = end[: end.index(b"PK\6\6")]
    assert entry[42:46] == b"\xff" * 4
    assert struct.unpack("<HHQ", entry[-12:]) == (1, 8, 5 * 2**30)
    assert struct.unpack("<Q", end[len(entry) + 48 :][:8])[0] == 5 * 2**30 + len(member)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../../up", "..", "C:\\x", "C:x", "a\\..\\b", "a\nb", "a/.."],
)
def test_a_member_outside_the_archive_is_refused(name: str) -> None:
    assert "outside" in why(made((name, b"")))


def test_a_name_that_hides_its_end_behind_a_nul_is_refused() -> None:
    assert "outside" in why(made(("aXtxt", b"")).replace(b"aXtxt", b"a\0txt"))


def test_a_link_is_refused() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "link" in why(made((link, b"/etc/passwd")))


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(made(("secret", b"x")))
    content[content.index(b"PK\1\2") + 8] |= 1

    assert "encrypted" in why(bytes(content))


@pytest.mark.parametrize("bit", [5, 6])
def test_patched_and_strongly_encrypted_members_are_refused(bit: int) -> None:
    content = bytearray(made(("odd", b"x")))
    content[content.index(b"PK\1\2") + 8] |= 1 << bit

    assert "way of its own" in why(bytes(content))


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = made(("a", b"1"), ("a", b"2"))

    assert "one name" in why(content)


def test_a_way_of_packing_that_others_may_not_know_is_refused() -> None:
    assert "deflate" in why(made(("a", b"x" * 1000), method=zipfile.ZIP_LZMA))


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip", b"\0" * 5000, b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert why(content)


def test_an_archive_cut_off_anywhere_is_refused() -> None:
    content = packed({"a": b"some content", "b": b"more of it"})

    for end in range(len(content)):
        assert why(content[:end])


def test_an_archive_changed_anywhere_is_refused_or_says_the_same() -> None:
    content = packed({"a": b"some content", "b": b"more of it"})

    for at in range(len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 0x55
        # What else a changed byte may mean is another name or date, and other content never.
        with suppress(InvalidFile, BadMember):
            assert set(unpacked(bytes(damaged)).values()) <= {b"some content", b"more of it"}


def test_a_member_that_does_not_fit_its_checksum_is_refused() -> None:
    content = made(("a", b"some content"), method=zipfile.ZIP_STORED)

    assert "damaged" in why(content.replace(b"some", b"same", 1))


def test_a_member_that_is_damaged_is_told_from_an_archive_that_does_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = made(("a", b"some content"), ("b", b"more"), method=zipfile.ZIP_STORED)
    spool = Spool()
    spool.add(content.replace(b"some", b"same", 1))

    with spool.opened() as archive:
        with pytest.raises(BadMember) as bad:
            archive.read("a")
        assert bad.value.name == "a"
        assert archive.read("b") == b"more"
        monkeypatch.setattr(zipped, "MAX_MEMBER_BYTES", 3)
        with pytest.raises(InvalidFile):
            archive.read("b")


def test_a_bomb_is_refused_by_what_its_entries_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "SPARE_BYTES", 0)

    assert "200 times" in why(packed({"a": b"\0" * 1_000_000}))


def test_a_bomb_is_refused_by_what_comes_out_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "SPARE_BYTES", 2_000_000)
    one = packed({"a": b"\0" * 1_500_000})
    # Many entries name the same bytes, and say that they are small.
    start = one.index(b"PK\1\2")
    entry = bytearray(one[start : one.index(b"PK\5\6")])
    entry[24:28] = struct.pack("<L", 1_500_000)
    entries = b"".join(bytes(entry[:-1]) + name for name in (b"a", b"b", b"c", b"d"))
    lying = entries.replace(struct.pack("<L", 1_500_000), struct.pack("<L", 10))
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 4, 4, len(entries), start, 0)

    assert why(one[:start] + entries + end)
    assert why(one[:start] + lying + end)


def test_a_member_may_be_so_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MAX_MEMBER_BYTES", 1000)

    assert "larger than 1000" in why(packed({"a": b"x" * 1001}))
    assert unpacked(packed({"a": b"x" * 1000}))


def test_there_may_be_so_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MAX_MEMBERS", 2)

    assert "more than 2 members" in why(packed({"a": b"", "b": b"", "c": b""}))
    assert unpacked(packed({"a": b"", "b": b""}))


def test_as_many_documents_as_the_readme_says_fit_into_an_archive() -> None:
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text("utf-8").split())
    found = re.search(
        r"at most ([\d,]+) members: ([\d,]+) documents of `brat`, ([\d,]+) of `uima-cas`", readme
    )
    assert found is not None
    members, of_brat, of_cas = (int(number.replace(",", "")) for number in found.groups())
    # Beyond four gigabytes an entry is longest.
    packer = Packer()
    packer._offset = 5 * 2**30  # noqa: SLF001  # as if so much had been written
    packer.add(f"{make.id_of(1)}.json", b"")
    entry = b"".join(packer.close()).index(b"PK\6\6")

    assert members == zipped.MAX_MEMBERS
    # The configuration or the type system is a member too.
    assert 3 * of_brat + 1 <= members
    assert of_cas + 1 <= members
    assert members * entry <= zipped.MAX_DIRECTORY_BYTES
    # The largest project that was measured moves in every format.
    assert of_brat >= 100_000


def test_a_directory_may_be_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed({f"member {number}": b"" for number in range(100)})
    monkeypatch.setattr(zipped, "MAX_DIRECTORY_BYTES", 10_000)
    assert len(unpacked(content)) == 100

    monkeypatch.setattr(zipped, "MAX_DIRECTORY_BYTES", 1000)
    assert "directory is longer than 1000" in why(content)


def test_members_are_counted_before_each_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed({str(number): b"" for number in range(20_000)})
    monkeypatch.setattr(zipped, "MAX_MEMBERS", 19_999)

    held = samples.peak(lambda: why(content))

    assert "more than 19999 members" in why(content)
    assert held < 5 * len(content)


def test_what_systems_hide_in_archives_is_passed_over() -> None:
    content = made(
        ("d/", b""), ("__MACOSX/a", b""), (".DS_Store", b""), ("d/a", b"1"), ("./b", b"2")
    )

    assert unpacked(content) == {"d/a": b"1", "./b": b"2"}


def test_a_text_must_be_utf_8() -> None:
    spool = Spool()
    spool.add(packed({"a": "ä".encode("latin-1")}))

    with spool.opened() as archive, pytest.raises(BadMember, match="not UTF-8: byte 0"):
        archive.text("a")
