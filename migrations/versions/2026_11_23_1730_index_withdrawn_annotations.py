"""Let an index lead from a document to all its annotations and relations, withdrawn ones included.

Releases hold what was withdrawn since; without these indexes an export of a release went through
the whole project for each batch of documents.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_index_withdrawn_annotations"
down_revision = "0004_fill_document_words"
branch_labels = None
depends_on = None

_TEXT_ORDER = ["document_id", "start", "end", "sequence", "status"]
_LIVING = sa.text("withdrawn_at IS NULL")
# Name, table and columns of each index: of all rows, and of those that were not withdrawn.
_WHOLE = (
    ("ix_annotations_document_id_place", "annotations", [*_TEXT_ORDER, "withdrawn_at"]),
    ("ix_relations_document_id_place", "relations", ["document_id", "sequence"]),
)
_PARTIAL = (
    ("ix_annotations_document_id_text_order", "annotations", _TEXT_ORDER),
    ("ix_relations_document_id_sequence", "relations", ["document_id", "sequence"]),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, columns in _WHOLE:
            op.create_index(name, table, columns, if_not_exists=True, postgresql_concurrently=True)
        for name, table, _ in _PARTIAL:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, columns in _PARTIAL:
            op.create_index(
                name,
                table,
                columns,
                if_not_exists=True,
                postgresql_concurrently=True,
                postgresql_where=_LIVING,
                sqlite_where=_LIVING,
            )
        for name, table, _ in _WHOLE:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
