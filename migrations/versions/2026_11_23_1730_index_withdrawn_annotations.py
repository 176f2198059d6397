"""Let an index lead from a document to all its annotations, withdrawn ones included.

Releases hold annotations that were withdrawn since; without this index an export of a release went
through the whole project for each batch of documents.
"""

from alembic import op

revision = "0005_index_withdrawn_annotations"
down_revision = "0004_fill_document_words"
branch_labels = None
depends_on = None

_COLUMNS = ["document_id", "start", "end", "sequence", "status"]


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_annotations_document_id_place",
            "annotations",
            [*_COLUMNS, "withdrawn_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.drop_index(
            "ix_annotations_document_id_text_order",
            table_name="annotations",
            postgresql_concurrently=True,
            if_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_annotations_document_id_text_order",
            "annotations",
            _COLUMNS,
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where="withdrawn_at IS NULL",
            sqlite_where="withdrawn_at IS NULL",
        )
        op.drop_index(
            "ix_annotations_document_id_place",
            table_name="annotations",
            postgresql_concurrently=True,
            if_exists=True,
        )
