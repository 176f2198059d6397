"""What holds of the decisions on annotations; those from a file are as the file says."""

from sqlalchemy import and_, case, func, or_, select

from app.core.vocabulary import ChangeKind, Verdict
from app.models import Annotation, Change, Decision, Project
from app.operations.doctor.agreements.agreement import Agreement, is_true
from app.operations.doctor.agreements.annotations import OLDER, entries, not_as_logged, then

_verdict_status = case(
    *((Decision.verdict == verdict, verdict.status.value) for verdict in Verdict),
)


_self_reviewing = select(Change.project_id).where(
    Change.kind.in_([ChangeKind.PROJECT_CREATED, ChangeKind.PROJECT_UPDATED]),
    is_true(Change.state[("settings", "allow_self_review")]),
)

AGREEMENTS = (
    Agreement(
        "decisions",
        "Each is on an earlier version of an annotation of its project.",
        "Decisions on a version that an annotation has not had",
        select(Decision.id)
        .outerjoin(Annotation, Annotation.id == Decision.annotation_id)
        .where(
            or_(
                Annotation.id.is_(None),
                Decision.project_id != Annotation.project_id,
                Decision.version >= Annotation.version,
            )
        ),
    ),
    Agreement(
        "decisions",
        "Each made the version that it says.",
        "Annotations that are not as a decision left them",
        entries(ChangeKind.ANNOTATION_DECIDED)
        .join(
            Decision,
            and_(
                Decision.annotation_id == Change.subject_id,
                Decision.version == Change.version - 1,
            ),
        )
        .where(
            or_(
                not_as_logged,
                then("status") != _verdict_status,
                then("decided_by_id").is_distinct_from(Decision.reviewer_id),
                then("decided_at").is_distinct_from(Decision.decided_at),
                Decision.reviewer_id != Change.actor_id,
                Decision.sequence != Change.sequence,
            )
        ),
    ),
    Agreement(
        "decisions",
        "Nobody decided on their own work where the project has not allowed it.",
        "Decisions on the reviewer's own work",
        select(Decision.id)
        .join(
            Change,
            and_(Change.project_id == Decision.project_id, Change.sequence == Decision.sequence),
        )
        .join(Annotation, Annotation.id == Decision.annotation_id)
        .join(Project, Project.id == Decision.project_id)
        .outerjoin(
            OLDER,
            and_(
                OLDER.c.annotation_id == Decision.annotation_id,
                OLDER.c.version == Decision.version,
            ),
        )
        .where(
            Change.kind == ChangeKind.ANNOTATION_DECIDED,
            or_(
                Annotation.author_id == Decision.reviewer_id,
                and_(
                    Decision.verdict == Verdict.APPROVE,
                    OLDER.c.editor_id == Decision.reviewer_id,
                ),
            ),
            ~Project.allow_self_review,
            Project.id.not_in(_self_reviewing),
        ),
    ),
    Agreement(
        "decisions",
        "What rejects or asks for changes says why.",
        "Decisions that lack a comment",
        select(Decision.id).where(
            Decision.verdict != Verdict.APPROVE,
            func.coalesce(Decision.comment, "") == "",
        ),
    ),
)
