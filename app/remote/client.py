"""A project of another Stet, over HTTP: streamed both ways, and refusals in words for a shell."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from app.exports.schemas import LossReport
from app.formats.codecs import Format
from app.formats.jsonl import Lines
from app.imports.schemas import ImportReport
from app.remote.answers import Answered, Document, Entry, Foreign, Imported, number, read
from app.remote.refusal import Refusal, foreign, no_stet, refusal

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
# Of a report no byte comes before the server has looked at the whole file or project.
_REPORT_SECONDS = 3600.0
_CHUNK_BYTES = 256 * 1024

# It does not repeat what was given, which may hold a password.
_NO_ADDRESS = "The URL is not an address such as https://stet.example.org."

Report = TypeVar("Report", bound=BaseModel)


class Unreachable(Exception):
    """The other Stet could not be asked, or its answer broke off; the message is one line."""


def address(url: str) -> str:
    """The URL of a Stet in the form in which two of them can be compared; ``/v1`` may follow it.

    Raises:
        ValueError: when it is none, or holds a password, which would be stored and shown.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError(_NO_ADDRESS) from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(_NO_ADDRESS)
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError("The address is the server's alone: no user, no query, no fragment.")
    return str(parsed).rstrip("/").removesuffix("/v1")


@dataclass(frozen=True, slots=True)
class Export:
    """An export as it comes."""

    snapshot: int
    loses: frozenset[str]
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Documents:
    """An export as it comes, a document a line: its id, and the line as it was sent."""

    snapshot: int
    lines: Iterator[tuple[UUID, bytes]]


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of the project's log as it comes: where it ends, and its entries."""

    end: int
    entries: Iterator[Entry]


class Client:
    """One project of a Stet, asked as whoever holds the token.

    Redirects are not followed: the token is for the address that was given.
    """

    def __init__(self, url: str, token: str, project: str) -> None:
        """Asks nothing yet.

        Raises:
            ValueError: when the URL or the token cannot be one.
        """
        if not token:
            raise ValueError(
                "Another Stet asks for a token: STET_TOKEN, or the first line of --token-file."
            )
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise ValueError("The token has characters that no token has.")
        self.url = address(url)
        self.project = project
        self._path = f"{self.url}/v1/projects/{quote(project, safe='')}"
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"})

    def __enter__(self) -> Self:
        """The connections are kept until ``__exit__``."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def export(self, format: Format, **given: object) -> Iterator[Export]:
        """The project in the format; ``given`` are parameters of the query.

        Raises:
            Refusal: when the other Stet refuses.
            Unreachable: when it is away, or the export breaks off.
        """
        with self._answer("GET", "export", {"format": format, **given}) as response:
            loses = response.headers.get("Stet-Loses", "").replace(" ", "")
            yield Export(_snapshot(response), frozenset(loses.split(",")), response.iter_bytes())

    @contextmanager
    def documents(self, advance: Callable[[int], None], **given: object) -> Iterator[Documents]:
        """The project's documents; ``advance`` is told of each piece how many bytes have come.

        Raises as ``export`` does, and ``Refusal`` at a line that holds none.
        """
        with self._answer("GET", "export", {"format": Format.JSONL, **given}) as response:
            found = _read(response, Document, advance)
            yield Documents(_snapshot(response), ((document.id, line) for document, line in found))

    def losses(self, format: Format, **given: object) -> LossReport:
        """What of the project the format cannot hold. Raises as ``export`` does."""
        query = {"format": format, "dry_run": True, **given}
        with self._answer("GET", "export", query, patience=_REPORT_SECONDS) as response:
            return _report(response, LossReport)

    def import_file(
        self, file: BinaryIO, size: int | None, advance: Callable[[int], None], **given: object
    ) -> ImportReport:
        """Send a file and answer what became of it; ``given`` are parameters of the query.

        Args:
            file: what to send, from where it stands.
            size: how many bytes that is, so that one too large is refused at once; None for a pipe.
            advance: is told of each chunk how many bytes are sent.
            given: parameters of the query.

        Raises:
            Refusal: when the other Stet refuses the file or any of its records.
            Unreachable: when it is away; whether it imported the file is then not known.
        """

        def chunks() -> Iterator[bytes]:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
                advance(len(chunk))

        headers = {"Content-Type": "application/octet-stream"}
        if size is not None:
            headers["Content-Length"] = str(size)
        with self._answer(
            "POST", "import", given, patience=_REPORT_SECONDS, content=chunks(), headers=headers
        ) as response:
            return _report(response, Imported)

    @contextmanager
    def changes(self, after: int, *, wait: int) -> Iterator[Log]:
        """The log above ``after``; with nothing there, wait so many seconds for something.

        Raises as ``export`` does, and ``Refusal`` at a line that holds no entry.
        """
        given = {"after": after, "wait": wait}
        with self._answer("GET", "changes", given, patience=wait + _SILENCE_SECONDS) as response:
            yield Log(_snapshot(response), _rising(response, after))

    @contextmanager
    def _answer(
        self,
        method: str,
        what: str,
        given: Mapping[str, Any],
        *,
        patience: float = _SILENCE_SECONDS,
        **sent: Any,
    ) -> Iterator[httpx.Response]:
        """An answer that is none of a problem, its body still to come."""
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS, read=patience)
        path = f"{self._path}/{what}"
        try:
            with self._http.stream(method, path, params=given, timeout=timeout, **sent) as response:
                if not response.is_success:
                    raise refusal(response)
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(f"{self.url} cannot be reached: {_reason(error)}.") from None
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} broke off: {_reason(error)}.") from None
        except (httpx.InvalidURL, UnicodeError):
            # httpx takes an address apart that it is redirected to, though it does not go there.
            raise Refusal(
                f"What {path} answered is none of Stet's: it has moved to what is no address.",
                status=HTTPStatus.TEMPORARY_REDIRECT,
            ) from None


def _read(
    response: httpx.Response, kind: type[Answered], advance: Callable[[int], None]
) -> Iterator[tuple[Answered, bytes]]:
    """Each line of the answer, and what it says.

    Raises:
        Refusal: at a line that says nothing of the kind.
    """
    for place, line in _lines(response, advance):
        try:
            yield read(kind, line), line
        except Foreign as error:
            raise foreign(response, f"line {place}: {error}") from None


def _lines(response: httpx.Response, advance: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    lines = Lines()
    for piece in response.iter_bytes():
        yield from lines.feed(piece)
        advance(len(piece))
    yield from lines.close()


def _rising(response: httpx.Response, after: int) -> Iterator[Entry]:
    """The entries of a log, which rise: whoever goes on from the last one comes to an end."""
    last = after
    for entry, _ in _read(response, Entry, lambda _: None):
        if entry.sequence <= last:
            raise foreign(response, f"after change {last} comes {entry.sequence}")
        last = entry.sequence
        yield entry


def _snapshot(response: httpx.Response) -> int:
    """The sequence of the last change that the answer holds."""
    said = response.headers.get("Stet-Snapshot")
    if said is None:
        raise no_stet(response)
    try:
        return number(said)
    except Foreign as error:
        raise foreign(response, f"Stet-Snapshot: {error}") from None


def _report(response: httpx.Response, kind: type[Report]) -> Report:
    try:
        return kind.model_validate_json(response.read(), strict=True)
    except ValidationError:
        raise no_stet(response) from None


def _reason(error: httpx.HTTPError) -> str:
    said = str(error).partition("\n")[0].rstrip(".")
    return said or f"there was no answer in time ({type(error).__name__})"
