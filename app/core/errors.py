"""Every problem that Stet can answer: one class each, in one tree.

    Problem
    ├── InvalidHttp, InvalidJson 400
    ├── Unauthenticated 401 ── BadCredentials
    ├── Forbidden 403 ── CrossSiteRequest, OwnAnnotation
    ├── NotFound 404
    ├── MethodNotAllowed 405
    ├── RequestTimeout 408
    ├── Conflict 409 ── IdConflict, ExternalIdConflict, NameTaken, SchemeOrphans, LastManager
    ├── Gone 410
    ├── Stale 412
    ├── TooLarge 413
    ├── UnsupportedMediaType 415
    ├── Unprocessable 422
    │   ├── InvalidBody (several refusals at once)
    │   ├── UnknownField, MissingField, InvalidValue, InvalidParameter, ControlCharacter
    │   ├── OffsetNotInteger, OffsetOutOfRange, OffsetInsideCharacter
    │   ├── SpanEmpty, SpanReversed, FragmentsInvalid
    │   ├── QuoteMissing, QuoteMismatch, QuoteNotFound, QuoteAmbiguous
    │   ├── UnknownLabel, InvalidAttribute, RelationNotAllowed, UnknownAnnotation, UnknownUser
    │   ├── InvalidScheme
    │   ├── CommentRequired
    │   ├── InvalidFile
    │   └── ImportRefused
    ├── PreconditionRequired 428
    ├── TooManyRequests 429
    ├── HeadTooLarge 431
    ├── InternalError 500
    ├── FormatNotInstalled 501
    └── Unavailable 503

Commands raise them, ``core.problems`` turns all of them into ``application/problem+json``
(RFC 9457), routes never catch them. A class's docstring is the text of its page,
``/problems/<code>``: what happened, and what to do about it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from app.core.vocabulary import OffsetUnit

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something that the caller asked for was not done."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, **members: object) -> None:
        """``detail`` is one sentence or two for the caller; ``members`` extend the problem."""
        super().__init__(detail)
        self.detail = detail
        self.members: Mapping[str, object] = members
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 has it, ready for JSON."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    @classmethod
    def example(cls) -> Self:
        """One such problem, for the documentation."""
        return cls(cls.title + ".")


class InvalidHttp(Problem):
    """What came over the connection is not HTTP/1.1, so no request could be read from it.

    The connection is closed. A proxy or a client that speaks another protocol to this port, such
    as TLS, is the usual cause.
    """

    status = 400
    code = "invalid-http"
    title = "The request is not HTTP"


class InvalidJson(Problem):
    """The body is not JSON in strict UTF-8.

    NaN, Infinity, numbers too large for a double, lone surrogates, a key that occurs twice in one
    object and nesting deeper than 100 are refused too, because two readers of such a body may
    understand it differently. Encode the body with a JSON library and send it as UTF-8.
    """

    status = 400
    code = "invalid-json"
    title = "The body is not valid JSON"


class Unauthenticated(Problem):
    """The request says nothing, or nothing valid, of who is asking.

    Send ``Authorization: Bearer <token>``, or sign in by ``POST /v1/session``. A token that was
    revoked, has expired or belongs to a deactivated user is refused in the same words.
    """

    status = 401
    code = "unauthenticated"
    title = "Who is asking is not known"

    def __init__(self, detail: str, **members: object) -> None:
        super().__init__(detail, **members)
        self.headers["WWW-Authenticate"] = 'Bearer realm="stet"'


class BadCredentials(Unauthenticated):
    """User name and password do not belong together, or the user is deactivated."""

    code = "bad-credentials"
    title = "User name or password is wrong"


class Forbidden(Problem):
    """The caller may see the resource but not do this to it.

    The detail names the role that may. A manager of the project can give it; a token that was
    narrowed to a lower role keeps that role whatever its user may do.
    """

    status = 403
    code = "forbidden"
    title = "The caller may not do this"


class CrossSiteRequest(Forbidden):
    """A request that writes came with a session cookie but not from this site's own pages.

    Browsers say where a request comes from by ``Sec-Fetch-Site`` and ``Origin``; one of them must
    name this site. Scripts should authenticate by token, which needs neither.
    """

    code = "cross-site-request"
    title = "A request with a cookie must come from this site"


class OwnAnnotation(Forbidden):
    """Nobody decides on words of their own: neither the author nor who edited them last.

    Another reviewer can decide, or a manager may set ``allow_self_review`` on the project.
    """

    code = "own-annotation"
    title = "One's own annotation is for others to decide on"


class NotFound(Problem):
    """There is no such resource, or the caller may not know of it."""

    status = 404
    code = "not-found"
    title = "There is no such resource"


class MethodNotAllowed(Problem):
    """The path exists and does not answer this method; ``Allow`` lists those that it does."""

    status = 405
    code = "method-not-allowed"
    title = "The path does not answer this method"


class RequestTimeout(Problem):
    """The request did not arrive in time. Nothing was written; send it again."""

    status = 408
    code = "request-timeout"
    title = "The request took too long to arrive"

    def __init__(self, detail: str, **members: object) -> None:
        super().__init__(detail, **members)
        self.headers["Connection"] = "close"


class Conflict(Problem):
    """The request is sound in itself but cannot stand beside what is stored."""

    status = 409
    code = "conflict"
    title = "The request conflicts with what is stored"


class IdConflict(Conflict):
    """The id that the client made is taken by a row with other content.

    Creating is idempotent: the same id with the same content answers 200 and the stored row. To
    change the stored row, PATCH it; to add another, use a new id.
    """

    code = "id-conflict"
    title = "The id is taken by other content"


class ExternalIdConflict(Conflict):
    """The external id is taken by another document of the project or annotation of the document."""

    code = "external-id-conflict"
    title = "The external id is taken by other content"


class NameTaken(Conflict):
    """A user's name or a project's slug is taken."""

    code = "name-taken"
    title = "The name is taken"


class SchemeOrphans(Conflict):
    """The new scheme would leave stored annotations or relations without a place in it.

    ``orphans`` counts them by what is wrong, with examples. Edit or withdraw those first, or keep
    what they use in the scheme.
    """

    code = "scheme-orphans"
    title = "The scheme would orphan what is stored"

    def __init__(self, orphans: Sequence[Mapping[str, object]]) -> None:
        super().__init__(
            "The scheme was not changed: stored annotations or relations would no longer fit it.",
            orphans=list(orphans),
        )

    @classmethod
    def example(cls) -> Self:
        return cls(
            [
                {
                    "kind": "annotation",
                    "reason": "The label “denial” is not in the new scheme.",
                    "count": 1,
                    "examples": ["0198c0de-0000-7000-8000-000000000001"],
                }
            ]
        )


class LastManager(Conflict):
    """A project keeps at least one manager. Make another member a manager first."""

    code = "last-manager"
    title = "A project keeps at least one manager"


class Gone(Problem):
    """The resource existed and was withdrawn or deleted; its history remains."""

    status = 410
    code = "gone"
    title = "The resource was withdrawn"


class Stale(Problem):
    """``If-Match`` names a version that is no longer the current one.

    Someone else wrote in between. ``current`` is the resource as it stands now: look at it, and
    send the request again with its version if it still says what you mean.
    """

    status = 412
    code = "stale-version"
    title = "The resource has changed since"

    def __init__(self, current: Mapping[str, object] | None, *, version: int | None) -> None:
        super().__init__(
            "The resource does not exist."
            if version is None
            else f"The current version is {version}.",
            current=current,
        )
        self.version = version
        if version is not None:
            self.headers["ETag"] = f'"{version}"'

    @classmethod
    def example(cls) -> Self:
        return cls({"version": 2}, version=2)


class TooLarge(Problem):
    """The body or the text is longer than this server takes: ``limit``, counted in ``unit``."""

    status = 413
    code = "too-large"
    title = "The request is too large"

    def __init__(self, *, limit: int, unit: str) -> None:
        super().__init__(
            f"At most {limit} {unit.replace('_', ' ')} are taken.", limit=limit, unit=unit
        )

    @classmethod
    def example(cls) -> Self:
        return cls(limit=5_000_000, unit="code_points")


class UnsupportedMediaType(Problem):
    """The body must be JSON: send ``Content-Type: application/json``, in UTF-8, not compressed."""

    status = 415
    code = "unsupported-media-type"
    title = "The body must be application/json"


class Unprocessable(Problem):
    """The body is JSON, but something in it is refused.

    ``errors`` lists each refusal: a JSON pointer to the place, a code, the reason and, where there
    is one, the cure.
    """

    status = 422
    code = "unprocessable"
    title = "Something in the request is refused"

    def __init__(self, pointer: str, detail: str, **extra: object) -> None:
        """``pointer`` is a JSON pointer into the body (RFC 6901); ``extra`` is the cure."""
        self.errors: list[dict[str, object]] = [
            {"pointer": pointer, "code": self.code, "detail": detail, **extra}
        ]
        super().__init__(detail, errors=self.errors)

    def under(self, prefix: str) -> Self:
        """The same refusal with every pointer moved below ``prefix``."""
        for error in self.errors:
            if "pointer" in error:
                error["pointer"] = f"{prefix}{error['pointer']}"
        return self

    def in_query(self) -> Self:
        """The same refusal of parameters of the query, named as the fields of a body would be."""
        for error in self.errors:
            error["parameter"] = str(error.pop("pointer")).removeprefix("/")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls("/label", cls.title + ".")


class InvalidBody(Unprocessable):
    """Several things are refused at once; ``errors`` lists each with a code of its own."""

    code = "invalid-body"
    title = "Several things in the request are refused"

    def __init__(self, refusals: Iterable[Unprocessable]) -> None:
        Problem.__init__(self, "Several things are refused; see errors.")
        self.errors = [error for refusal in refusals for error in refusal.errors]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls([UnknownLabel.example(), SpanEmpty.example()])


def refuse(refusals: Sequence[Unprocessable]) -> None:
    """Raise the refusals, if there are any, as one problem; a single one as itself."""
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise InvalidBody(refusals)


class UnknownField(Unprocessable):
    """A field that the resource does not have. It is refused, so that a typo is seen."""

    code = "unknown-field"
    title = "A field is unknown"


class MissingField(Unprocessable):
    """A field that the resource needs is absent."""

    code = "missing-field"
    title = "A field is missing"


class InvalidValue(Unprocessable):
    """A field has a value of the wrong type, form or size."""

    code = "invalid-value"
    title = "A value is not what the field takes"


class InvalidParameter(Unprocessable):
    """A parameter in the path, the query or a header is unknown, repeated or not of its form."""

    code = "invalid-parameter"
    title = "A parameter is refused"

    def __init__(self, parameter: str, detail: str, **extra: object) -> None:
        Problem.__init__(self, detail)
        self.errors = [{"parameter": parameter, "code": self.code, "detail": detail, **extra}]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls("limit", "The limit is from 1 to 1000.")


class ControlCharacter(Unprocessable):
    """A text holds NUL or another control character; tab and newline alone are taken.

    ``position`` is where, in the request's offset unit.
    """

    code = "control-character"
    title = "A control character is refused"


class OffsetNotInteger(Unprocessable):
    """An offset must be a JSON integer: not a string, a fraction, ``1.0`` or ``true``."""

    code = "offset-not-integer"
    title = "An offset must be an integer"


class OffsetOutOfRange(Unprocessable):
    """An offset lies below 0 or past the end of the text. Offsets are never clamped.

    ``length`` is the text's length in the unit of the request. If the offset looks right to you,
    compare the unit: ``offset_unit`` is ``code_points`` unless the query says otherwise.
    """

    code = "offset-out-of-range"
    title = "An offset lies outside the text"

    def __init__(self, pointer: str, offset: int, *, length: int, unit: OffsetUnit) -> None:
        super().__init__(
            pointer,
            f"The offset {str(offset)[:40]} lies outside the text, which has {length} "
            f"{unit.replace('_', ' ')}.",
            length=length,
            offset_unit=unit.value,
        )

    @classmethod
    def example(cls) -> Self:
        return cls("/end", 9000, length=5629, unit=OffsetUnit.CODE_POINTS)


class OffsetInsideCharacter(Unprocessable):
    """An offset falls inside a surrogate pair (UTF-16) or a multi-byte sequence (UTF-8).

    ``before`` and ``after`` are the nearest offsets that do not split a character.
    """

    code = "offset-inside-character"
    title = "An offset falls inside a character"

    def __init__(
        self, pointer: str, offset: int, *, before: int, after: int, unit: OffsetUnit
    ) -> None:
        super().__init__(
            pointer,
            f"The offset {offset} falls inside a character, which spans {before} to {after} "
            f"in {unit.value}.",
            before=before,
            after=after,
            offset_unit=unit.value,
        )

    @classmethod
    def example(cls) -> Self:
        return cls("/start", 13, before=12, after=14, unit=OffsetUnit.UTF16)


class SpanEmpty(Unprocessable):
    """A span's start equals its end. A span holds at least one character."""

    code = "span-empty"
    title = "The span is empty"


