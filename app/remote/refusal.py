"""What another Stet refuses, or answers otherwise than a Stet does, in words for a shell."""

from collections.abc import Mapping, Sequence

import httpx

from app.core.errors import MEDIA_TYPE
from app.remote.answers import Foreign, Problem, read


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


def refusal(response: httpx.Response) -> Refusal:
    """What an answer that is no success refuses."""
    if response.has_redirect_location:
        location = response.headers["Location"]
        return Refusal(
            f"{_asked(response)} has moved to {location}; give that server's address.",
            status=response.status_code,
        )
    response.read()
    if response.headers.get("Content-Type", "").partition(";")[0] == MEDIA_TYPE:
        try:
            problem = read(Problem, response.content)
        except Foreign as error:
            return foreign(response, str(error))
        return Refusal(
            problem.detail,
            status=response.status_code,
            errors=[refused.shown() for refused in problem.errors],
        )
    return no_stet(response)


def _asked(response: httpx.Response) -> str:
    return str(response.url.copy_with(query=None))


def no_stet(response: httpx.Response) -> Refusal:
    """The answer is of another server altogether."""
    answered = f"{response.status_code} {response.reason_phrase}".strip()
    return Refusal(
        f"{_asked(response)} answered {answered}, but not as a Stet does; is the address right?",
        status=response.status_code,
    )


def foreign(response: httpx.Response, why: str) -> Refusal:
    """The answer would be a Stet's but for this, which is one clause."""
    return Refusal(
        f"What {_asked(response)} answered is none of Stet's: {why}.", status=response.status_code
    )
