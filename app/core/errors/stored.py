"""Problems of what is stored, or is not."""

from collections.abc import Mapping, Sequence
from typing import Self

from app.core.errors.problem import Problem
from app.core.etags import etag


class NotFound(Problem):
    """There is no such resource, or the caller may not know of it."""

    status = 404
    code = "not-found"
    title = "There is no such resource"


class Conflict(Problem):
    """The request is sound in itself but cannot stand beside what is stored.

    So it is where the last active admin would cease to be one: make another user an admin first.
    """

    status = 409
    code = "conflict"
    title = "The request conflicts with what is stored"


class IdConflict(Conflict):
    """The id that the client made is taken by a row with other content.

    Creating is idempotent: the same id with the same content, as it was created or as it is now,
    answers 200 and the stored row. To change the stored row, PATCH it; to add another, use a new
    id.
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

    ``orphans`` counts them by what is wrong; ``examples`` are the ids of the first, a thousand in
    all and at least one for each reason. Edit or withdraw those first, or keep what they use in the
    scheme.
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

    def __init__(
        self, current: Mapping[str, object] | None, *, version: int | None, beside: str = ""
    ) -> None:
        """``beside`` is what the resource's ETag holds beside its version."""
        tag = "" if version is None else etag(version, beside)
        also = f", and its ETag {tag}" if beside else ""
        super().__init__(
            "The resource does not exist."
            if version is None
            else f"The current version is {version}{also}.",
            current=current,
        )
        self.version = version
        if tag:
            self.headers["ETag"] = tag

    @classmethod
    def example(cls) -> Self:
        return cls({"version": 2}, version=2)


class PreconditionRequired(Problem):
    """Changing a resource needs ``If-Match`` with the ETag of the version that you saw.

    GET the resource, or take ``version`` from a list: version 3 is ``If-Match: "3"``. ``*`` names
    no version, so it is not taken.
    """

    status = 428
    code = "precondition-required"
    title = "The version that was seen must be named"
