"""Say of which documents a word was cut, for those are looked into whatever is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007_add_cut_words"
down_revision = "0006_add_audit_events"
branch_labels = None
depends_on = None

# Of a hundred code points, as ``app.text.words.LONGEST`` was when this was written.
_CUT = {
    "postgresql": "text ~ '[^ ]{100}'",
    "sqlite": f"text GLOB '*{'[^ ]' * 100}*'",
}


def upgrade() -> None:
    cut: sa.Column[bool] = sa.Column("cut", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("document_words", cut)
    condition = _CUT[op.get_context().dialect.name]
    op.execute(f"UPDATE document_words SET cut = true WHERE {condition}")  # noqa: S608


def downgrade() -> None:
    op.drop_column("document_words", "cut")
