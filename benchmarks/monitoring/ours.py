"""What our checks say of a scenario's windows: drift without labels, performance with them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from monitoring.rows import holdout_rows, hours_of, reference_rows, windows_of
from monitoring.scenarios import LENGTH, MAX_LOSS, WEEK, YEAR

START = datetime(2025, 1, 1, tzinfo=UTC)
SMOOTHING = 0.3


@dataclass(frozen=True)
class Labelled:
    """What the true values of one window showed.

    :param alarm: Whether its own loss was too large beyond doubt.
    :param smoothed: Whether that of the windows so far was.
    :param outside: Share of its predictions beyond all of the holdout's.
    """

    alarm: bool
    smoothed: bool
    loss: float
    outside: float


@dataclass(frozen=True)
class Judged:
    """One window: whether drift alarmed, whether it did so persistently, what failed; and what its true values showed.

    :param labelled: None: it was not asked.
    """

    alarm: bool
    persistent: bool
    failed: tuple[str, ...]
    labelled: Labelled | None = None


@cache
def profile_of(per_hour, number):
    """Return the profile of a model, as its training makes it."""
    import numpy as np

    from stageline.monitoring.model_profile import Trained, profile_model
    from stageline.monitoring.profiling import Wanted

    table = reference_rows(per_hour, number)
    features = [name for name in table.column_names if name not in ("said", "came")]
    times = None
    if per_hour:
        hours = np.repeat(np.arange(YEAR), per_hour)
        times = np.datetime64(START.replace(tzinfo=None), "us") + (hours * 3_600_000_000).astype("timedelta64[us]")
    trained = Trained(table, features, {"prediction": table["said"]}, np.ones(table.num_rows, bool), times)
    wanted = Wanted({}, window=timedelta(hours=WEEK) if per_hour else None)
    return profile_model(trained, wanted, made_from="sha256:0")


def count(profile, parts):
    """Count a window's rows as the operator does."""
    from stageline.monitoring.outputs import PREDICTION
    from stageline.monitoring.scan import count_rows
    from stageline.monitoring.window_rows import with_reconstruction

    batches = (batch for part in parts for batch in renamed(part, "said", PREDICTION).to_batches())
    return count_rows(with_reconstruction(batches, profile.directions), profile.bins)


def renamed(table, old, new):
    return table.rename_columns([new if name == old else name for name in table.column_names])


def week(begin):
    """Return the week that begins at an hour; of none, none."""
    from stageline.monitoring.windows import Window

    if begin is None:
        return None
    start = START + timedelta(hours=begin)
    return Window(start, start + timedelta(hours=WEEK))


def keeping(parts, kept):
    """Yield parts of rows, and keep what was said of them and what came."""
    for part in parts:
        kept.append((part["said"].to_numpy(), part["came"].to_numpy()))
        yield part


def judge(scenario) -> list[Judged]:
    """Judge a scenario's windows, the later ones with those before in mind."""
    from stageline.monitoring.checks import drift_checks
    from stageline.monitoring.drift import compare
    from stageline.persistence import EarlierRun, Persistence, check_persistence
    from stageline.verdicts import Severity, Verdict

    profile = profile_of(scenario.per_hour, scenario.world)
    rule = Persistence(2, 3, "SL-M009", lambda check: check.name)
    watched = Watched(scenario)
    earlier, found = [], []
    for place, (begin, parts) in enumerate(windows_of(scenario)):
        kept = []
        findings = compare(profile, count(profile, keeping(parts, kept)), week(begin))
        failed = [each for each in findings if each.verdict is Verdict.FAILED and each.weight > 0]
        # A check that says nothing is left out by the rule, too.
        told = drift_checks([each for each in findings if each.verdict is not Verdict.INCONCLUSIVE], Severity.WARNING)
        if place % LENGTH == 0:
            earlier = []
            # A change that stays began with each of these.
            watched = Watched(scenario, watched.released)
        persistent = check_persistence(told, earlier, rule)
        earlier.append(EarlierRun(START + timedelta(days=place), "", [check.model_dump() for check in told]))
        names = tuple(f"{each.column} {each.kind}" for each in failed)
        labelled = watched.judge(kept, begin) if place < scenario.labelled else None
        found.append(Judged(bool(failed), bool(persistent), names, labelled))
    return found


class Watched:
    """The performance of one model, window after window."""

    def __init__(self, scenario, released=None):
        from stageline.monitoring.released import Released

        self.scenario = scenario
        self.released = released or Released(sample_of(*holdout_rows(scenario)))
        self.losses = []

    def judge(self, kept, begin) -> Labelled:
        """Judge the next window as the operator does.

        :param kept: Its rows in parts, what was said and what came.
        :param begin: The hour that it begins at, or none.
        """
        import numpy as np

        from stageline.monitoring.losses import judge_loss
        from stageline.monitoring.performance import measure_performance
        from stageline.monitoring.released import ScoredRows
        from stageline.monitoring.smoothing import smooth
        from stageline.verdicts import Verdict

        hours = None if begin is None else hours_of(self.scenario, begin, begin + WEEK)
        sample = sample_of(*map(np.concatenate, zip(*kept, strict=True)), hours)
        rows = ScoredRows(sample.predictions, np.ones(len(sample), bool), sample)
        # The seed that a project has, unless it says otherwise.
        performance = measure_performance(rows, self.released)
        self.losses.append(performance.loss)
        smoothed = smooth(self.losses, SMOOTHING, shared=performance.shared)
        return Labelled(
            judge_loss(performance.loss, MAX_LOSS) is Verdict.FAILED,
            len(self.losses) > 1 and judge_loss(smoothed.estimate, MAX_LOSS) is Verdict.FAILED,
            performance.loss.value,
            performance.outside,
        )


def sample_of(said, came, hours=None):
    """Return labelled rows of a regression, judged by its mean absolute error."""
    from stageline.evaluation import Predictions
    from stageline.monitoring.samples import Sample

    seconds = None if hours is None else int(START.timestamp()) + hours * 3_600
    return Sample("mean_absolute_error", came, Predictions(said), None, seconds)


def judge_all(group) -> list[list[Judged]]:
    """Judge scenarios that have the reference in common."""
    return [judge(scenario) for scenario in group]
