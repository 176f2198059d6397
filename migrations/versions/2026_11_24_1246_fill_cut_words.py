"""Fill in of which of the documents that are there a word was cut."""

from alembic import op

revision = "0008_fill_cut_words"
down_revision = "0007_add_cut_words"
branch_labels = None
depends_on = None

# A word of a hundred code points, as ``app.text.words.LONGEST`` was when this was written.
_ON_POSTGRESQL = "UPDATE document_words SET cut = true WHERE text ~ '[^ ]{100}'"
# The index does not hold it, so nothing is indexed anew.
_ON_SQLITE = (
    "DROP TRIGGER document_words_changed",
    f"UPDATE document_words SET cut = 0 WHERE text NOT GLOB '*{'[^ ]' * 100}*'",  # noqa: S608
    """
    CREATE TRIGGER document_words_changed AFTER UPDATE ON document_words BEGIN
        INSERT INTO document_index (document_index, rowid, keys)
        VALUES ('delete', old.id, old.project_id || old.title || old.keys);
        INSERT INTO document_index (rowid, keys)
        VALUES (new.id, new.project_id || new.title || new.keys);
    END
    """,
)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        op.execute(_ON_POSTGRESQL)


def downgrade() -> None:
    """Of what goes with the column, nothing is to be taken back."""
