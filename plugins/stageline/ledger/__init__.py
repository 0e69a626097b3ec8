"""What happened: an append-only, hash-chained log of records on SQLite or PostgreSQL."""

from stageline.ledger.chain import canonical_json
from stageline.ledger.records import ChainFault, Entry, Record
from stageline.ledger.store import Ledger

__all__ = ["ChainFault", "Entry", "Ledger", "Record", "canonical_json"]