class SpanReversed(Unprocessable):
    """A span's start lies after its end."""

    code = "span-reversed"
    title = "The span is reversed"


class FragmentsInvalid(Unprocessable):
    """The fragments overlap, are out of order, are fewer than two or do not fill their envelope.

    A discontinuous annotation has two or more fragments in text order; its own start and end are
    those of the first and the last fragment.
    """

    code = "fragments-invalid"
    title = "The fragments do not form one annotation"


class QuoteMissing(Unprocessable):
    """A span came as offsets without the words between them.

    ``actual`` is the text that stands there. If those are the words you meant, send them as
    ``quote``: offsets that nobody checked are how annotations come to point at the wrong words.
    """

    code = "quote-missing"
    title = "The quote is missing"


class QuoteMismatch(Unprocessable):
    """The text between the offsets is not the quote.

    ``actual`` is the text that stands there; ``matches_in_unit`` names the offset unit in which the
    same numbers would fit; ``differs_in`` says if only white space or Unicode normalization differ;
    ``occurrences`` is where the quote does stand.
    """

    code = "quote-mismatch"
    title = "The text there is not the quote"


class QuoteNotFound(Unprocessable):
    """The quote, with the prefix and suffix given, does not occur in the text.

    ``occurrences`` is where the quote stands without that prefix and suffix, and ``differs_in``
    says if it would be found but for white space or Unicode normalization.
    """

    code = "quote-not-found"
    title = "The quote is not in the text"


