"""What documents are found by: their words, and an index of them in the database's own full text.

The words are made in ``text.words``, so that both databases have the same. Each has an inverted
index from keys to documents: PostgreSQL a GIN index over the keys as an array, for a ``tsvector``
holds a megabyte and a text may be longer; SQLite an FTS5 table without content of its own, whose
tokenizer splits at blanks. An index tells which documents have some keys; that the words of a
phrase stand side by side is looked up in the words themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    collate,
    event,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class DocumentWords(Base):
    """The words of a document's title and of its text, the keys of its text, if a word was cut.

    FTS5 knows a document by ``id``, which VACUUM leaves as it is.
    """

    __tablename__ = "document_words"
    __table_args__ = (
        Index(
            "ix_document_words_cut",
            "id",
            postgresql_where=text("cut"),
            sqlite_where=text("cut = 1"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
    )
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), unique=True)
    project_id: Mapped[UUID] = mapped_column(Uuid)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    keys: Mapped[str] = mapped_column(Text)
    cut: Mapped[bool] = mapped_column(server_default=true())


WORDS = Table(
    DocumentWords.__tablename__,
    MetaData(),
    Column("document_id", Uuid),
    Column("project_id", Uuid),
    Column("title", Text),
    Column("text", Text),
    Column("keys", Text),
    Column("cut", Boolean),
)
"""The table as it is written: the database gives the ids."""

INDEX_OF_KEYS = "ix_document_words_keys"
"""The name of PostgreSQL's index of words."""

_FOR_POSTGRESQL = (
    # A function of its own tells the planner what it costs to take the keys apart.
    """
    CREATE FUNCTION document_keys(project_id uuid, title text, keys text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
    AS 'BEGIN RETURN string_to_array(
        (project_id::text || rtrim(title) || rtrim(keys)) COLLATE "C", '' ''); END'
    """,
    f"""
    CREATE INDEX {INDEX_OF_KEYS} ON document_words
    USING gin (document_keys(project_id, title, keys) COLLATE "C")
    """,
)
_FOR_SQLITE = (
    """
    CREATE VIRTUAL TABLE document_index USING fts5(
        keys, content = '', columnsize = 0, detail = 'none', tokenize = 'ascii')
    """,
    """
    CREATE TRIGGER document_words_added AFTER INSERT ON document_words BEGIN
        INSERT INTO document_index (rowid, keys)
        VALUES (new.id, new.project_id || new.title || new.keys);
    END
    """,
    """
    CREATE TRIGGER document_words_changed AFTER UPDATE ON document_words BEGIN
        INSERT INTO document_index (document_index, rowid, keys)
        VALUES ('delete', old.id, old.project_id || old.title || old.keys);
        INSERT INTO document_index (rowid, keys)
        VALUES (new.id, new.project_id || new.title || new.keys);
    END
    """,
    """
    CREATE TRIGGER document_words_removed AFTER DELETE ON document_words BEGIN
        INSERT INTO document_index (document_index, rowid, keys)
        VALUES ('delete', old.id, old.project_id || old.title || old.keys);
    END
    """,
)
for _dialect, _statements in (("postgresql", _FOR_POSTGRESQL), ("sqlite", _FOR_SQLITE)):
    for _statement in _statements:
        event.listen(
            Base.metadata.tables[DocumentWords.__tablename__],
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


POSITION: Mapping[str, Callable[[Any, str], ColumnElement[int]]] = {
    # By bytes, which takes a quarter of the time that the collation of the database takes.
    "postgresql": lambda words, part: func.strpos(collate(words, "C"), part),
    "sqlite": func.instr,
}
"""Where a string begins in some words, from 1; 0 where it is not."""


def having(keys: Sequence[str], dialect: str, *, project_id: UUID | None = None) -> Any:
    """The condition on ``DocumentWords`` that a document has all of the keys, by the index."""
    sought = [*keys]
    if dialect == "postgresql":
        if project_id is not None:
            sought.append(str(project_id))
        return text(
            "document_keys(document_words.project_id, document_words.title, document_words.keys)"
            ' COLLATE "C" @> :document_keys'
        ).bindparams(bindparam("document_keys", sought, type_=ARRAY(Text)))
    if project_id is not None:
        sought.append(project_id.hex)
    return text(
        "document_words.id IN"
        " (SELECT rowid FROM document_index WHERE document_index MATCH :document_keys)"
    ).bindparams(document_keys=" AND ".join(f'"{key}"' for key in sought))
