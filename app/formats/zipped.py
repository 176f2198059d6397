"""Zip archives, written as a stream and read one member at a time, and refused if they may harm."""

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from app.core.errors import InvalidFile

MAX_MEMBERS = 400_000
"""How many members an archive may have; brat has three a document.

The library keeps an object of each: with 100,000 of them 63 MB, with 400,000 of them 252 MB.
"""
MAX_DIRECTORY_BYTES = 40 * 1024 * 1024
"""How long its directory may be: of so many members that Stet names it takes 99 bytes each."""
MAX_MEMBER_BYTES = 64 * 1024 * 1024
"""How large one member may be, unpacked."""
MAX_RATIO = 200
SPARE_BYTES = 16 * 1024 * 1024
"""What all members together may take, unpacked: ``MAX_RATIO`` times the archive, and this."""
_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024
_UNSAFE = re.compile(r"\A/|\A[A-Za-z]:|\\|(\A|/)\.\.(/|\Z)|[\x00-\x1f\x7f]")

# APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14, 4.3.15 and 4.3.16. The date is the first that a zip can hold,
# so that the same content makes the same bytes.
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4sHHHHLLH")
_VERSION, _UTF8, _DATE = 45, 0x800, 0x21
_UNIX, _FILE_MODE = 3, (stat.S_IFREG | 0o644) << 16
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_ENTRY = b"PK\1\2"
# An end record with the longest comment: what is read in one go and is longer is a directory.
_LONGEST_END = 66_000


class Packer:
    """Members to the bytes of a zip; what is kept of each, its entry, goes to disk if need be.

    The standard library's writer holds an object a member, half a gigabyte for a million of them.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._members = 0
        self._entries = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed with the archive

    def __del__(self) -> None:
        self._entries.close()

    def add(self, name: str, content: bytes) -> bytes:
        """The bytes of one more member. The caller sees to it that no two have one name."""
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(content) + packer.flush()
        encoded = name.encode()
        common = (
            *(_VERSION, _UTF8, ZIP_DEFLATED, 0, _DATE),
            *(zlib.crc32(content), len(packed), len(content), len(encoded)),
        )
        # Beyond 4 GiB the place of a member stands in the extra field.
        far = self._offset >= _MAX32
        extra = struct.pack("<HHQ", 1, 8, self._offset) if far else b""
        place = _MAX32 if far else self._offset
        entry = _CENTRAL.pack(
            *(_ENTRY, _UNIX << 8 | _VERSION, *common),
            *(len(extra), 0, 0, 0, _FILE_MODE, place),
        )
        self._entries.write(entry + encoded + extra)
        member = _LOCAL.pack(b"PK\3\4", *common, 0) + encoded + packed
        self._members += 1
        self._offset += len(member)
        return member

    def close(self) -> Iterator[bytes]:
        """The directory, which ends the archive."""
        size = self._entries.tell()
        self._entries.seek(0)
        while piece := self._entries.read(_PIECE):
            yield piece
        count, start = self._members, self._offset
        if count >= _MAX16 or max(size, start) >= _MAX32:
            yield _END64.pack(
                b"PK\6\6", 44, _VERSION, _VERSION, 0, 0, count, count, size, start
            ) + _LOCATOR64.pack(b"PK\6\7", 0, start + size, 1)
        some = min(count, _MAX16)
        yield _END.pack(b"PK\5\6", 0, 0, some, some, min(size, _MAX32), min(start, _MAX32), 0)


class BadMember(Exception):
    """One member cannot be read; the others of its archive can.

    It is no ``Problem`` itself: those are listed by their codes, each of which one class has.
    """

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name
        self.problem = InvalidFile(detail)


class Spool:
    """An archive that comes in pieces; its directory stands at its end."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed when it was read

    def __del__(self) -> None:
        self._file.close()

    def add(self, chunk: bytes) -> None:
        """One more piece."""
        self._file.write(chunk)

    @contextmanager
    def opened(self) -> "Iterator[Archive]":
        """The whole archive; it is gone afterwards.

        Raises:
            InvalidFile: when it is no zip, is cut off, or has a member that is refused.
        """
        with self._file as file:
            size = file.tell()
            try:
                archive = ZipFile(_Directed(file, size))
            # A damaged directory makes the library raise what its fields lead it to.
            except (BadZipFile, LargeZipFile, EOFError, OSError, ValueError, struct.error) as error:
                raise InvalidFile(f"This is no zip archive, or it is cut off: {error}.") from None
            # What the library says of a version of the format that it does not know.
            except NotImplementedError as error:
                raise InvalidFile(f"This kind of zip archive is not taken: {error}.") from None
            with archive:
                yield Archive(archive, size)


