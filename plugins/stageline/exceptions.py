"""Every error Stageline raises on purpose.

StagelineError
├── Refusal                  asking again changes nothing: not retried
│   ├── SpecError            a pipeline's YAML file says something it may not
│   ├── StageError           a stage whose DAGs cannot be run so
│   ├── SourceError          the data cannot be read as a table
│   ├── DataError            the table was read, but no model can be trained or judged on it
│   ├── ArtifactError        a stored file is not the one that was recorded, or holds types nobody trusts
│   ├── MissingStepError     a step needs an earlier one that left no record in this run
│   ├── HeadError            the head cannot move so: another moved it first, or there is no such champion
│   │   └── SupersededError  the candidate is older than what was promoted already
│   ├── TargetError          a serving target does not serve what was asked for, and will not by itself
│   ├── CostError            amounts or units that may not be mixed, or figures no cost can be computed from
│   └── ScaffoldError        `stageline init` would have to overwrite something
└── Outage                   a store cannot be reached: worth a retry
    ├── LedgerError          the ledger
    └── TrackingError        MLflow
"""


class StagelineError(Exception):
    """Base of all Stageline errors; its message names the thing, what was found and what to do."""


class Refusal(StagelineError):  # noqa: N818 - a refusal is the wanted answer to bad input
    """Asking again changes nothing: not retried."""


class SpecError(Refusal):
    """A pipeline's YAML file says something it may not."""


class StageError(Refusal):
    """A stage whose DAGs cannot be run so."""


class SourceError(Refusal):
    """The data cannot be read as a table."""


class DataError(Refusal):
    """The table was read, but no model can be trained or judged on it."""


class ArtifactError(Refusal):
    """A stored file is not the one that was recorded, or holds types nobody trusts."""


class MissingStepError(Refusal):
    """A step needs an earlier one that left no record in this run."""


class HeadError(Refusal):
    """The head cannot move so: another moved it first, or there is no such champion."""


class SupersededError(HeadError):
    """The candidate is older than what was promoted already."""


class TargetError(Refusal):
    """A serving target does not serve what was asked for, and will not by itself."""


class CostError(Refusal):
    """Amounts or units that may not be mixed, or figures no cost can be computed from."""


class ScaffoldError(Refusal):
    """`stageline init` would have to overwrite something."""


class Outage(StagelineError):  # noqa: N818 - named for what happened
    """A store cannot be reached: worth a retry."""


class LedgerError(Outage):
    """The ledger cannot be read or written."""


class TrackingError(Outage):
    """MLflow cannot be reached, or does not hold what the ledger says."""
