"""Problems of who is asking, and what they may do."""

from app.core.errors.problem import Problem


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
    """Nobody decides on an annotation of their own, or approves words that they edited last.

    Whoever edited them may reject them or request changes; the author may not. Another reviewer can
    decide, or a manager may set ``allow_self_review`` on the project.
    """

    code = "own-annotation"
    title = "One's own annotation is for others to decide on"
