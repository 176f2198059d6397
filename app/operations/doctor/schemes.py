"""Projects' schemes, and what is stored against them. Reads only."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row, and_, bindparam, func, select

from app.core.cache import LruCache
from app.core.database import Session
from app.core.jsontext import same_json
from app.core.vocabulary import ChangeKind
from app.models import Change, Project, Relation, SchemeVersion
from app.operations.doctor.agreements import EXAMPLES
from app.operations.doctor.integrity import pages
from app.projects.orphans import JOINED, RELATIONS
from app.projects.schemas import SchemeOut
from app.projects.scheme import Scheme

_SCHEMES_A_PAGE = 10
_KEPT = 200

_VERSIONS = select(
    SchemeVersion.project_id, SchemeVersion.version, SchemeVersion.definition
).order_by(SchemeVersion.project_id, SchemeVersion.version)
_CURRENT = (
    select(SchemeVersion.version, SchemeVersion.definition)
    .join(Project, Project.id == SchemeVersion.project_id)
    .where(Project.id == bindparam("project_id"), SchemeVersion.version == Project.scheme_version)
)
_COUNTED = (
    select(
        Project.id,
        Project.slug,
        Project.scheme_version,
        func.count(SchemeVersion.version).label("times"),
        func.min(SchemeVersion.version).label("first"),
        func.max(SchemeVersion.version).label("last"),
    )
    .outerjoin(SchemeVersion, SchemeVersion.project_id == Project.id)
    .group_by(Project.id)
    .order_by(Project.id)
)
_TOLD = (
    select(Project.slug, SchemeVersion.version, SchemeVersion.definition, Change.state)
    .select_from(Change)
    .join(Project, Project.id == Change.project_id)
    .join(
        SchemeVersion,
        and_(
            SchemeVersion.project_id == Change.project_id,
            SchemeVersion.version == Change.version,
        ),
    )
    .where(Change.kind == ChangeKind.SCHEME_UPDATED)
    .add_columns(Change.project_id, Change.sequence)
    .order_by(Change.project_id, Change.sequence)
)


async def faults(db: Session) -> AsyncIterator[tuple[str, str]]:
    """What of the schemes is missing, cannot be read, or is not as the log says, by project."""
    async for page in pages(db, _COUNTED, 1_000, "id"):
        for row in page:
            whole = (1, row.scheme_version, row.scheme_version)
            if (row.first, row.last, row.times) != whole:
                yield row.slug, "not each version of its scheme is there"
    async for page in pages(db, _VERSIONS, _SCHEMES_A_PAGE, "project_id", "version"):
        for row in page:
            if _read(row.definition, row.version) is None:
                yield str(row.project_id), f"version {row.version} cannot be read"
    async for page in pages(db, _TOLD, _SCHEMES_A_PAGE, "project_id", "sequence"):
        for row in page:
            if not _is_as_logged(row):
                yield row.slug, f"version {row.version} is not as the log says"


def _read(definition: Any, version: int) -> Scheme | None:
    """The scheme; None if what is stored is none."""
    try:
        SchemeOut.of(definition, version)
        return Scheme.of(definition, version)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _is_as_logged(row: Row[Any]) -> bool:
    try:
        told = SchemeOut.model_validate(row.state)
        stored = SchemeOut.of(row.definition, row.version)
    except (ValidationError, LookupError, TypeError):
        return False
    return same_json(told.model_dump(mode="json"), stored.model_dump(mode="json"))


class Schemes:
    """The schemes that projects have now; those that were asked for last are kept."""

    def __init__(self, db: Session) -> None:
        """Reads when it is asked."""
        self._db = db
        self._known: LruCache[UUID, list[Scheme]] = LruCache(_KEPT, lambda _: 1)

    async def of(self, project_id: UUID) -> Scheme | None:
        """The project's scheme; None if it is not there or cannot be read."""
        known = self._known.get(project_id)
        if known is None:
            row = (await self._db.execute(_CURRENT, {"project_id": project_id})).one_or_none()
            scheme = None if row is None else _read(row.definition, row.version)
            known = [] if scheme is None else [scheme]
            self._known.put(project_id, known)
        return known[0] if known else None


_JOINED = (*JOINED, Relation.project_id)
_RELATIONS = RELATIONS.add_columns(Relation.project_id)


async def unfit_relations(db: Session) -> tuple[int, Sequence[str]]:
    """How many relations the schemes do not allow, and the first of them."""
    schemes, count, some = Schemes(db), 0, list[str]()
    for row in (await db.execute(_RELATIONS.distinct())).all():
        scheme = await schemes.of(row.project_id)
        if scheme is None:
            # That is told of the project.
            continue
        if scheme.relation_refusal(row.type, row.source_label, row.target_label) is None:
            continue
        # Once for each type and pair of labels that is not allowed.
        same = and_(*(column == value for column, value in zip(_JOINED, row, strict=True)))
        unfit = _RELATIONS.where(same)
        count += (await db.execute(select(func.count()).select_from(unfit.subquery()))).scalar_one()
        ids = unfit.with_only_columns(Relation.id, maintain_column_froms=True)
        some += map(str, (await db.execute(ids.limit(EXAMPLES))).scalars())
    return count, some[:EXAMPLES]
