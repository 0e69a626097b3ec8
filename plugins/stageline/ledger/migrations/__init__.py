"""How the ledger's tables came to be, one file a version; run by `stageline.ledger.upgrading`."""
