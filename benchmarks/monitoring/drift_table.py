"""The table of drift: ours beside the peers', by family, effect and size."""

from collections.abc import Sequence

from monitoring.scenarios import FAMILIES
from monitoring.told import SIZES, Told, alarms_of, cells_of, mean_delay, share, told_change, told_strength

ASKED = (("evidently", "preset"), ("evidently", "any"), ("nannyml", "any"))


def print_drift(told: Sequence[Told]) -> None:
    """Print one row for each family, effect and size."""
    cells = cells_of(told)
    effects = ("none", "trifle", "declared", "twice")
    order = ("none", "season", "trifle", "concept", "declared", "twice")

    def rank(key):
        family, effect, rows = key
        kind = family if family in ("season", "concept") else effect
        return order.index(kind), FAMILIES.index(family), effects.index(effect), rows

    print(
        f"{'drift, without true values':70}{'rows':>6}{'windows':>9}{'ours':>7}{'2 of 3':>8}{'delay':>7}{'2 of 3':>8}"
        f"{'windows':>9}{'evidently':>11}{'any':>6}{'nannyml':>9}"
    )
    for key in sorted(cells, key=rank):
        cell = cells[key]
        (family, effect, rows), quiet = key, cell[0].scenario.quiet
        persistent = f"{share(alarms_of(cell, persistent=True)):.3f}" if quiet else ""
        late = ["" if quiet else f"{mean_delay(cell, persistent=persistent):.2f}" for persistent in (False, True)]
        asked = max(len(alarms_of(cell, who)) for who in ASKED)
        theirs = ["" if (found := share(alarms_of(cell, who))) is None else f"{found:.2f}" for who in ASKED]
        asks = "not to be seen: " if family == "concept" else "false alarms: " if quiet else "power: "
        print(
            f"{asks}{told_change(family, effect)}".ljust(42) + f"{told_strength(cell):28}"
            f"{SIZES.get(rows, f'{rows:,}'):>6}{len(alarms_of(cell)):9}{share(alarms_of(cell)):7.3f}{persistent:>8}"
            f"{late[0]:>7}{late[1]:>8}{asked or '':>9}{theirs[0]:>11}{theirs[1]:>6}{theirs[2]:>9}"
        )
