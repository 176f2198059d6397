"""Let an index lead to what one author wrote in a project: its list read all of the project."""

import sqlalchemy as sa
from alembic import op

revision = "0012_index_authors"
down_revision = "0011_fill_former_memberships"
branch_labels = None
depends_on = None

_LIVING = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_annotations_project_id_author_id_sequence",
            "annotations",
            ["project_id", "author_id", "sequence"],
            if_not_exists=True,
            postgresql_concurrently=True,
            postgresql_where=_LIVING,
            sqlite_where=_LIVING,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_annotations_project_id_author_id_sequence",
            "annotations",
            if_exists=True,
            postgresql_concurrently=True,
        )
