"""The ledger's tables as they are now; how they came to be stands in `migrations`."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

# `sequence` orders records across pipelines; it is no part of a record and is not hashed.
RECORD = Table(
    "stageline_record",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), Identity(always=True), primary_key=True),
    Column("pipeline", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("dag_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("spec_digest", Text, nullable=False),
    Column("package_version", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("previous_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("metered", Text, nullable=True),
    # Together these two make a fork impossible: of two racing writers one is refused.
    UniqueConstraint("pipeline", "position", name="stageline_record_pipeline_position"),
    UniqueConstraint("idempotency_key", name="stageline_record_idempotency_key"),
    Index("stageline_record_run", "run_id", "dag_id"),
)

# What each pipeline serves. The log alone gives it, too; this row is what racing writers compare and swap.
HEAD = Table(
    "stageline_head",
    METADATA,
    Column("pipeline", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
)

# Alembic's own table, under a name that cannot clash with Airflow's or MLflow's in the same database.
VERSION = Table(
    "stageline_version",
    METADATA,
    Column("version_num", String(32), primary_key=True),
)
