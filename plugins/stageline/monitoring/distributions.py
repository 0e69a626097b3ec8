"""How a window's values are spread over the reference's bins, beside the reference itself: what a page draws."""

import calendar
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from stageline.monitoring.profile import WHOLE

if TYPE_CHECKING:
    from stageline.monitoring.counts import Counts
    from stageline.monitoring.drift import Finding
    from stageline.monitoring.profile import ColumnProfile, Profile

Count = Annotated[int, Field(ge=0)]
_MONTHS = {name: str(number) for number, name in enumerate(calendar.month_name) if name}


class Distribution(BaseModel):
    """One column's rows in the bins of its profile.

    :param cuts: Ends of a number's bins: the first bin is below all of them, the last above.
    :param names: Categories with a bin of their own; the last bin is for all others.
    :param complete: Whether any other category is new.
    :param reference: Rows of the reference in each bin, of the months that the window was compared with.
    :param current: Rows of the window.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["number", "category"]
    cuts: tuple[FiniteFloat, ...] = ()
    names: tuple[str, ...] = ()
    complete: bool = True
    reference: tuple[Count, ...]
    current: tuple[Count, ...]


class Distributions(BaseModel):
    """The distributions of a window's columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    columns: dict[str, Distribution]


def distributions(
    profile: "Profile", counts: "Counts", findings: "Sequence[Finding]", private: Collection[str] = ()
) -> Distributions:
    """Return what was compared of each column.

    :param counts: Of the window, in one group.
    :param findings: What `compare` found of them: it says which months were compared.
    :param private: Columns that are left out: ends of bins and names of categories are values.
    """
    seasons = {finding.column: finding.season for finding in findings}
    return Distributions(
        columns={
            name: _distribution(column, counts.columns[name].bins[0].tolist(), seasons[name])
            for name, column in profile.columns.items()
            if name in counts.columns and name in seasons and name not in private
        }
    )


def _distribution(column: "ColumnProfile", current: list[int], season: Sequence[str]) -> Distribution:
    parts = [column.parts[_MONTHS[month]].bins for month in season] or [column.parts[WHOLE].bins]
    return Distribution(
        kind=column.kind, cuts=column.cuts, names=column.names, complete=column.complete,
        reference=tuple(map(sum, zip(*parts, strict=True))), current=tuple(current),
    )  # fmt: skip
