"""The table of rollouts: one row for each setting and effect, our judge first, then the other rules."""

from collections.abc import Sequence

from rollout.rules import RULES
from rollout.told import Told


def print_table(told: Sequence[Told]) -> None:
    """Print what came of the canaries: shares, and the median number of rows until the decision."""
    rules = "".join(f"{name:>9}{'rows':>9}" for name in RULES)
    print(
        f"{'setting':28}{'canary':10}{'canaries':>9}{'failed':>8}{'promoted':>9}{'undecided':>10}{'rows':>9}  |{rules}"
    )
    for each in told:
        theirs = "".join(
            f"{each.rules[name][0]:9.3f}{_rows(each.rules[name][1]):>9}" if name in each.rules else " " * 18
            for name in RULES
        )
        print(
            f"{each.setting.name:28}{each.effect:10}{each.canaries:9,}{each.failed:8.3f}{each.promoted:9.3f}"
            f"{each.undecided:10.3f}{_rows(each.events):>9}  |{theirs}"
        )


def print_late(late: dict[str, dict[str, float]]) -> None:
    """Print how many of those that break late are found in that very interval."""
    print(
        f"\n{'breaks after half of the looks, found at once':48}{'ours':>8}" + "".join(f"{name:>9}" for name in RULES)
    )
    for name, shares in late.items():
        print(f"{name:48}{shares['ours']:8.3f}" + "".join(f"{shares[rule]:9.3f}" for rule in RULES))


def _rows(count: float) -> str:
    return f"{count:,.0f}" if count else "-"
