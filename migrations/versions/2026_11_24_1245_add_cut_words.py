"""Say of which documents a word was cut, for those are looked into whatever is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007_add_cut_words"
down_revision = "0006_add_audit_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_sqlite = op.get_context().dialect.name == "sqlite"
    # PostgreSQL gives what is there its value without writing it.
    of_these = sa.true() if on_sqlite else sa.false()
    cut: sa.Column[bool] = sa.Column("cut", sa.Boolean(), nullable=False, server_default=of_these)
    op.add_column("document_words", cut)
    if not on_sqlite:
        # What workers of the release before write from here on is looked into: nobody knows.
        op.alter_column("document_words", "cut", server_default=sa.true())


def downgrade() -> None:
    op.drop_column("document_words", "cut")