class QuoteAmbiguous(Unprocessable):
    """The quote occurs more than once.

    ``candidates`` lists where. Send ``start`` and ``end`` of the one you mean, or a ``prefix`` or
    ``suffix`` that only it has.
    """

    code = "quote-ambiguous"
    title = "The quote occurs more than once"


class UnknownLabel(Unprocessable):
    """The project's scheme has no such label; ``allowed`` lists those it has."""

    code = "unknown-label"
    title = "The label is not in the scheme"


class InvalidAttribute(Unprocessable):
    """An attribute is unknown to the label, of the wrong type, or missing.

    ``allowed`` says what fits.
    """

    code = "invalid-attribute"
    title = "An attribute does not fit the scheme"


class RelationNotAllowed(Unprocessable):
    """The scheme does not let this relation join these labels; ``allowed`` says what it does."""

    code = "relation-not-allowed"
    title = "The scheme does not allow this relation"


class UnknownAnnotation(Unprocessable):
    """An annotation that the request names does not exist in this document or project."""

    code = "unknown-annotation"
    title = "The annotation named is not here"


class UnknownUser(Unprocessable):
    """A user that the request names does not exist."""

    code = "unknown-user"
    title = "There is no such user"


class InvalidScheme(Unprocessable):
    """The scheme contradicts itself: a label is there twice, an enum lists no values."""

    code = "invalid-scheme"
    title = "The scheme contradicts itself"


