"""New versions of a project's scheme."""

from sqlalchemy import insert, select, update

from app.changes.commands import Entry, append
from app.core.database import Session
from app.core.errors import InvalidValue, SchemeOrphans, Stale
from app.core.permissions import Standing
from app.core.timestamps import now_after
from app.core.vocabulary import ChangeKind
from app.models import Project, SchemeVersion
from app.projects import orphans, queries
from app.projects.commands import locked, state_of
from app.projects.schemas import SchemeIn, SchemeOut
from app.projects.scheme import Scheme


async def add(db: Session, standing: Standing, seen: int, new: SchemeIn) -> SchemeOut:
    """Give the project a new version of its scheme.

    Raises:
        Stale: when ``seen`` is not the current version.
        SchemeOrphans: when stored annotations or relations would not fit it.
        InvalidValue: when the body names another version than the current one.
    """
    end = await locked(db, standing)
    query = select(Project.scheme_version, Project.updated_at).where(
        Project.id == standing.project_id
    )
    current = (await db.execute(query)).one()
    version: int = current.scheme_version
    stored = await queries.definition(db, standing.project_id, version)
    if version != seen:
        raise Stale(state_of(SchemeOut.of(stored, version)), version=version)
    if new.version not in {None, version}:
        raise InvalidValue("/version", f"The current version is {version}, the body's another.")
    definition = new.definition()
    if definition == stored:
        return SchemeOut.of(stored, version)
    found = await orphans.of(
        db, standing.project_id, Scheme.of(stored, version), Scheme.of(definition, version + 1)
    )
    if found:
        raise SchemeOrphans(found)
    moment = now_after(current.updated_at)
    await db.execute(
        insert(SchemeVersion).values(
            project_id=standing.project_id,
            version=version + 1,
            definition=definition,
            created_by_id=standing.actor.id,
            created_at=moment,
        )
    )
    await db.execute(
        update(Project)
        .where(Project.id == standing.project_id)
        .values(scheme_version=version + 1, version=Project.version + 1, updated_at=moment)
    )
    out = SchemeOut.of(definition, version + 1)
    kind = ChangeKind.SCHEME_UPDATED
    entry = Entry.by(standing, kind, None, out.version, moment, state_of(out))
    await append(db, standing.project_id, [entry], after=end)
    return out
