"""What the database itself refuses, whoever writes: each constraint, on a row that breaks it."""

from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from app.core.database import Database
from app.models import Base
from app.models.constraints import violated
from tests import make
from tests.conftest import Newsroom

NEW, NOWHERE = make.id_of(500), make.id_of(404)

FRESH: dict[str, dict[str, Any]] = {
    "annotation_versions": {"version": 500},
    "annotations": {"id": NEW, "external_id": "new"},
    "audit_events": {"id": NEW},
    "browser_sessions": {"id": NEW},
    "change_heads": {},
    "changes": {"sequence": 500},
    "decisions": {"id": NEW, "version": 500},
    "document_words": {"id": 500, "document_id": NEW},
    "documents": {"id": NEW, "external_id": "new"},
    "former_memberships": {},
    "memberships": {},
    "projects": {"id": NEW, "slug": "new"},
    "relations": {"id": NEW},
    "released_annotations": {},
    "released_documents": {},
    "released_relations": {},
    "releases": {"id": NEW, "name": "new"},
    "revisions": {"number": 500},
    "scheme_versions": {"version": 500},
    "tokens": {"id": NEW},
    "users": {"id": NEW, "name": "new"},
}
"""What makes a copy of a stored row another row. Of two tables the whole key is of other rows."""

BREAKING: dict[str, list[dict[str, Any]]] = {
    "ck_annotation_versions_status_known": [{"status": "done"}, {"status": ""}],
    "ck_annotations_status_known": [{"status": "done"}, {"status": "PENDING"}],
    "ck_annotations_origin_known": [{"origin": "robot"}],
    "ck_annotations_span_forward": [
        {"start": -1},
        {"start": 5, "end": 5},
        {"start": 6, "end": 5},
    ],
    "ck_annotations_confidence_range": [{"confidence": -0.1}, {"confidence": 1.1}],
    "ck_annotations_version_from_1": [{"version": 0}],
    "ck_audit_events_action_known": [{"action": "user.deleted"}],
    "ck_changes_kind_known": [{"kind": "annotation.lost"}],
    "ck_decisions_verdict_known": [{"verdict": "approved"}],
    "ck_memberships_role_known": [{"role": "boss"}],
    "ck_relations_ends_differ": [],
    "ck_revisions_number_from_1": [{"number": 0}],
    "ck_revisions_sha256_hex": [{"sha256": "0" * 63}, {"sha256": "0" * 65}],
    "ck_tokens_role_known": [{"role": "boss"}],
}
"""For each CHECK, changes to a fresh row that it refuses."""


@pytest.fixture
async def furnished(newsroom: Newsroom) -> Newsroom:
    """At least one row in every table."""
    document = await make.document(newsroom["annotator"], external_id="stored")
    one, two = [
        await make.annotation(newsroom["annotator"], document["id"], external_id=f"stored-{place}")
        for place in range(2)
    ]
    await make.relation(newsroom["annotator"], document["id"], "supports", one["id"], two["id"])
    await make.decision(newsroom["reviewer"], one["id"])
    await make.release(newsroom["manager"])
    await make.member(newsroom["manager"], "stranger", "reader")
    await newsroom["manager"].delete("/v1/projects/demo/members/stranger", headers=make.seen(1))
    session = {
        "id": make.id_of(600),
        "user_id": make.id_of(1),
        "secret_hash": b"",
        "created_at": make.MOMENT,
        "expires_at": make.MOMENT,
    }
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.execute(insert(Base.metadata.tables["browser_sessions"]).values(session))
    return newsroom


class Rows:
    """Copies of the rows that are stored, to be stored again with changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stored(self, table: Table) -> dict[str, Any]:
        query = select(table).order_by(*table.primary_key.columns)
        if "decided_at" in table.c and "status" in table.c:
            query = query.where(table.c.status == "pending")
        async with self._database.session(writes=False) as db:
            row = (await db.execute(query)).first()
        assert row is not None, table.name
        return dict(row._asdict())

    async def refused(self, table: Table, row: dict[str, Any]) -> IntegrityError:
        with pytest.raises(IntegrityError) as refusal:
            async with self._database.session(writes=True) as db:
                await db.execute(insert(table).values(row))
        return refusal.value


def tables() -> list[Table]:
    return list(Base.metadata.tables.values())


async def test_every_check_refuses_what_it_says(furnished: Newsroom) -> None:
    rows = Rows(furnished.app.state.database)
    found: set[str] = set()
    for table in tables():
        stored = await rows.stored(table)
        for check in table.constraints:
            if not isinstance(check, CheckConstraint):
                continue
            found.add(str(check.name))
            breaking = BREAKING[str(check.name)]
            if check.name == "ck_relations_ends_differ":
                breaking = [{"target_id": stored["source_id"]}]
            for change in breaking:
                error = await rows.refused(table, stored | FRESH[table.name] | change)
                assert violated(error) == check.name, change
    assert found == set(BREAKING)


async def test_every_key_and_unique_index_refuses_a_second_row(furnished: Newsroom) -> None:
    rows = Rows(furnished.app.state.database)
    for table in tables():
        stored = await rows.stored(table)
        keys: list[PrimaryKeyConstraint | UniqueConstraint | Index] = [
            *(one for one in table.constraints if isinstance(one, UniqueConstraint)),
            *(index for index in table.indexes if index.unique),
            table.primary_key,
        ]
        for key in keys:
            same = {column.name: stored[column.name] for column in key.columns}

            error = await rows.refused(table, stored | FRESH[table.name] | same)

            assert violated(error) == key.name
            assert None not in same.values()


async def test_every_foreign_key_refuses_what_is_not_there(
    furnished: Newsroom, dialect: str
) -> None:
    rows = Rows(furnished.app.state.database)
    for table in tables():
        stored = await rows.stored(table)
        for key in table.constraints:
            if not isinstance(key, ForeignKeyConstraint):
                continue
            nowhere = {
                column.name: 404 if isinstance(column.type, Integer) else NOWHERE
                for column in key.columns
            }

            error = await rows.refused(table, stored | FRESH[table.name] | nowhere)

            if dialect == "postgresql":
                assert violated(error) == key.name
            else:
                # SQLite does not tell which.
                assert "FOREIGN KEY constraint failed" in str(error.orig)


async def test_a_fresh_row_that_breaks_nothing_is_taken(furnished: Newsroom) -> None:
    rows = Rows(furnished.app.state.database)
    database: Database = furnished.app.state.database
    for table in tables():
        if FRESH[table.name]:
            row = await rows.stored(table) | FRESH[table.name]
            async with database.session(writes=True) as db:
                await db.execute(insert(table).values(row))


async def test_every_reference_is_a_foreign_key() -> None:
    """A column that names a row of another table must not be able to name none."""
    free = {
        # The same as their document's, or annotation's: repeated for lists and for sharding.
        ("annotations", "project_id"),
        ("document_words", "project_id"),
        ("relations", "project_id"),
        ("decisions", "project_id"),
        # A document's, annotation's, relation's or user's, by the entry's kind.
        ("changes", "subject_id"),
        # A version is a copy of a row whose references were checked.
        ("annotation_versions", "editor_id"),
        ("annotation_versions", "decided_by_id"),
        ("annotation_versions", "updated_by_id"),
        # Named by whoever was made elsewhere.
        ("documents", "external_id"),
        ("released_documents", "external_id"),
        ("annotations", "external_id"),
    }
    found = {
        (table.name, column.name)
        for table in tables()
        for column in table.columns
        if column.name.endswith("_id") and not column.foreign_keys
    }
    assert found == free
