"""Add releases: what a project held at one moment."""

import sqlalchemy as sa
from alembic import op

revision = "0002_add_releases"
down_revision = "0001_create_everything"
branch_labels = None
depends_on = None

# As ``app.core.database.columns.Time`` was when this was written: a migration stands by itself.
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.Column("scheme_version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id_projects")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_releases_created_by_id_users")
        ),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_releases_project_id_name")),
    )
    op.create_table(
        "released_documents",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "document_id", name=op.f("pk_released_documents")),
        *_references("released_documents", "document", "documents"),
    )
    op.create_table(
        "released_annotations",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("annotation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "release_id", "annotation_id", name=op.f("pk_released_annotations")
        ),
        *_references("released_annotations", "annotation", "annotations"),
    )
    op.create_table(
        "released_relations",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", "relation_id", name=op.f("pk_released_relations")),
        *_references("released_relations", "relation", "relations"),
    )


def _references(table: str, subject: str, subjects: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f(f"fk_{table}_release_id_releases")
        ),
        sa.ForeignKeyConstraint(
            [f"{subject}_id"],
            [f"{subjects}.id"],
            name=op.f(f"fk_{table}_{subject}_id_{subjects}"),
        ),
    )


def downgrade() -> None:
    for table in ("released_relations", "released_annotations", "released_documents", "releases"):
        op.drop_table(table)
