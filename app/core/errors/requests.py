"""Problems of a request that is refused before it is understood, whatever it asks for."""

from typing import Self

from app.core.errors.problem import Problem


class InvalidHttp(Problem):
    """What came over the connection is not HTTP/1.1, so no request could be read from it.

    The connection is closed. A proxy or a client that speaks another protocol to this port, such
    as TLS, is the usual cause. Or the method is unknown: methods are written in capitals, so
    ``get`` is none. Or there is not one ``Host`` header that names a host, with or without a port.
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


class TooLarge(Problem):
    """The body or the text is longer than this server takes: ``limit``, counted in ``unit``.

    A body may also have more ``values`` than any request needs: import such a file, of which each
    record has a limit of its own.
    """

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
    """The body comes as a media type or in an encoding that is not taken here.

    Send it as it is, without a ``Content-Encoding``. JSON is sent as ``Content-Type:
    application/json``, in UTF-8; a file to be imported under any type but that of a form.
    """

    status = 415
    code = "unsupported-media-type"
    title = "The body's type or encoding is not taken"


class TooManyRequests(Problem):
    """Too many attempts to sign in, too many requests in a minute, or too many exports at once.

    Requests are counted by token or session, and by address, where whoever runs Stet has set a
    limit. Exports are counted by user, from when they are asked for until they are read to the end.
    ``Retry-After`` says when to come back, in seconds.
    """

    status = 429
    code = "too-many-requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.headers["Retry-After"] = str(retry_after)

    @classmethod
    def example(cls) -> Self:
        return cls("Too many attempts to sign in; wait 60 seconds.", retry_after=60)


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


class UnknownTransferCoding(Problem):
    """The body comes in a ``Transfer-Encoding`` other than ``chunked`` alone.

    Send it as it is, with its length or in chunks. The connection is closed.
    """

    status = 501
    code = "unknown-transfer-coding"
    title = "The body's transfer coding is not known"
