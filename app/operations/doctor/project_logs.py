"""What the log says of projects, members and documents, and what they are. Reads only."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, case, select

from app.core.database import Session
from app.core.vocabulary import ChangeKind
from app.documents.rows import same_content, state
from app.models import Change, Document, FormerMembership, Membership, Project, Revision
from app.operations.doctor.agreements.heads import OF_MEMBERS
from app.operations.doctor.integrity import pages

_ENTRIES = (
    select(
        Change.sequence,
        Change.kind,
        Change.subject_id,
        Change.version,
        # A scheme may be long.
        case((Change.kind != ChangeKind.SCHEME_UPDATED, Change.state)).label("state"),
    )
    .where(
        Change.project_id == bindparam("project_id"),
        Change.kind.in_(
            [
                ChangeKind.PROJECT_CREATED,
                ChangeKind.PROJECT_UPDATED,
                ChangeKind.SCHEME_UPDATED,
                *OF_MEMBERS,
            ]
        ),
    )
    .order_by(Change.sequence)
)
_MEMBERS = select(Membership.user_id, Membership.version, Membership.role).where(
    Membership.project_id == bindparam("project_id")
)
_FORMER = select(FormerMembership.user_id, FormerMembership.version).where(
    FormerMembership.project_id == bindparam("project_id")
)
_PROJECTS_A_PAGE = 100


async def of_projects(db: Session) -> AsyncIterator[tuple[str, Sequence[str]]]:
    """Each project by its slug, and what of it or its members is not as its log says."""
    query = select(*Project.__table__.c).order_by(Project.id)
    async for page in pages(db, query, _PROJECTS_A_PAGE, "id"):
        for project in page:
            here = {"project_id": project.id}
            # One project's settings and members at a time are held.
            entries = (await db.execute(_ENTRIES, here)).all()
            members = {row.user_id: row for row in await db.execute(_MEMBERS, here)}
            former = {row.user_id: row.version for row in await db.execute(_FORMER, here)}
            yield (
                project.slug,
                [*_of_settings(project, entries), *_of_members(entries, members, former)],
            )


def _of_settings(project: Row[Any], entries: Sequence[Row[Any]]) -> Iterator[str]:
    states = [
        it for it in entries if it.kind in {ChangeKind.PROJECT_CREATED, ChangeKind.PROJECT_UPDATED}
    ]
    schemes = [it.version for it in entries if it.kind is ChangeKind.SCHEME_UPDATED]
    if schemes != [*range(1, project.scheme_version + 1)]:
        yield "the log has not each version of its scheme once"
    versions = [it.version for it in states]
    # A new scheme makes a version of the project too.
    known = len(set(versions)) + len(schemes) - 1
    if sorted(set(versions)) != versions or known != project.version:
        yield "the log has not each version of it once"
    if states and not _is_as_logged(project, states[-1].state):
        yield "it is not as the log says"


def _is_as_logged(project: Row[Any], state: Any) -> bool:
    told = _object(state)
    allowed = _object(told.get("settings")).get("allow_self_review")
    names = ("slug", "name", "description")
    return allowed == project.allow_self_review and all(
        told.get(name) == getattr(project, name) for name in names
    )


def _object(json: Any) -> Mapping[str, Any]:
    """A JSON object; an empty one for what is none, which is told elsewhere."""
    return json if isinstance(json, dict) else {}


def _of_members(
    entries: Sequence[Row[Any]], members: Mapping[UUID, Row[Any]], former: Mapping[UUID, int]
) -> Iterator[str]:
    logged: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for entry in entries:
        if entry.kind in OF_MEMBERS:
            logged[entry.subject_id].append(entry)
    for user_id in dict.fromkeys([*logged, *members, *former]):
        told = logged.get(user_id, [])
        if not _follow(told):
            yield f"the log has not each membership of {user_id}"
            continue
        last, member = told[-1] if told else None, members.get(user_id)
        if last is None or last.kind is ChangeKind.MEMBER_REMOVED:
            if member is not None:
                yield f"{user_id} is a member and the log says otherwise"
        elif member is None:
            yield f"{user_id} is no member and the log says otherwise"
        elif (last.version, _object(last.state).get("role")) != (member.version, member.role):
            yield f"{user_id} is another member than the log says"
        noted = former.get(user_id)
        if noted is not None and noted != max((it.version for it in told), default=0):
            yield f"{user_id} was removed at another version than the log says"


def _follow(entries: Sequence[Row[Any]]) -> bool:
    """Whether no entry of a member is missing between these."""
    highest, before = 0, None
    for entry in entries:
        fits = {highest + 1}
        if before is not None:
            fits.add(before.version + 1)
            if before.kind is ChangeKind.MEMBER_REMOVED:
                # So a release before this one began again.
                fits.add(1)
        if entry.version not in fits:
            return False
        highest, before = max(highest, entry.version), entry
    return True


_TOLD = (
    Document.id,
    Document.external_id,
    Document.title,
    Document.language,
    Document.source_url,
    Document.published_on,
    Document.details.label("details"),
    Revision.sha256,
    Change.project_id,
    Change.sequence,
    Change.state,
)
_TEXT = and_(Revision.document_id == Document.id, Revision.number == Document.revision)
_LAST_WITH_STATE = case(
    (Document.deleted_at.is_(None), Document.version), else_=Document.version - 1
)
# Each in the order of a key, so that memory does not grow with the database: those that are as they
# were created by the entry that they name, which most are, and the others by the log.
_AS_CREATED = (
    select(*_TOLD)
    .join(Revision, _TEXT)
    .join(
        Change,
        and_(
            Change.project_id == Document.project_id,
            Change.sequence == Document.sequence,
            Change.subject_id == Document.id,
            Change.kind == ChangeKind.DOCUMENT_CREATED,
            Change.version == _LAST_WITH_STATE,
        ),
    )
    .order_by(Document.id)
)
_AS_EDITED = (
    select(*_TOLD)
    .select_from(Change)
    .join(
        Document,
        and_(
            Document.id == Change.subject_id,
            Document.project_id == Change.project_id,
            Change.version == _LAST_WITH_STATE,
        ),
    )
    .join(Revision, _TEXT)
    .where(Change.kind == ChangeKind.DOCUMENT_UPDATED)
    .order_by(Change.project_id, Change.sequence)
)
_DOCUMENTS_A_PAGE = 500


async def of_documents(db: Session) -> AsyncIterator[UUID]:
    """Documents that are not as the log says."""
    for query, key in ((_AS_CREATED, ("id",)), (_AS_EDITED, ("project_id", "sequence"))):
        async for page in pages(db, query, _DOCUMENTS_A_PAGE, *key):
            for row in page:
                if not _says_the_same(row):
                    yield row.id


def _says_the_same(row: Row[Any]) -> bool:
    try:
        return same_content(state(row), row.state)
    except (KeyError, TypeError):
        return False
