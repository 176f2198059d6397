"""What of this release's tables a database lacks: columns, constraints, indexes, triggers. Reads.

More than there should be is no matter: who runs the database may add indexes of their own, and a
log that was split by project has the same constraints as one that was not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from app.core.database import Session
from app.core.database.columns import Word
from app.models import Base
from app.models.search import INDEX_OF_KEYS

_DIALECTS = {
    "postgresql": postgresql.dialect(),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(),
}


@dataclass(slots=True)
class _Found:
    """What is there, by the names of tables, columns, indexes and constraints."""

    columns: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    """The type, where the database holds to it, and whether it may be null."""
    indexes: dict[str, tuple[str, bool, bool, list[str], bool]] = field(default_factory=dict)
    """The table, whether it is unique and partial, its columns, and whether it is in use."""
    constraints: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether it holds of all rows, by table and name."""
    others: set[str] = field(default_factory=set)


async def name_plainly(db: Session) -> None:
    """Let the database name what it has as it is named here, until the transaction ends."""
    if db.dialect == "postgresql":
        # A role's own setting, by which PostgreSQL tells of "text" where text is meant.
        await db.execute(text("SET LOCAL quote_all_identifiers = off"))


async def missing_columns(db: Session) -> list[str]:
    """Tables and columns without which nothing can be read."""
    found = await _found(db)
    wrong = []
    for table in Base.metadata.sorted_tables:
        names = {name for of, name in found.columns if of == table.name}
        if not names:
            wrong.append(f"table {table.name}")
        else:
            wrong += [f"{table.name}.{c.name}" for c in table.c if c.name not in names]
    return wrong


async def missing(db: Session) -> list[str]:
    """What else is not there, or does not hold, with the statement that mends it if there is one.

    ``missing_columns`` finds nothing.
    """
    found = await _found(db)
    return [
        fault
        for table in Base.metadata.sorted_tables
        for fault in (
            *_of_columns(db.dialect, table, found),
            *_of_constraints(table, found),
            *_of_indexes(db.dialect, table, found),
        )
    ] + [name for name in _OTHERS[db.dialect] if name not in found.others]


async def unknown_words(db: Session) -> list[str]:
    """Columns, each with its number of rows, that hold a word that the vocabulary has not."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if not isinstance(column.type, Word):
                continue
            known = [word.value for word in column.type.words]
            wrong = type_coerce(column, Text).not_in(known)
            # One pass for each of some ten columns, and only where nothing holds them to it.
            times = (await db.execute(select(func.count()).where(wrong))).scalar_one()
            if times:
                found.append(f"{table.name}.{column.name} {times}")
    return found


async def barred(db: Session) -> list[str]:
    """What the role may not do to tables of PostgreSQL's, and Stet does."""
    return [f"{row.act} {row.name}" for row in await db.execute(_BARRED)]


_ACTS = {
    "INSERT": {table.name for table in Base.metadata.sorted_tables},
    "UPDATE": {
        *("annotations", "change_heads", "document_words", "documents", "memberships"),
        *("projects", "relations", "releases", "tokens", "users"),
    },
    "DELETE": {"browser_sessions", "former_memberships", "memberships"},
}
_WANTED = ", ".join(f"('{act}', '{name}')" for act, names in _ACTS.items() for name in names)
_BARRED = text(
    f"SELECT act, name FROM (VALUES {_WANTED}) AS wanted (act, name)"  # noqa: S608  # our own
    " WHERE NOT has_table_privilege(name, act) ORDER BY name, act"
)


def _of_columns(dialect: str, table: Table, found: _Found) -> Iterator[str]:
    for column in table.c:
        kind, nullable = found.columns[table.name, column.name]
        name = f"{table.name}.{column.name}"
        if nullable and not column.nullable:
            yield f"{name} may be null"
        if dialect == "postgresql" and kind != _type(column.type):
            yield f"{name} is of type {kind}"


def _type(kind: Any) -> str:
    written: str = kind.compile(dialect=_DIALECTS["postgresql"]).lower()
    return {"float": "double precision"}.get(written, written)


def _of_constraints(table: Table, found: _Found) -> Iterator[str]:
    for constraint in table.constraints:
        if not isinstance(constraint, _NAMED):
            continue
        name = str(constraint.name)
        holds = found.constraints.get((table.name, name))
        if holds is None:
            yield f"constraint {name}"
        elif not holds:
            mend = f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {name}"
            yield f"constraint {name} holds of new rows alone: {mend}"


_NAMED = (PrimaryKeyConstraint, UniqueConstraint, CheckConstraint, ForeignKeyConstraint)


