"""Add the audit log: what was done to users, tokens and projects, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0006_add_audit_events"
down_revision = "0005_index_withdrawn_annotations"
branch_labels = None
depends_on = None

# As ``app.core.database.columns.Time`` was when this was written: a migration stands by itself.
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_audit_events_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audit_events_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["tokens.id"], name=op.f("fk_audit_events_token_id_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_audit_events_project_id_projects")
        ),
        sa.CheckConstraint(
            "action IN ('user.created', 'user.updated', 'token.created', 'token.revoked', "
            "'project.created', 'member.set')",
            name=op.f("ck_audit_events_action_known"),
        ),
    )
    op.create_index(op.f("ix_audit_events_actor_id_id"), "audit_events", ["actor_id", "id"])
    op.create_index(op.f("ix_audit_events_user_id_id"), "audit_events", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("audit_events")
