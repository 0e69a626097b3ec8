"""The log of records, and triggers that keep it append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = (
    """
    CREATE TRIGGER stageline_record_no_update BEFORE UPDATE ON stageline_record
    BEGIN SELECT RAISE(ABORT, 'stageline_record is append-only: UPDATE is refused'); END
    """,
    """
    CREATE TRIGGER stageline_record_no_delete BEFORE DELETE ON stageline_record
    BEGIN SELECT RAISE(ABORT, 'stageline_record is append-only: DELETE is refused'); END
    """,
    # INSERT OR REPLACE deletes without firing the trigger above.
    """
    CREATE TRIGGER stageline_record_no_replace BEFORE INSERT ON stageline_record
    WHEN EXISTS (
        SELECT 1 FROM stageline_record
        WHERE (pipeline = NEW.pipeline AND position = NEW.position)
        OR idempotency_key = NEW.idempotency_key OR sequence = NEW.sequence
    )
    BEGIN SELECT RAISE(ABORT, 'stageline_record is append-only: this position or key is taken'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION stageline_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$
    """,
    """
    CREATE TRIGGER stageline_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stageline_record
    FOR EACH STATEMENT EXECUTE FUNCTION stageline_refuse_change()
    """,
)


def upgrade() -> None:
    op.create_table(
        "stageline_record",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.Identity(always=True),
            primary_key=True,
        ),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("dag_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("map_index", sa.Integer, nullable=False),
        sa.Column("try_number", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("spec_digest", sa.Text, nullable=False),
        sa.Column("package_version", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("previous_digest", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.UniqueConstraint("pipeline", "position", name="stageline_record_pipeline_position"),
        sa.UniqueConstraint("idempotency_key", name="stageline_record_idempotency_key"),
    )
    op.create_index("stageline_record_run", "stageline_record", ["run_id", "dag_id"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
