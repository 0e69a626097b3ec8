"""What happened: an append-only, hash-chained log of records, and the head it gives."""

from stageline.ledger.chain import canonical_json
from stageline.ledger.head import Head, ModelVersion, moment_text
from stageline.ledger.records import ChainFault, Entry, Record
from stageline.ledger.store import Ledger

__all__ = ["ChainFault", "Entry", "Head", "Ledger", "ModelVersion", "Record", "canonical_json", "moment_text"]
