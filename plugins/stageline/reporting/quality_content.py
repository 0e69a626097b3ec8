"""Everything the data-quality page shows: the report as recorded, and what it is laid beside."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from stageline.reporting.content import Count, View
from stageline.verdicts import Report, Verdict


class Recorded(BaseModel):
    """Base of what comes from a record: frozen, and open to keys that other versions wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class HistogramView(Recorded):
    """How a column's values are spread: over bins of numbers, or over the most frequent texts.

    :param edges: Bounds of the bins, ascending, one more than counts; empty for texts.
    :param values: The texts counted, where there are no bins.
    :param outside: Numbers beyond the edges, or texts other than `values`.
    """

    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    counts: tuple[Count, ...] = ()
    outside: Count = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        bins = len(self.edges) - 1 if self.edges else len(self.values)
        if len(self.counts) != bins:
            raise ValueError(
                f"a histogram of {len(self.edges)} edges or {len(self.values)} values has {bins} counts, "
                f"found {len(self.counts)}"
            )
        if any(not low <= high for low, high in pairwise(self.edges)):
            raise ValueError(f"edges must ascend, found {list(self.edges[:8])}")
        return self

    @property
    def total(self) -> int:
        """Number of values, those outside included."""
        return sum(self.counts) + self.outside


class ColumnView(Recorded):
    """Small statistics of one column.

    :param count: Values that are not null.
    :param min: Least number, or the first time as text.
    :param max: Greatest number, or the last time as text.
    """

    type: str = ""
    count: Count = 0
    nulls: Count = 0
    infinite: Count = 0
    min: int | float | str | None = None
    max: int | float | str | None = None
    mean: float | None = None
    histogram: HistogramView | None = None


Statistics = Mapping[str, ColumnView]


class QuarantineView(Recorded):
    """How many rows were put aside, and where they lie.

    :param readmitted: Rows among the passed that failed, but that a person let in.
    :param table: Delta table of the quarantined rows.
    """

    rows_in: Count
    passed: Count
    quarantined: Count
    readmitted: Count = 0
    table: str | None = None
    version: Count | None = None


class QualityEvidence(Recorded):
    """What of the report's evidence the page shows; a refused run has none of it."""

    rows: Count | None = None
    columns: Count | None = None
    engine: str | None = None
    statistics: Statistics = Field(default_factory=dict)
    quarantine: QuarantineView | None = None


class ReferenceView(View):
    """An earlier run that the statistics are compared with."""

    run_id: str
    time: AwareDatetime
    statistics: Statistics


class TrendPoint(Recorded):
    """One metric in one run, and the band it was expected in."""

    at: AwareDatetime
    value: float | None
    low: float | None = None
    high: float | None = None
    verdict: Verdict | None = None


class QuarantinedRow(View):
    """One row that was put aside.

    :param id: Names the row when it is let in again.
    :param row: Position in the source, from 0.
    :param line: Line of the file, where the row could not be read as one.
    :param expectations: Names of the checks it failed.
    :param reasons: Why, in words.
    :param values: Column to value, private ones masked by the caller.
    """

    id: str
    row: Count | None = None
    line: Count | None = None
    expectations: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    values: Mapping[str, Any] = Field(default_factory=dict)


def _known_shape(report: Report) -> Report:
    QualityEvidence.model_validate(report.evidence)
    return report


class QualityContent(View):
    """All that one data-quality page shows.

    :param name: Name of the pipeline or the table.
    :param source_digest: Digest of the source as it was read; a refused source has none.
    :param report: The report as recorded, whatever its checks.
    :param reference: The run that the columns are compared with, if there is one.
    :param quarantined_rows: Some of the rows that were put aside.
    :param trend: Metric to its values in the last runs, the oldest first: `rows`, `hum: null share`, `hum: mean`.
        The caller leaves out means of private columns.
    :param private: Columns of which no value is shown, whatever the record holds.
    """

    name: str
    run_id: str
    created_at: AwareDatetime
    source_uri: str
    source_digest: str | None = None
    report: Annotated[Report, AfterValidator(_known_shape)]
    reference: ReferenceView | None = None
    quarantined_rows: tuple[QuarantinedRow, ...] = ()
    trend: Mapping[str, tuple[TrendPoint, ...]] = Field(default_factory=dict)
    private: frozenset[str] = frozenset()

    @property
    def evidence(self) -> QualityEvidence:
        """The report's evidence, as far as the page shows it."""
        return QualityEvidence.model_validate(self.report.evidence)
