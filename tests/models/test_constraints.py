"""The database itself refuses what must never be, whoever writes it."""

from typing import Any

import pytest
from sqlalchemy import UpdateBase, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.database import Session
from app.models import (
    Annotation,
    Base,
    Change,
    Decision,
    Document,
    Membership,
    Project,
    Relation,
    Revision,
    Token,
    User,
)
from app.models.constraints import violated
from tests import make
from tests.conftest import Newsroom


async def spoilt(newsroom: Newsroom, table: type[Base], **values: Any) -> IntegrityError:
    """What the database says to a change of every row of the table."""
    with pytest.raises(IntegrityError) as refused:
        await _write(newsroom, update(table).values(**values))
    return refused.value


async def _write(newsroom: Newsroom, statement: UpdateBase) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(statement)


async def furnish(newsroom: Newsroom) -> None:
    """A row in every table that has constraints of its own."""
    annotator = newsroom["annotator"]
    document = await make.document(annotator, external_id="a-1")
    claim = await make.annotation(annotator, document["id"], external_id="c-1")
    denial = await make.annotation(annotator, document["id"], "denial", external_id="c-2")
    await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(newsroom["reviewer"], claim["id"])


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        (Annotation, {"status": "done"}, "ck_annotations_status_known"),
        (Annotation, {"origin": "machine"}, "ck_annotations_origin_known"),
        (Annotation, {"start": -1}, "ck_annotations_span_forward"),
        (Annotation, {"end": 0}, "ck_annotations_span_forward"),
        (Annotation, {"confidence": 1.5}, "ck_annotations_confidence_range"),
        (Annotation, {"version": 0}, "ck_annotations_version_from_1"),
        (Annotation, {"id": make.id_of(1)}, "pk_annotations"),
        (Annotation, {"external_id": "c-1"}, "uq_annotations_document_id_external_id"),
        (Decision, {"verdict": "maybe"}, "ck_decisions_verdict_known"),
        (Relation, {"source_id": Relation.target_id}, "ck_relations_ends_differ"),
        (Membership, {"role": "owner"}, "ck_memberships_role_known"),
        (Token, {"role": "owner"}, "ck_tokens_role_known"),
        (Change, {"kind": "annotation.lost"}, "ck_changes_kind_known"),
        (Change, {"sequence": 1}, "pk_changes"),
        (Revision, {"number": 0}, "ck_revisions_number_from_1"),
        (Revision, {"sha256": "short"}, "ck_revisions_sha256_hex"),
        (User, {"name": "same"}, "uq_users_name"),
    ],
)
async def test_a_bad_row_is_refused_by_the_name_of_its_constraint(
    newsroom: Newsroom, table: type[Base], values: dict[str, Any], constraint: str
) -> None:
    await furnish(newsroom)

    assert violated(await spoilt(newsroom, table, **values)) == constraint


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (Annotation, "author_id"),
        (Annotation, "editor_id"),
        (Annotation, "revision"),
        (Decision, "reviewer_id"),
        (Decision, "annotation_id"),
        (Relation, "source_id"),
        (Relation, "document_id"),
        (Document, "project_id"),
        (Token, "user_id"),
        (Change, "actor_id"),
    ],
)
async def test_a_row_cannot_point_at_nothing(
    newsroom: Newsroom, table: type[Base], column: str
) -> None:
    await furnish(newsroom)
    nothing: object = 7 if column == "revision" else make.id_of(9999)

    error = await spoilt(newsroom, table, **{column: nothing})

    assert "foreign key" in str(error.orig).lower()


async def test_a_version_carries_one_decision_at_most(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    async with newsroom.app.state.database.session(writes=False) as db:
        row = (await db.execute(select(*Decision.__table__.c))).one()

    again = {**row._mapping, "id": make.id_of(5)}  # noqa: SLF001  # SQLAlchemy's public name
    with pytest.raises(IntegrityError) as refused:
        await _write(newsroom, insert(Decision).values(again))

    assert violated(refused.value) == "uq_decisions_annotation_id_version"


async def test_a_reading_session_cannot_write_even_past_its_guard(newsroom: Newsroom) -> None:
    """The guard in the program is one thing; the database refuses by itself too."""
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with newsroom.app.state.database.session(writes=False) as db:
            await db.execute(text("UPDATE users SET is_admin = true"))


async def test_a_reading_session_refuses_a_write_at_once(newsroom: Newsroom) -> None:
    with pytest.raises(RuntimeError, match="reads only"):
        async with newsroom.app.state.database.session(writes=False) as db:
            await db.execute(update(User).values(is_admin=True))


async def _twice(db: Session) -> None:
    for name in ("one", "two"):
        await db.execute(update(Project).values(name=name))


async def test_a_second_write_needs_a_transaction(newsroom: Newsroom) -> None:
    with pytest.raises(RuntimeError, match="begin"):
        async with newsroom.app.state.database.session(writes=True) as db:
            await _twice(db)


async def name_of_project(newsroom: Newsroom) -> str:
    async with newsroom.app.state.database.session(writes=False) as db:
        found: str = (await db.execute(select(Project.name))).scalar_one()
        return found


async def test_what_is_begun_is_written_whole(newsroom: Newsroom) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        await _twice(db)

    assert await name_of_project(newsroom) == "two"


async def _then_fail(newsroom: Newsroom) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        await _twice(db)
        raise KeyError


async def test_an_exception_undoes_what_was_begun(newsroom: Newsroom) -> None:
    with pytest.raises(KeyError):
        await _then_fail(newsroom)

    assert await name_of_project(newsroom) == "demo"
