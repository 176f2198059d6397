"""Fill in the words of the documents that are there."""

import sqlalchemy as sa
from alembic import context, op

from app.text.words import indexed, line, words

revision = "0004_fill_document_words"
down_revision = "0003_add_document_words"
branch_labels = None
depends_on = None

_SOME = 100

_DOCUMENTS = sa.table(
    "documents",
    sa.column("id", sa.Uuid()),
    sa.column("project_id", sa.Uuid()),
    sa.column("title", sa.Text()),
    sa.column("revision", sa.Integer()),
)
_REVISIONS = sa.table(
    "revisions",
    sa.column("document_id", sa.Uuid()),
    sa.column("number", sa.Integer()),
    sa.column("text", sa.Text()),
)
_WORDS = sa.table(
    "document_words",
    sa.column("document_id", sa.Uuid()),
    sa.column("project_id", sa.Uuid()),
    sa.column("title", sa.Text()),
    sa.column("text", sa.Text()),
    sa.column("keys", sa.Text()),
)


def upgrade() -> None:
    if context.is_offline_mode():
        # Words are made in Python, so a script of SQL cannot; run this one with a connection.
        return
    connection = op.get_bind()
    query = (
        sa.select(_DOCUMENTS.c.id, _DOCUMENTS.c.project_id, _DOCUMENTS.c.title, _REVISIONS.c.text)
        .join(
            _REVISIONS,
            sa.and_(
                _REVISIONS.c.document_id == _DOCUMENTS.c.id,
                _REVISIONS.c.number == _DOCUMENTS.c.revision,
            ),
        )
        .order_by(_DOCUMENTS.c.id)
        .limit(_SOME)
    )
    # Some at a time, so that memory does not grow with the database.
    found = connection.execute(query).all()
    while found:
        rows = []
        for row in found:
            text = indexed(row.text)
            rows.append(
                {
                    "document_id": row.id,
                    "project_id": row.project_id,
                    "title": line(words(row.title)),
                    "text": text.words,
                    "keys": text.keys,
                }
            )
        connection.execute(sa.insert(_WORDS), rows)
        found = connection.execute(query.where(_DOCUMENTS.c.id > found[-1].id)).all()


def downgrade() -> None:
    op.execute(_WORDS.delete())
