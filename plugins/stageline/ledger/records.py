"""What a caller appends, what the ledger keeps of it, and what a broken chain looks like."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from stageline.verdicts import Mode, Verdict

MAX_SENTENCE = 2_000
_LARGEST_INTEGER = 2**31 - 1


def _storable(value: str) -> str:
    # PostgreSQL cannot hold it in text, and both databases have to hold the same bytes.
    if "\0" in value:
        raise ValueError(f"{value!r} holds a NUL character; take it out")
    return value


def _shown(value: object) -> object:
    # A sentence quotes data, and no report may go unrecorded because the data are odd.
    if not isinstance(value, str):
        return value
    clean = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= MAX_SENTENCE else f"{clean[: MAX_SENTENCE - 1]}…"


Text = Annotated[str, Field(max_length=250), AfterValidator(_storable)]
Name = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_storable)]
# 600 characters of four bytes still fit into an index of PostgreSQL.
Key = Annotated[str, Field(min_length=1, max_length=600), AfterValidator(_storable)]


class Entry(BaseModel):
    """One thing that happened, as a caller appends it.

    :param kind: What sort of thing happened: `step` for a step of a DAG run.
    :param sentence: The conclusion for a person; cut at 2,000 characters, the evidence keeps it in full.
    :param evidence: JSON values the verdict rests on, e.g. a report; at most 1 MiB, finite numbers only.
    :param stage: The pipeline's maturity when it happened.
    :param mode: Whether the verdict could stop the pipeline.
    :param map_index: Index of a mapped task; -1 for a task that is not mapped.
    :param try_number: Which try of the task wrote this.
    :param actor: Person or service that caused it; empty for the scheduler.
    :param idempotency_key: Names this entry in the whole ledger; a second entry with it is not written.
    :param spec_digest: Digest of the pipeline's YAML file.
    :param package_version: Version of Stageline that wrote this.
    :param metered: What the work took, by what was counted: seconds, GiB, bytes, rows; none: nothing was metered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: Name
    kind: Name = "step"
    step: Name
    verdict: Verdict
    sentence: Annotated[str, BeforeValidator(_shown)]
    evidence: Mapping[str, Any] = Field(default_factory=dict)
    stage: Text
    mode: Mode
    dag_id: Text
    run_id: Text
    task_id: Text
    map_index: Annotated[int, Field(ge=-1, le=_LARGEST_INTEGER)] = -1
    try_number: Annotated[int, Field(ge=0, le=_LARGEST_INTEGER)] = 1
    actor: Text = ""
    idempotency_key: Key
    spec_digest: Text
    package_version: Text
    metered: Mapping[str, float | int] | None = None


class Record(Entry):
    """An entry at its place in its pipeline's chain.

    :param position: Place in the pipeline's chain: 1, 2, 3 and so on without a gap.
    :param recorded_at: When it was written, in UTC.
    :param previous_digest: Digest of the record before; 64 zeros for the first one.
    :param digest: SHA-256 over everything else, in hexadecimal.
    """

    position: Annotated[int, Field(ge=1)]
    recorded_at: AwareDatetime
    previous_digest: str
    digest: str


class ChainFault(BaseModel):
    """One place where a chain does not hold.

    :param position: Place in the pipeline's chain: of the record that is wrong, or of the first one missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: str
    position: int
    message: str
