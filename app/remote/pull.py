"""A directory that is kept in step with a project of another Stet, a file a document.

``stet-pull.json`` says where it stands: every file is its document as it was at change ``sequence``
*or later*. That is all that is promised while a pull is under way or after one was killed, and it
is enough to end right:

- A pull reads the log above ``sequence`` first and fetches each document that it names afterwards,
  so what it fetches is no older than the last entry that it read. The file may be newer than that;
  then the entries that made it so are met again by the next pull, which fetches the document again:
  the same or later, never earlier. Once nothing is written any more, the last entry of each
  document has been read, and what was fetched after it is the document as it is.
- Files are replaced by renaming, and ``sequence`` is raised only when all fetched files are in
  place. A pull that is killed in between leaves files that are newer than ``sequence`` says, which
  is what the promise allows, and the next one reads the same entries again.
- An entry of something withdrawn does not say of which document it was. If the log above
  ``sequence`` does not say either, it stood in the project at ``sequence``, and so it stands in a
  file, unless that file is from after the withdrawal. Then nothing is left to do for that entry.
- Two pulls in one directory could undo one another, so the second is refused by a lock.

Until a directory is whole for the first time its ``sequence`` is null, and a pull begins anew.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from app.core.fields import In
from app.exports.files import whole
from app.remote.answers import Document, Foreign, read
from app.remote.client import Client, Log, Unreachable
from app.remote.refusal import Refusal

STATE = "stet-pull.json"
DOCUMENTS = "documents"

_WAIT_SECONDS = 30
_PAUSE_SECONDS = 5
_ENTRIES_AT_ONCE = 10_000
# Fetched one by one, more than these take longer than a whole export of most projects.
_DOCUMENTS_AT_ONCE = 1_000


class ForeignDirectory(Exception):
    """The directory is not this pull's to write in; the message says why."""