class CommentRequired(Unprocessable):
    """To reject or to request changes, say why: the comment goes back to the author."""

    code = "comment-required"
    title = "This verdict needs a comment"


class InvalidFile(Unprocessable):
    """The file is not what its format says: cut off, damaged, or made to do harm.

    An archive is refused for members outside itself and for growing out of all proportion when it
    is unpacked, XML for declaring entities. Nothing of what cannot be read was written.
    """

    code = "invalid-file"
    title = "The file cannot be read"

    def __init__(self, detail: str) -> None:
        Problem.__init__(self, detail)
        self.errors = [{"pointer": "", "code": self.code, "detail": detail}]
        self.members = {"errors": self.errors}

    @classmethod
    def example(cls) -> Self:
        return cls("The archive is cut off.")


class ImportRefused(Unprocessable):
    """Records of the file are refused, so nothing of it was written.

    ``errors`` lists each refusal with the line of the file, a JSON pointer into that line's record
    and the code that a POST of the same would have been answered with; ``count`` is how many there
    are, of which the first thousand are listed.
    """

    code = "import-refused"
    title = "Records of the file are refused"

    def __init__(self, refused: Sequence[dict[str, object]], *, count: int) -> None:
        Problem.__init__(
            self, f"{count} of the file's records are refused; nothing was written.", count=count
        )
        self.errors = list(refused)
        self.members = {"errors": self.errors, "count": count}

    @classmethod
    def example(cls) -> Self:
        errors = UnknownLabel.example().under("/annotations/0").errors
        return cls([{"line": 1, **error} for error in errors], count=1)


