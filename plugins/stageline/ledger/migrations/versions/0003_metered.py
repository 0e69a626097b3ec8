"""What a step took, beside its evidence; empty in all records before, whose digests leave out what is empty."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stageline_record", sa.Column("metered", sa.Text, nullable=True))