class State(In):
    """What ``stet-pull.json`` holds."""

    url: str
    project: str
    sequence: int | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull changed."""

    updated: int
    removed: int
    sequence: int

    def __str__(self) -> str:
        """The line that a shell shows."""
        documents = "document" if self.updated == 1 else "documents"
        return (
            f"{self.updated} {documents} brought up to date, {self.removed} removed, "
            f"at change {self.sequence}."
        )


@contextmanager
def opened(client: Client, path: Path) -> Iterator["Directory"]:
    """The directory of the client's project, made if it is not there, for this process alone.

    Raises:
        ForeignDirectory: when it belongs to another project, to nobody that is known, or to
            another process just now.
    """
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ForeignDirectory(f"Another stet pull is at work in {path}.") from None
        yield Directory(client, path)
    finally:
        os.close(descriptor)


class Directory:
    """The files, and what they are brought up to date from."""

    def __init__(self, client: Client, path: Path) -> None:
        """Reads where it stands."""
        self._client = client
        self._file = path / STATE
        self._documents = path / DOCUMENTS
        self._sequence = self._found()
        # Of a pull that was killed; the directory is this one's alone.
        left = path.glob(f"{STATE}.*.part"), self._documents.glob("*.json.*.part")
        for part in chain(*left):
            part.unlink()

    def _found(self) -> int | None:
        if not self._file.exists():
            if self._documents.exists():
                raise ForeignDirectory(
                    f"{self._documents} is there without a {STATE} beside it; "
                    "pull into another directory."
                )
            return None
        try:
            found = State.model_validate_json(self._file.read_bytes())
        except ValidationError:
            raise ForeignDirectory(f"{self._file} is not as a pull leaves it.") from None
        if (found.url, found.project) != (self._client.url, self._client.project):
            raise ForeignDirectory(
                f"{self._file.parent} belongs to the project {found.project} of {found.url}; "
                "pull into another directory."
            )
        return found.sequence

    def pull(self, advance: Callable[[int], None] = lambda _: None, *, wait: int = 0) -> Pulled:
        """Bring the files up to date; with nothing new, wait so many seconds for something.

        ``advance`` is told how many bytes have come. Raises as the client does.
        """
        step, more = self._step(advance, wait)
        updated, removed = step.updated, step.removed
        while more:
            step, more = self._step(advance, 0)
            updated += step.updated
            removed += step.removed
        return Pulled(updated, removed, step.sequence)

    def follow(self, away: Callable[[Exception], None]) -> Iterator[Pulled]:
        """Pull for ever, and answer what each pull changed, if it changed anything.

        A Stet that is away, or says that it is busy, is waited for; ``away`` is told.
        """
        while True:
            try:
                pulled = self.pull(wait=_WAIT_SECONDS)
            except (Unreachable, Refusal) as error:
                if isinstance(error, Refusal) and not error.is_passing:
                    raise
                away(error)
                time.sleep(_PAUSE_SECONDS)
            else:
                if pulled.updated or pulled.removed:
                    yield pulled

    def _step(self, advance: Callable[[int], None], wait: int) -> tuple[Pulled, bool]:
        """One stretch of the log, or a whole export; and whether there is more to read."""
        if self._sequence is None:
            return self._anew(advance), False
        stretch = self._stretch(self._sequence, wait)
        if stretch is None or len(stretch.documents) > _DOCUMENTS_AT_ONCE:
            return self._anew(advance), False
        updated = removed = 0
        for id in sorted(stretch.documents | self._owners(stretch)):
            with self._client.documents(advance, document=id) as export:
                found = list(export.lines)
            updated += sum(self._put(*document) for document in found)
            removed += 0 if found else self._remove(self._path(id))
        self._save(stretch.sequence)
        return Pulled(updated, removed, stretch.sequence), stretch.more

    def _stretch(self, after: int, wait: int) -> "Stretch | None":
        """What the log says above ``after``; None where it ends before: it is from a backup."""
        try:
            with self._client.changes(after, wait=wait) as log:
                return _read(log)
        except Refusal as error:
            if any(refused.get("parameter") == "after" for refused in error.errors):
                return None
            raise

    def _anew(self, advance: Callable[[int], None]) -> Pulled:
        """Every document, from one export."""
        with self._client.documents(advance) as export:
            self._save(None)
            gone = set(self._files())
            updated = 0
            for id, line in export.lines:
                updated += self._put(id, line)
                gone.discard(self._path(id))
        removed = sum(self._remove(path) for path in gone)
        self._save(export.snapshot)
        return Pulled(updated, removed, export.snapshot)

    def _owners(self, stretch: "Stretch") -> set[UUID]:
        """The documents in whose files something stands that was withdrawn since."""
        lost, owners = set(stretch.lost), set()
        # Of a document that was deleted, all was withdrawn: it is looked at before the others.
        first = [path for id in stretch.documents if (path := self._path(id)).exists()]
        for path in chain(first, self._files()):
            if not lost:
                break
            document = _kept(path)
            held = lost.intersection(part.id for part in document.annotations + document.relations)
            if held:
                lost -= held
                owners.add(document.id)
        return owners

    def _files(self) -> Iterator[Path]:
        return self._documents.glob("????????-????-????-????-????????????.json")

    def _path(self, id: UUID) -> Path:
        return self._documents / f"{id}.json"

    def _put(self, id: UUID, line: bytes) -> bool:
        """Write a document's file; False when it was there already."""
        path, content = self._path(id), line + b"\n"
        if path.exists() and path.read_bytes() == content:
            return False
        self._documents.mkdir(exist_ok=True)
        with whole(path) as file:
            file.write(content)
        return True

    def _remove(self, path: Path) -> bool:
        was_there = path.exists()
        path.unlink(missing_ok=True)
        return was_there

    def _save(self, sequence: int | None) -> None:
        if sequence is not None:
            # A machine that loses power must not keep the sequence and lose the documents.
            os.sync()
        state = State(url=self._client.url, project=self._client.project, sequence=sequence)
        with whole(self._file) as file:
            file.write(state.model_dump_json(indent=1).encode() + b"\n")
        self._sequence = sequence


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of the log says: of which documents, and what it says of none."""

    documents: set[UUID]
    lost: set[UUID]
    sequence: int
    more: bool


def _read(log: Log) -> Stretch:
    """The next entries of the log, as many as memory takes."""
    documents: set[UUID] = set()
    lost: set[UUID] = set()
    owned: set[UUID] = set()
    count, last = 0, 0
    for entry in islice(log.entries, _ENTRIES_AT_ONCE):
        count, last = count + 1, entry.sequence
        if entry.document is not None:
            documents.add(entry.document)
        if entry.part is not None:
            if entry.document is not None:
                owned.add(entry.part)
            elif entry.part not in owned:
                lost.add(entry.part)
    more = count == _ENTRIES_AT_ONCE
    return Stretch(documents, lost, last if more else max(last, log.end), more)


def _kept(path: Path) -> Document:
    """What a file holds.

    Raises:
        ForeignDirectory: when somebody else wrote it.
    """
    try:
        document = read(Document, path.read_bytes())
    except Foreign:
        document = None
    if document is None or path.stem != str(document.id):
        raise ForeignDirectory(f"{path} is not as a pull leaves it.")
    return document
