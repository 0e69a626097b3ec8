"""How expectations stand in a pipeline's file: one a line, below a comment that says what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageline.onboarding.yaml_text import comment, flow
from stageline.quality import ProposedExpectation
from stageline.spec.models import Expectation
from stageline.spec.strict_yaml import MAX_BYTES, MAX_NODES
from stageline.tables.wording import printable
from stageline.verdicts import Severity

# Room for the sections around the expectations, within what the loader accepts.
_SPARE_NODES = 500
_SPARE_BYTES = 16_384


@dataclass(frozen=True)
class Room:
    """How much a pipeline's file may still hold.

    :param size: Bytes of text.
    :param nodes: YAML values.
    """

    size: int
    nodes: int

    @classmethod
    def beside(cls, size: int, nodes: int) -> "Room":
        """Return the room that the other sections leave in a file, with some to spare."""
        return cls(MAX_BYTES - _SPARE_BYTES - size, MAX_NODES - _SPARE_NODES - nodes)

    def less(self, proposed: ProposedExpectation) -> "Room":
        """Return the room that is left after an expectation and its comment; below 0 if they do not fit."""
        size = sum(len(line.encode()) + 1 for line in _lines(proposed))
        return Room(self.size - size, self.nodes - count_nodes(_entry(proposed.expectation)))


def fitting(proposed: Sequence[ProposedExpectation], room: Room) -> list[ProposedExpectation]:
    """Return as many expectations as there is room for, in their order; critical ones are the first to be kept."""
    kept: set[int] = set()
    for place in sorted(range(len(proposed)), key=lambda place: _is_minor(proposed[place])):
        left = room.less(proposed[place])
        if left.size >= 0 and left.nodes >= 0:
            kept.add(place)
            room = left
    return [item for place, item in enumerate(proposed) if place in kept]


def section_lines(proposed: Sequence[ProposedExpectation], left_out: int = 0) -> list[str]:
    """Return the section `quality:`.

    :param left_out: Number of further ones for which there was no room.
    """
    lines = ["quality:" if proposed else "quality: []"]
    if left_out:
        lines += comment(f"{left_out:,} more were proposed than a spec may hold; they were left out", indent=2)
    for item in proposed:
        lines += _lines(item)
    return lines


def entry_line(entry: Mapping[str, Any]) -> str:
    """Return an expectation as a line of the list, which a terminal can show."""
    # What is not printable stands in double quotes, where YAML reads the escape as the character.
    return f"  - {printable(flow(entry))}"


def _entry(expectation: Expectation) -> dict[str, Any]:
    return {"type": expectation.type, **expectation.arguments, "severity": expectation.severity.value}


def count_nodes(value: Any) -> int:
    """Return how many values the loader will count."""
    if isinstance(value, Mapping):
        return 1 + sum(map(count_nodes, value.values()))
    return 1 + sum(map(count_nodes, value)) if isinstance(value, (list, tuple)) else 1


def _lines(proposed: ProposedExpectation) -> list[str]:
    return [*comment(proposed.support, indent=2), entry_line(_entry(proposed.expectation))]


def _is_minor(proposed: ProposedExpectation) -> bool:
    return proposed.expectation.severity is not Severity.CRITICAL
