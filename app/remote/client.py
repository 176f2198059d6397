"""A project of another Stet, over HTTP: streamed both ways, and refusals in words for a shell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from app.core.errors import MEDIA_TYPE
from app.exports.schemas import LossReport
from app.formats.codecs import Format
from app.formats.jsonl import Lines
from app.imports.schemas import ImportReport

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
# Of a report no byte comes before the server has looked at the whole file or project.
_REPORT_SECONDS = 3600.0
_CHUNK_BYTES = 256 * 1024

# It does not repeat what was given, which may hold a password.
_NO_ADDRESS = "The URL is not an address such as https://stet.example.org."

Report = TypeVar("Report", bound=BaseModel)


class Refusal(Exception):
    """The other Stet did not do what it was asked; the message is its own, or one about it."""

    def __init__(
        self, detail: str, *, status: int, errors: Sequence[Mapping[str, object]] = ()
    ) -> None:
        """``errors`` are the refusals of a problem, each with a ``detail`` and where it is."""
        super().__init__(detail)
        self.status = status
        self.errors = errors

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status == 429 or self.status >= 500


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
class Log:
    """A stretch of the project's log as it comes: where it ends, and its entries."""

    end: int
    entries: Iterator[dict[str, Any]]


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
            return _report(response, ImportReport)

    @contextmanager
    def changes(self, after: int, *, wait: int) -> Iterator[Log]:
        """The log above ``after``; with nothing there, wait so many seconds for something.

        Raises as ``export`` does.
        """
        given = {"after": after, "wait": wait}
        with self._answer("GET", "changes", given, patience=wait + _SILENCE_SECONDS) as response:
            lines = lines_of(response.iter_bytes())
            yield Log(_snapshot(response), (parsed(line) for line in lines))

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
                    raise _refusal(response)
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(f"{self.url} cannot be reached: {_reason(error)}.") from None
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} broke off: {_reason(error)}.") from None


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of JSON Lines, however the pieces are cut."""
    lines = Lines()
    for piece in pieces:
        for _, line in lines.feed(piece):
            yield line
    for _, line in lines.close():
        yield line


def parsed(line: bytes) -> dict[str, Any]:
    """The object that a line of an answer holds.

    Raises:
        Refusal: when it holds none.
    """
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Refusal("The answer has a line that is no JSON object.", status=200)
    return found


def _refusal(response: httpx.Response) -> Refusal:
    if response.has_redirect_location:
        location = response.headers["Location"]
        return Refusal(
            f"{_asked(response)} has moved to {location}; give that server's address.",
            status=response.status_code,
        )
    response.read()
    if response.headers.get("Content-Type", "").partition(";")[0] == MEDIA_TYPE:
        body = parsed(response.content)
        errors = body.get("errors", ())
        return Refusal(
            str(body.get("detail")),
            status=response.status_code,
            errors=[error for error in errors if "detail" in error],
        )
    return _no_stet(response)


def _asked(response: httpx.Response) -> str:
    return str(response.url.copy_with(query=None))


def _no_stet(response: httpx.Response) -> Refusal:
    answered = f"{response.status_code} {response.reason_phrase}".strip()
    return Refusal(
        f"{_asked(response)} answered {answered}, but not as a Stet does; is the address right?",
        status=response.status_code,
    )


def _snapshot(response: httpx.Response) -> int:
    """The sequence of the last change that the answer holds."""
    said = response.headers.get("Stet-Snapshot", "")
    if not said.isdecimal():
        raise _no_stet(response)
    return int(said)


def _report(response: httpx.Response, kind: type[Report]) -> Report:
    try:
        return kind.model_validate_json(response.read())
    except ValidationError:
        raise _no_stet(response) from None


def _reason(error: httpx.HTTPError) -> str:
    said = str(error).partition("\n")[0].rstrip(".")
    return said or f"there was no answer in time ({type(error).__name__})"
