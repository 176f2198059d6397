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
    ├── FormatNotInstalled, UnknownTransferCoding 501
    └── Unavailable 503

Commands raise them, ``core.http.problems`` turns all of them into ``application/problem+json``
(RFC 9457), routes never catch them. A class's docstring is the text of its page,
``/problems/<code>``: what happened, and what to do about it.
"""

from app.core.errors.bodies import (
    CommentRequired,
    ControlCharacter,
    ImportRefused,
    InvalidAttribute,
    InvalidBody,
    InvalidFile,
    InvalidParameter,
    InvalidScheme,
    InvalidValue,
    MissingField,
    RelationNotAllowed,
    UnknownAnnotation,
    UnknownField,
    UnknownLabel,
    UnknownUser,
    Unprocessable,
    as_one,
    refuse,
)
from app.core.errors.callers import (
    BadCredentials,
    CrossSiteRequest,
    Forbidden,
    OwnAnnotation,
    Unauthenticated,
)
from app.core.errors.problem import MEDIA_TYPE, Problem
from app.core.errors.requests import (
    HeadTooLarge,
    InvalidHttp,
    InvalidJson,
    MethodNotAllowed,
    RequestTimeout,
    TooLarge,
    TooManyRequests,
    UnknownTransferCoding,
    UnsupportedMediaType,
)
from app.core.errors.server import FormatNotInstalled, InternalError, Unavailable
from app.core.errors.spans import (
    FragmentsInvalid,
    OffsetInsideCharacter,
    OffsetNotInteger,
    OffsetOutOfRange,
    QuoteAmbiguous,
    QuoteMismatch,
    QuoteMissing,
    QuoteNotFound,
    SpanEmpty,
    SpanReversed,
)
from app.core.errors.stored import (
    Conflict,
    ExternalIdConflict,
    Gone,
    IdConflict,
    LastManager,
    NameTaken,
    NotFound,
    PreconditionRequired,
    SchemeOrphans,
    Stale,
)

__all__ = [
    "MEDIA_TYPE",
    "BadCredentials",
    "CommentRequired",
    "Conflict",
    "ControlCharacter",
    "CrossSiteRequest",
    "ExternalIdConflict",
    "Forbidden",
    "FormatNotInstalled",
    "FragmentsInvalid",
    "Gone",
    "HeadTooLarge",
    "IdConflict",
    "ImportRefused",
    "InternalError",
    "InvalidAttribute",
    "InvalidBody",
    "InvalidFile",
    "InvalidHttp",
    "InvalidJson",
    "InvalidParameter",
    "InvalidScheme",
    "InvalidValue",
    "LastManager",
    "MethodNotAllowed",
    "MissingField",
    "NameTaken",
    "NotFound",
    "OffsetInsideCharacter",
    "OffsetNotInteger",
    "OffsetOutOfRange",
    "OwnAnnotation",
    "PreconditionRequired",
    "Problem",
    "QuoteAmbiguous",
    "QuoteMismatch",
    "QuoteMissing",
    "QuoteNotFound",
    "RelationNotAllowed",
    "RequestTimeout",
    "SchemeOrphans",
    "SpanEmpty",
    "SpanReversed",
    "Stale",
    "TooLarge",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnknownAnnotation",
    "UnknownField",
    "UnknownLabel",
    "UnknownTransferCoding",
    "UnknownUser",
    "Unprocessable",
    "UnsupportedMediaType",
    "as_one",
    "catalogue",
    "refuse",
]


def catalogue() -> dict[str, type[Problem]]:
    """Every problem by its code."""
    found: dict[str, type[Problem]] = {}
    waiting: list[type[Problem]] = list(Problem.__subclasses__())
    while waiting:
        problem = waiting.pop()
        found[problem.code] = problem
        waiting.extend(problem.__subclasses__())
    return dict(sorted(found.items()))