class PreconditionRequired(Problem):
    """Changing a resource needs ``If-Match`` with the ETag of the version that you saw.

    GET the resource, or take ``version`` from a list: version 3 is ``If-Match: "3"``. ``*`` names
    no version, so it is not taken.
    """

    status = 428
    code = "precondition-required"
    title = "The version that was seen must be named"


class TooManyRequests(Problem):
    """Too many attempts to sign in, or too many requests in a minute.

    Requests are counted by token or session, and by address, where whoever runs Stet has set a
    limit. ``Retry-After`` says when to come back, in seconds.
    """

    status = 429
    code = "too-many-requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.headers["Retry-After"] = str(retry_after)

    @classmethod
    def example(cls) -> Self:
        return cls("Too many failed sign-ins; try again in 60 seconds.", retry_after=60)


class HeadTooLarge(Problem):
    """The request line and the headers together are too long.

    ``limit`` is how many bytes they may have. A filter of many values can be asked for in several
    requests. The connection is closed.
    """

    status = 431
    code = "head-too-large"
    title = "The request's head is too large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"At most {limit} bytes of request line and headers are taken.", limit=limit
        )

    @classmethod
    def example(cls) -> Self:
        return cls(limit=65_536)


class InternalError(Problem):
    """Stet failed. Nothing was written; the log has the request id that the answer carries."""

    status = 500
    code = "internal-error"
    title = "Stet failed"


class FormatNotInstalled(Problem):
    """Writing this format needs a library that is not installed where Stet runs.

    Whoever runs Stet adds it: ``pip install 'stet[formats]'``.
    """

    status = 501
    code = "format-not-installed"
    title = "The format's library is not installed"


class Unavailable(Problem):
    """The database cannot be reached, or Stet has too much to do.

    Try again after ``Retry-After`` seconds. What came while Stet had as many requests as it takes
    at once was not looked at, so anything can be sent again.

    A create with a client-made id, and a decision, can be sent again safely whether or not the
    first attempt was written.
    """

    status = 503
    code = "unavailable"
    title = "The service is not available"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.headers["Retry-After"] = str(retry_after)


def catalogue() -> dict[str, type[Problem]]:
    """Every problem by its code."""
    found: dict[str, type[Problem]] = {}
    waiting: list[type[Problem]] = list(Problem.__subclasses__())
    while waiting:
        problem = waiting.pop()
        found[problem.code] = problem
        waiting.extend(problem.__subclasses__())
    return dict(sorted(found.items()))
