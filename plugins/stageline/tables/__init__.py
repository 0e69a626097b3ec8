"""Reading sources as Arrow tables, and keeping versioned Delta tables."""

from stageline.tables.digest import digest_table
from stageline.tables.event_time import parse_event_time
from stageline.tables.snapshots import SnapshotStore, StoredSnapshot
from stageline.tables.source import SourceTable, read_source
from stageline.tables.usable import feature_columns, require_usable

__all__ = [
    "SnapshotStore",
    "SourceTable",
    "StoredSnapshot",
    "digest_table",
    "feature_columns",
    "parse_event_time",
    "read_source",
    "require_usable",
]
