"""What holds of annotations and of their history.

What comes from a manager's file is as the file says: it may be approved by nobody, at any version,
and hold decisions that say otherwise. All that was written since follows the rules.
"""

from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.core.vocabulary import AuditAction, ChangeKind, Role, Status
from app.models import (
    Annotation,
    AnnotationVersion,
    AuditEvent,
    Change,
    Document,
    User,
)
from app.operations.doctor.agreements.agreement import Agreement, at_version, is_true

ROW = Annotation.__table__
OLDER = AnnotationVersion.__table__
_before = OLDER.alias("before")
_creation = and_(Change.project_id == Annotation.project_id, Change.sequence == Annotation.sequence)


def then(name: str) -> Any:
    """What the annotation of an entry was at the entry's version."""
    return at_version(Change.version, ROW, OLDER, name)


def entries(kind: ChangeKind) -> Select[Any]:
    """Subjects of entries of that kind, with the versions that these made and are there."""
    version = and_(OLDER.c.annotation_id == ROW.c.id, OLDER.c.version == Change.version)
    return (
        select(Change.subject_id)
        .join(ROW, ROW.c.id == Change.subject_id)
        .outerjoin(OLDER, version)
        .where(Change.kind == kind, then("updated_at").is_not(None))
    )


not_as_logged = or_(
    then("updated_by_id").is_distinct_from(Change.actor_id), then("updated_at") != Change.at
)

# Who could take status, author and the rest from a file: managers and admins, now or once.
_managers = (
    select(Change.project_id, Change.subject_id.label("user_id"))
    .where(
        Change.kind == ChangeKind.MEMBER_SET,
        Change.state["role"].as_string() == Role.MANAGER.value,
    )
    .distinct()
    .subquery("managers")
)
_told_of_admins = select(AuditEvent.user_id).where(
    AuditEvent.user_id.is_not(None),
    or_(*(is_true(AuditEvent.changes[("is_admin", place)]) for place in (0, 1))),
)
# Of users who were there before the audit log, it does not tell whether they were admins.
_told_of = select(AuditEvent.user_id).where(
    AuditEvent.user_id.is_not(None), AuditEvent.action == AuditAction.USER_CREATED
)
_admins = select(User.id).where(
    or_(
        User.is_admin,
        User.id.in_(_told_of_admins),
        and_(User.version > 1, User.id.not_in(_told_of)),
    )
)

AGREEMENTS = (
    Agreement(
        "annotations",
        "Each is of a document that is there.",
        "Annotations of a document that is not there, was deleted or is of another project",
        select(Annotation.id)
        .outerjoin(Document, Document.id == Annotation.document_id)
        .where(
            or_(
                Document.id.is_(None),
                Document.project_id != Annotation.project_id,
                and_(Annotation.withdrawn_at.is_(None), Document.deleted_at.is_not(None)),
            ),
        ),
    ),
    Agreement(
        "annotations",
        "Each began as whoever made it may have it begin.",
        "Annotations that began reviewed, or under another name, though no manager made them",
        select(Annotation.id)
        .join(Change, _creation)
        .outerjoin(
            _managers,
            and_(
                _managers.c.project_id == Change.project_id,
                _managers.c.user_id == Change.actor_id,
            ),
        )
        .outerjoin(
            OLDER,
            and_(OLDER.c.annotation_id == ROW.c.id, OLDER.c.version == Change.version),
        )
        .where(
            or_(
                then("status") != Status.PENDING,
                Annotation.author_id != Change.actor_id,
                then("editor_id") != Change.actor_id,
                Change.version != 1,
            ),
            _managers.c.user_id.is_(None),
            Change.actor_id.not_in(_admins),
        ),
    ),
    Agreement(
        "annotations",
        "Nobody has decided on what is pending.",
        "Annotations that are pending and say who decided on them",
        select(Annotation.id)
        .where(
            Annotation.status == Status.PENDING,
            or_(Annotation.decided_by_id.is_not(None), Annotation.decided_at.is_not(None)),
        )
        .union_all(
            select(AnnotationVersion.annotation_id).where(
                AnnotationVersion.status == Status.PENDING,
                or_(
                    AnnotationVersion.decided_by_id.is_not(None),
                    AnnotationVersion.decided_at.is_not(None),
                ),
            )
        ),
    ),
    Agreement(
        "annotations",
        "Each edit made the version that the log says.",
        "Annotations that are not as their last edit left them",
        entries(ChangeKind.ANNOTATION_UPDATED).where(
            or_(
                not_as_logged,
                then("status") != Status.PENDING,
                then("editor_id").is_distinct_from(Change.actor_id),
            )
        ),
    ),
    Agreement(
        "annotations",
        "Each was withdrawn as the log says.",
        "Annotations that are withdrawn otherwise than the log says",
        entries(ChangeKind.ANNOTATION_WITHDRAWN)
        .outerjoin(
            _before,
            and_(_before.c.annotation_id == ROW.c.id, _before.c.version == ROW.c.version - 1),
        )
        .where(
            or_(
                not_as_logged,
                Change.version != ROW.c.version,
                ROW.c.withdrawn_at.is_distinct_from(Change.at),
                _before.c.status != ROW.c.status,
                and_(
                    _before.c.version.is_not(None),
                    _before.c.decided_by_id.is_distinct_from(ROW.c.decided_by_id),
                ),
            )
        ),
    ),
    Agreement(
        "annotations",
        "The log has each withdrawal.",
        "Annotations of whose withdrawal the log says nothing",
        select(Annotation.id)
        .outerjoin(
            Change,
            and_(
                Change.subject_id == Annotation.id,
                Change.kind == ChangeKind.ANNOTATION_WITHDRAWN,
            ),
        )
        .where(Annotation.withdrawn_at.is_not(None), Change.sequence.is_(None)),
        doubt=(
            select(func.count()).where(Annotation.withdrawn_at.is_not(None)),
            select(func.count()).where(Change.kind == ChangeKind.ANNOTATION_WITHDRAWN),
        ),
    ),
    Agreement(
        "history",
        "Every version of every annotation is there.",
        "Annotations that lack a version in their history",
        # An import writes an annotation at the version that it had, and the log says which.
        select(Annotation.id)
        .join(Change, _creation)
        .where(
            Change.subject_id == Annotation.id,
            Annotation.version != Change.version,
            Annotation.version - Change.version
            != select(func.count())
            .where(
                _before.c.annotation_id == Annotation.id,
                _before.c.version.between(Change.version, Annotation.version - 1),
            )
            .scalar_subquery(),
        ),
    ),
    Agreement(
        "history",
        "It has no version that never was.",
        "Annotations with a version in their history that never was, or was withdrawn",
        select(Annotation.id)
        .select_from(OLDER)
        .join(Annotation, Annotation.id == OLDER.c.annotation_id)
        .join(Change, _creation)
        .where(
            Change.subject_id == Annotation.id,
            or_(
                OLDER.c.version < Change.version,
                OLDER.c.version >= Annotation.version,
                OLDER.c.withdrawn_at.is_not(None),
            ),
        ),
    ),
)
