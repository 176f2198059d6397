"""The words of the domain, as enums: what may stand in a column, a request and an answer."""

from enum import StrEnum


class OffsetUnit(StrEnum):
    """What one step of an offset counts."""

    CODE_POINTS = "code_points"
    """Unicode code points: Python, PostgreSQL, the W3C Web Annotation model."""
    UTF16 = "utf16"
    """UTF-16 code units: JavaScript, Java, the browser's Selection."""
    UTF8 = "utf8"
    """UTF-8 bytes: Rust, Go."""


class Role(StrEnum):
    """What a member is in one project; each includes the ones before it."""

    READER = "reader"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    MANAGER = "manager"


class Status(StrEnum):
    """Where an annotation stands in review."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"


class Verdict(StrEnum):
    """What a reviewer says of one version of an annotation."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"

    @property
    def status(self) -> Status:
        """The status that this verdict gives the annotation."""
        return _STATUS_OF[self]

    @property
    def needs_comment(self) -> bool:
        """Whether the author must be told why."""
        return self is not Verdict.APPROVE


_STATUS_OF = {
    Verdict.APPROVE: Status.APPROVED,
    Verdict.REJECT: Status.REJECTED,
    Verdict.REQUEST_CHANGES: Status.CHANGES_REQUESTED,
}


class Origin(StrEnum):
    """Where an annotation came from."""

    HUMAN = "human"
    MODEL = "model"
    IMPORT = "import"


class ImportMode(StrEnum):
    """What becomes of a file's other records when one is refused."""

    ALL_OR_NOTHING = "all-or-nothing"
    SKIP_REFUSED = "skip-refused"


class AttributeType(StrEnum):
    """The type of an attribute's value; ``[]`` marks a list."""

    STRING = "string"
    STRINGS = "string[]"
    ENUM = "enum"
    ENUMS = "enum[]"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    SPAN = "span"


class ChangeKind(StrEnum):
    """What happened, in the project's log."""

    PROJECT_CREATED = "project.created"
    PROJECT_UPDATED = "project.updated"
    MEMBER_SET = "member.set"
    MEMBER_REMOVED = "member.removed"
    SCHEME_UPDATED = "scheme.updated"
    DOCUMENT_CREATED = "document.created"
    DOCUMENT_UPDATED = "document.updated"
    DOCUMENT_DELETED = "document.deleted"
    ANNOTATION_CREATED = "annotation.created"
    ANNOTATION_UPDATED = "annotation.updated"
    ANNOTATION_DECIDED = "annotation.decided"
    ANNOTATION_WITHDRAWN = "annotation.withdrawn"
    RELATION_CREATED = "relation.created"
    RELATION_WITHDRAWN = "relation.withdrawn"


class AuditAction(StrEnum):
    """What was done, in the audit log."""

    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    TOKEN_CREATED = "token.created"  # noqa: S105  # a word, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    PROJECT_CREATED = "project.created"
    MEMBER_SET = "member.set"
    """From a shell: of what others set, the project's log tells."""


class Order(StrEnum):
    """Which end of a list comes first."""

    OLDEST = "oldest"
    NEWEST = "newest"
