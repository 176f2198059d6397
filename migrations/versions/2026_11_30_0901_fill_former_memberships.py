"""Fill in at which version those who are members no more were removed, as the logs have it."""

from alembic import op

revision = "0011_fill_former_memberships"
down_revision = "0010_add_former_memberships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        INSERT INTO former_memberships (project_id, user_id, version)
        SELECT project_id, subject_id, max(version) FROM changes
        WHERE kind IN ('member.set', 'member.removed') AND NOT EXISTS (
            SELECT 1 FROM memberships
            WHERE memberships.project_id = changes.project_id
            AND memberships.user_id = changes.subject_id
        )
        GROUP BY project_id, subject_id
        """
    )


def downgrade() -> None:
    """Of what goes with the table, nothing is to be taken back."""
