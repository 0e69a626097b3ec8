"""What happened: an append-only, hash-chained log of records, and the head it gives."""

from stageline.ledger.canary import Canary
from stageline.ledger.chain import canonical_json
from stageline.ledger.head import Head
from stageline.ledger.model_version import ModelVersion, moment_text
from stageline.ledger.records import ChainFault, Entry, Record
from stageline.ledger.store import Ledger

__all__ = ["Canary", "ChainFault", "Entry", "Head", "Ledger", "ModelVersion", "Record", "canonical_json", "moment_text"]
