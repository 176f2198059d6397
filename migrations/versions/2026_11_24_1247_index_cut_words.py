"""Let an index lead to the documents of which a word was cut: to none, as a rule."""

import sqlalchemy as sa
from alembic import op

revision = "0009_index_cut_words"
down_revision = "0008_fill_cut_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_document_words_cut",
            "document_words",
            ["id"],
            if_not_exists=True,
            postgresql_concurrently=True,
            postgresql_where=sa.text("cut"),
            sqlite_where=sa.text("cut = 1"),
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_document_words_cut",
            "document_words",
            if_exists=True,
            postgresql_concurrently=True,
        )
