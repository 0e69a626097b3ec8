"""Reading sources as Arrow tables, and keeping versioned Delta tables."""

from stageline.tables.digest import digest_table
from stageline.tables.event_time import parse_event_time
from stageline.tables.parsed_file import RejectedLine
from stageline.tables.quarantine import ListedRow, QuarantineStore, StoredQuarantine
from stageline.tables.quarantined_rows import QuarantinedRow, rows_of_lines, rows_of_table
from stageline.tables.readmission import Readmission, readmit
from stageline.tables.restoring import release_problem
from stageline.tables.snapshots import SnapshotStore, StoredSnapshot
from stageline.tables.source import SourceTable, read_source
from stageline.tables.usable import feature_columns, require_usable

__all__ = [
    "ListedRow",
    "QuarantineStore",
    "QuarantinedRow",
    "Readmission",
    "RejectedLine",
    "SnapshotStore",
    "SourceTable",
    "StoredQuarantine",
    "StoredSnapshot",
    "digest_table",
    "feature_columns",
    "parse_event_time",
    "read_source",
    "readmit",
    "release_problem",
    "require_usable",
    "rows_of_lines",
    "rows_of_table",
]
