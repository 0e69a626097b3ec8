"""What is simulated: a family of change, its effect, its size, and how many windows in a row show it."""

from collections.abc import Sequence
from dataclasses import dataclass

LENGTH, WORLDS = 6, 3
YEAR, WEEK, WEEKS = 8_760, 168, 48
TRIO = ("t0", "t1", "t2")
# Which columns a family changes, in turn.
CHANGED = {
    "mean": ("n0", "l0", "k1"),
    "scale": ("n1", "l1", "n0"),
    "tail": ("n0", "l0", "n1"),
    "category": ("c0", "c1", "c2"),
    "new": ("c0", "c1", "c2"),
    "missing": ("n1", "l0", "c0"),
    "correlation": ("t1",),
}
FAMILIES = ("none", *CHANGED, "concept", "season", "mean in season")
# Limits of shares by default; of all others it is that of the distance, of a concept that of the loss.
SHARES = {"tail": 0.01, "new": 0.01, "missing": 0.05}
LIMIT, MAX_LOSS = 0.1, 0.10
# A change of the rows hurts the model if it truly loses more than this.
UNHURT = MAX_LOSS / 2


@dataclass(frozen=True)
class Scenario:
    """Some windows in a row, all with the same change.

    :param effect: `none`, `trifle` (half the limit), `twice` (the limit) or `declared`.
    :param strength: In standard deviations, as a factor less one, or as a share: as the family has it.
    :param per_hour: Of seasonal rows, how many an hour; 0: the rows have no time.
    :param peers: Whether they judge its windows, too; of a year every fourth week.
    :param loss: By how much the model is truly worse than its mix of predictions leads one to expect, as a share.
    """

    family: str
    effect: str
    rows: int
    number: int
    column: str = ""
    strength: float = 0.0
    length: int = LENGTH
    per_hour: int = 0
    peers: bool = False
    loss: float = 0.0

    @property
    def world(self) -> int:
        """Which reference."""
        return self.number if self.per_hour else (self.number + self.number // WORLDS) % WORLDS

    @property
    def quiet(self) -> bool:
        """Whether an alarm of drift is a false one."""
        return self.family == "concept" or self.effect in ("none", "trifle")

    @property
    def unhurt(self) -> bool:
        """Whether an alarm of performance is a false one."""
        return self.loss <= UNHURT

    def dose(self, family: str, column: str) -> float:
        """Return how strongly a column is changed in one way."""
        return self.strength if (family, column) == (self.family, self.column) else 0.0

    @property
    def name(self) -> str:
        return "-".join(map(str, (self.family, self.effect, self.rows, self.number, self.per_hour)))

    @property
    def places(self) -> Sequence[int]:
        """The windows that the peers judge."""
        return range(0, self.length, 4 if self.per_hour else 1) if self.peers else ()

    @property
    def labelled(self) -> int:
        """How many of its windows have true values: of many rows few, since each takes long."""
        if self.rows < 100_000:
            return self.length
        few = 3 if self.family in ("none", "concept") else 1
        return few if self.rows < 1_000_000 else few // 3 * (self.family in ("none", "concept"))

    @property
    def reference(self) -> str:
        return f"reference-{self.per_hour}-{self.world}"
