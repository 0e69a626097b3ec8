"""The reference profile: what a model's training data looked like, small enough to be an artifact of the model."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from stageline.exceptions import ArtifactError
from stageline.monitoring.bins import Bins, CategoryBins, NumericBins
from stageline.monitoring.measures import MEASURES
from stageline.monitoring.reconstruction import Directions

if TYPE_CHECKING:
    import numpy as np

    from stageline.monitoring.counts import ColumnCounts

WHOLE = ""
Count = Annotated[int, Field(ge=0)]
Role = Literal["feature", "prediction", "confidence", "reconstruction"]


class PartCounts(BaseModel):
    """One column's rows in one part of the reference, e.g. in all its Januaries.

    :param bins: Rows in each bin.
    :param nulls: Rows without a value.
    :param odd: Rows whose number is NaN or infinite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bins: tuple[Count, ...]
    nulls: Count = 0
    odd: Count = 0

    @classmethod
    def of(cls, counts: "ColumnCounts") -> "PartCounts":
        """Return the counts of one group."""
        return cls(bins=tuple(counts.bins[0].tolist()), nulls=int(counts.nulls[0]), odd=int(counts.odd[0]))

    def array(self) -> "np.ndarray":
        """Return the rows in each bin, shape (bins,)."""
        import numpy as np

        return np.array(self.bins, np.int64)


class ColumnProfile(BaseModel):
    """One column of the reference.

    :param role: `feature`, or what the model says of each row: its `prediction`, the width of its bounds or its
        probability (`confidence`), or how badly a row is rebuilt from the features' main directions.
    :param cuts: Ends of a numeric column's bins.
    :param names: Categories with a bin of their own.
    :param complete: Whether there were no other categories.
    :param center: Mean of a numeric column.
    :param spread: Its standard deviation.
    :param weight: How much the column counts among the others, 1 on average: its importance to the model.
    :param parts: Rows of the whole reference (empty name), and of each month of the year (`1` to `12`).
    :param ordinary: By signal, how far windows of the reference are from the rest of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["number", "category"]
    role: Role = "feature"
    cuts: tuple[FiniteFloat, ...] = ()
    names: tuple[str, ...] = ()
    complete: bool = True
    center: FiniteFloat = 0.0
    spread: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    weight: Annotated[FiniteFloat, Field(ge=0)] = 1.0
    parts: Mapping[str, PartCounts]
    ordinary: Mapping[str, tuple[FiniteFloat, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _require_agreement(self) -> Self:
        """Require bins that can be counted in, and as many counts."""
        if any(low >= high for low, high in pairwise(self.cuts)):
            raise ValueError("its cuts do not increase")
        if len(set(self.names)) < len(self.names):
            raise ValueError("a category has two bins")
        if WHOLE not in self.parts:
            raise ValueError("the counts of the whole reference are missing")
        if wrong := [name for name, part in self.parts.items() if len(part.bins) != self.bins.count]:
            found = len(self.parts[wrong[0]].bins)
            raise ValueError(f"part {wrong[0]!r} has {found} counts; expected {self.bins.count}")
        return self

    @property
    def bins(self) -> Bins:
        """The bins that it is counted in."""
        return NumericBins(self.cuts) if self.kind == "number" else CategoryBins(self.names, complete=self.complete)


class Profile(BaseModel):
    """The reference of one model.

    :param made_from: Digest of the snapshot that it was made from.
    :param rows: How many rows that has.
    :param first: First event time, ISO 8601; empty without one.
    :param last: Last event time.
    :param window_seconds: Length of the windows whose ordinary distances were taken; none: none were.
    :param measure: The measure of these distances.
    :param directions: The main directions of its numbers; none: too few columns vary.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    made_from: str
    rows: Count
    first: str = ""
    last: str = ""
    window_seconds: Annotated[float, Field(gt=0)] | None = None
    measure: str = "jensen_shannon"
    columns: Mapping[str, ColumnProfile]
    directions: Directions | None = None

    @model_validator(mode="after")
    def _require_measure(self) -> Self:
        if self.measure not in MEASURES:
            raise ValueError(f"measure {self.measure!r} is not known; there are: {', '.join(MEASURES)}")
        return self

    @property
    def bins(self) -> dict[str, Bins]:
        """The bins of all columns."""
        return {name: column.bins for name, column in self.columns.items()}

    def to_json(self) -> str:
        """Return the profile as one line of JSON, without what is as by default."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> "Profile":
        """Read a profile.

        :param name: How errors call its place.
        :raises ArtifactError: The text is no profile.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise ArtifactError(f"{name!r} is no reference profile: {where}: {first['msg']}; train again") from error