class _Directed:
    """An archive's file, of which nothing is read that is longer than a directory may be.

    The library reads the whole directory, and makes an object of each entry, before anybody can
    count them.
    """

    mode = "rb"

    def __init__(self, file: "SpooledTemporaryFile[bytes]", size: int) -> None:
        self._file = file
        self._size = size
        self.seek = file.seek
        self.tell = file.tell
        self.close = file.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if (self._size - self.tell() if size < 0 else size) > MAX_DIRECTORY_BYTES:
            raise InvalidFile(
                f"The archive's directory is longer than {MAX_DIRECTORY_BYTES} bytes."
            )
        content = self._file.read(size)
        if len(content) > _LONGEST_END and content.count(_ENTRY) > MAX_MEMBERS:
            raise _too_many()
        return content


class Archive:
    """The members of an archive, each read when it is asked for."""

    def __init__(self, archive: ZipFile, size: int) -> None:
        """Checks every member's entry; ``size`` is the archive's, in bytes.

        Raises:
            InvalidFile: at the first member that is refused.
        """
        self._archive = archive
        self._rest = MAX_RATIO * size + SPARE_BYTES
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise _too_many()
        if len(archive.NameToInfo) < len(members):
            raise InvalidFile("Two members of the archive have one name.")
        if sum(member.file_size for member in members) > self._rest:
            raise self._bomb()
        for member in members:
            _check(member)

    def names(self) -> Iterator[str]:
        """The files, in the archive's order; what systems hide in archives is passed over."""
        for member in self._archive.infolist():
            parts = member.filename.split("/")
            if not member.is_dir() and not any(
                part == "__MACOSX" or (part.startswith(".") and part != ".") for part in parts
            ):
                yield member.filename

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        """A member's content.

        Raises:
            BadMember: when it is damaged.
            InvalidFile: when it is larger than a member or the whole may be.
        """
        content = bytearray()
        try:
            # Pieces are counted as they come: what the headers say of sizes may be made up.
            with self._archive.open(name) as member:
                while piece := member.read(_PIECE):
                    content += piece
                    self._rest -= len(piece)
                    if len(content) > MAX_MEMBER_BYTES:
                        raise _too_large(name)
                    if self._rest < 0:
                        raise self._bomb()
        except (BadZipFile, EOFError, OSError, ValueError, struct.error, zlib.error) as error:
            # So the library says that members lie on one another, as they do in bombs only.
            if "zip bomb" in str(error):
                raise InvalidFile(f"The archive is made to do harm: {error}.") from None
            raise BadMember(name, f"The member {name} is damaged: {error}.") from None
        # What the library says of a compression that it does not know.
        except NotImplementedError as error:
            raise BadMember(
                name, f"The member {name} is packed in a way of its own: {error}."
            ) from None
        return bytes(content)

    def text(self, name: str) -> str:
        """A member's content, which must be UTF-8.

        Raises:
            BadMember: when it is not.
            InvalidFile: as ``read`` does.
        """
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            detail = f"The member {name} is not UTF-8: byte {error.start} fits no character."
            raise BadMember(name, detail) from None

    @staticmethod
    def _bomb() -> InvalidFile:
        return InvalidFile(
            f"Unpacked, the archive is more than {MAX_RATIO} times as large, and that by more "
            f"than {SPARE_BYTES} bytes."
        )


def _check(member: ZipInfo) -> None:
    # The name as it stands there: the library ends it at a NUL.
    name = member.orig_filename
    if not name or _UNSAFE.search(name):
        raise InvalidFile(f"The member {ascii(name)[:200]} would lie outside the archive.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise InvalidFile(f"The member {name} is a link.")
    if member.flag_bits & 1:
        raise InvalidFile(f"The member {name} is encrypted.")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise InvalidFile(f"The member {name} is packed in a way other than deflate.")
    if member.file_size > MAX_MEMBER_BYTES:
        raise _too_large(name)


def _too_many() -> InvalidFile:
    return InvalidFile(f"The archive has more than {MAX_MEMBERS} members.")


def _too_large(name: str) -> InvalidFile:
    return InvalidFile(f"The member {name} is larger than {MAX_MEMBER_BYTES} bytes, unpacked.")
