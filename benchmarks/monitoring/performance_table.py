"""The table of performance: what true values show, beside drift, which does without, and the peer that has both."""

from collections.abc import Sequence

from monitoring.scenarios import FAMILIES
from monitoring.told import (
    SIZES,
    Told,
    alarms_of,
    cells_of,
    loss_alarms,
    mean_loss_delay,
    share,
    told_change,
)

REALISED, ESTIMATED = ("nannyml", "realised"), ("nannyml", "estimated")
ORDER = ("false alarms", "may alarm", "power")


def asked_of(told: Told) -> str:
    """Return what is asked of a scenario: a model that is truly hurt, but less than is declared, may alarm."""
    if told.scenario.unhurt:
        return "false alarms"
    return "power" if told.scenario.family == "concept" and told.scenario.effect == "declared" else "may alarm"


def print_performance(told: Sequence[Told]) -> None:
    """Print one row for each family, effect and size, those apart that truly hurt the model."""
    found = [
        (asked, key, [each for each in cell if asked_of(each) == asked and each.labelled])
        for key, cell in cells_of(told).items()
        for asked in ORDER
    ]
    print(
        f"\n{'performance, with true values':50}{'true loss, %':>14}{'rows':>6}{'windows':>9}{'drift':>7}{'loss':>7}"
        f"{'smoothed':>10}{'either':>8}{'delay':>7}{'either':>8}{'windows':>9}{'realised':>10}{'estimated':>11}"
    )
    for asked, (family, effect, rows), cell in sorted(
        (each for each in found if each[2]),
        key=lambda each: (ORDER.index(each[0]), FAMILIES.index(each[1][0]), each[1][1] == "twice", each[1][1:]),
    ):
        windows = [window for each in cell for window in each.labelled]
        losses = [100 * each.scenario.loss for each in cell]
        span = " to ".join(dict.fromkeys(f"{end:.1f}".replace("-0.0", "0.0") for end in (min(losses), max(losses))))
        late = [
            f"{mean_loss_delay(cell, smoothed=smoothed):.2f}" if asked != "false alarms" else ""
            for smoothed in (False, True)
        ]
        theirs = [
            "" if (said := share(alarms_of(cell, who))) is None else f"{said:.2f}" for who in (REALISED, ESTIMATED)
        ]
        print(
            f"{asked}: {told_change(family, effect)}".ljust(50)
            + f"{span:>14}{SIZES.get(rows, f'{rows:,}'):>6}{len(windows):9}{share(alarms_of(cell)):7.3f}"
            f"{share([each.alarm for each in windows]):7.3f}{share([each.smoothed for each in windows]):10.3f}"
            f"{share(loss_alarms(cell)):8.3f}{late[0]:>7}{late[1]:>8}{len(alarms_of(cell, REALISED)) or '':>9}"
            f"{theirs[0]:>10}{theirs[1]:>11}"
        )
