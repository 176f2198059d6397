"""Problems of Stet itself and of what it needs."""

from app.core.errors.problem import Problem


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
    """The database cannot be reached or cannot do what it is asked, or Stet has too much to do.

    Try again after ``Retry-After`` seconds. What came while Stet had as many requests as it takes
    at once was not looked at, so anything can be sent again. Whether what was cut off, because Stet
    stopped or the connection to the database was lost, is written, is unknown.

    A create with a client-made id, and a decision, can be sent again safely whether or not the
    first attempt was written.
    """

    status = 503
    code = "unavailable"
    title = "The service is not available"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.headers["Retry-After"] = str(retry_after)