def _of_indexes(dialect: str, table: Table, found: _Found) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        name = str(index.name)
        there = found.indexes.get(name)
        create = " ".join(str(CreateIndex(index).compile(dialect=_DIALECTS[dialect])).split())
        if there is None:
            yield f"index {name}: {create}"
        elif there[:4] != _described(dialect, table, index):
            yield f"index {name} is another: DROP INDEX {name}; {create}"
        elif not there[4]:
            yield f"index {name} is not in use: REINDEX INDEX CONCURRENTLY {name}"
    if dialect == "postgresql" and table.name == "document_words":
        there = found.indexes.get(INDEX_OF_KEYS)
        if there is None:
            yield f"index {INDEX_OF_KEYS}"
        elif not there[4]:
            yield f"index {INDEX_OF_KEYS} is not in use: REINDEX INDEX CONCURRENTLY {INDEX_OF_KEYS}"


def _described(dialect: str, table: Table, index: Index) -> tuple[str, bool, bool, list[str]]:
    partial = index.dialect_options[dialect]["where"] is not None
    return table.name, bool(index.unique), partial, [column.name for column in index.columns]


_OTHERS = {
    "postgresql": ("function document_keys",),
    "sqlite": (
        "table document_index",
        "trigger document_words_added",
        "trigger document_words_changed",
        "trigger document_words_removed",
    ),
}
"""What is written in SQL (``models.search``)."""


async def _found(db: Session) -> _Found:
    return await (_of_sqlite(db) if db.dialect == "sqlite" else _of_postgresql(db))


_SQLITE_COLUMNS = text(
    'SELECT m.name AS of, c.name AS name, c.type, c."notnull" AS filled, c.pk'
    " FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
)
_SQLITE_INDEXES = text(
    'SELECT i.name AS name, m.name AS of, i."unique" AS is_unique, i.partial, c.name AS column_name'
    " FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c"
    " WHERE m.type = 'table' ORDER BY i.name, c.seqno"
)
_SQLITE_MADE = text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")


async def _of_sqlite(db: Session) -> _Found:
    found = _Found()
    for row in (await db.execute(_SQLITE_COLUMNS)).all():
        found.columns[row.of, row.name] = (row.type, not row.filled and not row.pk)
    for row in (await db.execute(_SQLITE_INDEXES)).all():
        known = found.indexes.setdefault(
            row.name, (row.of, bool(row.is_unique), bool(row.partial), [], True)
        )
        known[3].append(row.column_name)
    made = {(row.type, row.name): row.sql for row in (await db.execute(_SQLITE_MADE)).all()}
    found.others = {f"{kind} {name}" for kind, name in made}
    for table in Base.metadata.sorted_tables:
        # SQLite tells the names of constraints by the statement that made the table alone.
        words = set(
            made.get(("table", table.name), "").replace('"', " ").replace("(", " ( ").split()
        )
        for constraint in table.constraints:
            if str(constraint.name) in words:
                found.constraints[table.name, str(constraint.name)] = True
    return found


_OURS = text(
    "SELECT c.relname AS of, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,"
    " NOT a.attnotnull AS nullable FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')"
    " AND pg_table_is_visible(c.oid)"
)
_POSTGRESQL_INDEXES = text(
    "SELECT i.relname AS name, c.relname AS of, x.indisunique AS is_unique,"
    " x.indpred IS NOT NULL AS partial, x.indisvalid AND x.indisready AS in_use,"
    " (SELECT array_agg(a.attname::text ORDER BY k.place)"
    " FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, place)"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number) AS columns"
    " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid"
    " WHERE pg_table_is_visible(c.oid)"
)
_POSTGRESQL_CONSTRAINTS = text(
    "SELECT c.relname AS of, k.conname AS name, k.convalidated AS holds"
    " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE pg_table_is_visible(c.oid)"
)
_POSTGRESQL_FUNCTIONS = text(
    "SELECT proname FROM pg_proc WHERE pg_function_is_visible(oid) AND proname = 'document_keys'"
)


async def _of_postgresql(db: Session) -> _Found:
    found = _Found()
    for row in (await db.execute(_OURS)).all():
        found.columns[row.of, row.name] = (row.type, row.nullable)
    for row in (await db.execute(_POSTGRESQL_INDEXES)).all():
        found.indexes[row.name] = (
            row.of,
            row.is_unique,
            row.partial,
            list(row.columns or ()),
            row.in_use,
        )
    for row in (await db.execute(_POSTGRESQL_CONSTRAINTS)).all():
        found.constraints[row.of, row.name] = row.holds
    for name in (await db.execute(_POSTGRESQL_FUNCTIONS)).scalars():
        found.others.add(f"function {name}")
    return found
