"""Add the words that documents are found by, and their index."""

import sqlalchemy as sa
from alembic import op

revision = "0003_add_document_words"
down_revision = "0002_add_releases"
branch_labels = None
depends_on = None

_FOR_POSTGRESQL = (
    # A function of its own tells the planner what it costs to take the keys apart.
    """
    CREATE FUNCTION document_keys(project_id uuid, title text, keys text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
    AS 'BEGIN RETURN string_to_array(
        (project_id::text || rtrim(title) || rtrim(keys)) COLLATE "C", '' ''); END'
    """,
    """
    CREATE INDEX ix_document_words_keys ON document_words
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


def upgrade() -> None:
    op.create_table(
        "document_words",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(),
            nullable=False,
        ),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_words")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_words_document_id_documents"),
        ),
        sa.UniqueConstraint("document_id", name=op.f("uq_document_words_document_id")),
    )
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for statement in _FOR_POSTGRESQL if is_postgresql else _FOR_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE document_index")
    op.drop_table("document_words")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION document_keys(uuid, text, text)")
