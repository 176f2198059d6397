"""What holds of each log by itself: where it begins and ends, and what its entries hold."""

from sqlalchemy import case, exists, func, or_, select

from app.core.vocabulary import ChangeKind
from app.models import Change, ChangeHead, Project, User
from app.operations.doctor.agreements.agreement import Agreement, json_kind

OF_MEMBERS = (ChangeKind.MEMBER_SET, ChangeKind.MEMBER_REMOVED)
"""The kinds of what the log says of members."""
_WITH_STATE = (
    ChangeKind.PROJECT_CREATED,
    ChangeKind.PROJECT_UPDATED,
    ChangeKind.SCHEME_UPDATED,
    *OF_MEMBERS,
    ChangeKind.DOCUMENT_CREATED,
    ChangeKind.DOCUMENT_UPDATED,
)


_ends = (
    select(
        Change.project_id,
        func.max(Change.sequence).label("sequence"),
        func.count().label("times"),
    )
    .group_by(Change.project_id)
    .subquery("ends")
)


AGREEMENTS = (
    Agreement(
        "changes",
        "All members of the log are users.",
        "Members of the log that are no users",
        select(Change.subject_id)
        .outerjoin(User, User.id == Change.subject_id)
        .where(Change.kind.in_(OF_MEMBERS), User.id.is_(None)),
    ),
    Agreement(
        "changes",
        "Each entry has the state that its kind has.",
        "Entries of the log, by sequence, with no state or with one too many",
        select(Change.sequence).where(
            case(
                (
                    Change.kind.in_(_WITH_STATE),
                    func.coalesce(json_kind(Change.state), "none") != "object",
                ),
                else_=Change.state.is_not(None),
            )
        ),
    ),
    Agreement(
        "changes",
        "No log goes on beyond its head.",
        "Projects whose log goes on beyond its head",
        select(Project.slug)
        .outerjoin(ChangeHead, ChangeHead.project_id == Project.id)
        .outerjoin(_ends, _ends.c.project_id == Project.id)
        .where(or_(ChangeHead.project_id.is_(None), ChangeHead.sequence < _ends.c.sequence)),
    ),
    Agreement(
        "changes",
        "Each log goes up to its head without gaps.",
        "Projects whose log has gaps, or ends before its head",
        # On PostgreSQL a race that was refused leaves such a gap.
        select(Project.slug)
        .join(ChangeHead, ChangeHead.project_id == Project.id)
        .outerjoin(_ends, _ends.c.project_id == Project.id)
        .where(
            or_(
                ChangeHead.sequence > func.coalesce(_ends.c.sequence, 0),
                _ends.c.times != _ends.c.sequence,
            )
        ),
        dialect="sqlite",
    ),
    Agreement(
        "changes",
        "Each log begins with its project.",
        "Projects whose log does not begin with them",
        select(Project.slug).where(
            ~exists().where(
                Change.project_id == Project.id,
                Change.sequence == 1,
                Change.kind == ChangeKind.PROJECT_CREATED,
                Change.version == 1,
            )
        ),
    ),
)
