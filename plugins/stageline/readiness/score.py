"""The ML Test Score as published: the least of the four sections' sums, and its band."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stageline.readiness.evidence import Section
from stageline.readiness.rule import Result

MOST = 7.0
# Breck et al. (2017), table II: up to and with this score.
_BANDS = (
    (0.0, "research project"),
    (1.0, "serious holes possible"),
    (2.0, "first pass at productionising"),
    (3.0, "reasonably tested"),
    (5.0, "strong, mission-critical"),
)
_ABOVE = "exceptional"


def band_of(score: float) -> str:
    """Return what a score means, in the paper's words."""
    return next((words for most, words in _BANDS if score <= most), _ABOVE)


@dataclass(frozen=True)
class Score:
    """The four sums.

    :param sections: Points of each section, 0 to 7.
    """

    sections: Mapping[Section, float]

    @classmethod
    def of(cls, results: Iterable[Result]) -> "Score":
        """Return the score of judged tests."""
        sums = dict.fromkeys(Section, 0.0)
        for result in results:
            sums[result.test.section] += result.points
        return cls(sums)

    @property
    def value(self) -> float:
        """The least of the four sums."""
        return min(self.sections.values())

    @property
    def band(self) -> str:
        """What it means."""
        return band_of(self.value)

    @property
    def words(self) -> str:
        """The score with its parts, e.g. `1.5 (data 4, model 3.5, infrastructure 1.5, monitoring 2)`."""
        return f"{self.value:g} ({', '.join(f'{section} {points:g}' for section, points in self.sections.items())})"
