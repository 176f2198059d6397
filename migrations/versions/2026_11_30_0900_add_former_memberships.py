"""Add at which version a member was removed, so that one who comes back goes on from there."""

import sqlalchemy as sa
from alembic import op

revision = "0010_add_former_memberships"
down_revision = "0009_index_cut_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_memberships",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_former_memberships")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_former_memberships_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_memberships_user_id_users")
        ),
    )


def downgrade() -> None:
    op.drop_table("former_memberships")
