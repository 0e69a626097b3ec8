"""That the judge of many canaries at once says what `judge_traffic` says of each."""

from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import numpy as np

from rollout.ours import judge
from rollout.settings import ALPHA, MIN_EVENTS, QUANTILE, Setting, shortened
from rollout.traces import Latencies, Losses, latencies_of, losses_of, simulate, values, worse
from stageline.release.rollout.judge import judge_traffic
from stageline.spec.rollout import ErrorRate, KpiLoss, Latency, PredictionShift
from stageline.traffic import Arm, Traffic
from stageline.verdicts import Verdict

BEGAN, HOUR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)
CANARIES, LOOKS = 4, 8
METRICS = {
    "error_rate": lambda setting: ErrorRate(metric="error_rate", max_increase=setting.limit),
    "latency": lambda setting: Latency(metric="latency", quantile=QUANTILE, max_increase=setting.limit),
    "kpi": lambda setting: KpiLoss(metric="kpi", max_loss=setting.limit),
    "predictions": lambda setting: PredictionShift(metric="predictions", max_distance=setting.limit),
}


def same_verdicts(setting: Setting, effect: float) -> int:
    """Return how many looks were compared with `judge_traffic`, one for one."""
    rng = np.random.default_rng(17)
    few = shortened(setting, LOOKS)
    if setting.metric == "predictions":
        return _as_expected(rng, few, effect)
    if setting.metric == "error_rate":
        trace = simulate(rng, few, effect, CANARIES)
        arms = [_errors(few, trace, canary) for canary in range(CANARIES)]
    else:
        drawn = [values(rng, few, worse(few, effect), look, CANARIES) for look in range(LOOKS)]
        drawn = [tuple(part.astype(float) for part in look) for look in drawn]
        kind, told = (Losses, losses_of) if setting.metric == "kpi" else (Latencies, latencies_of)
        parts = zip(*(told(few, *look) for look in drawn), strict=True)
        trace = kind(*(np.stack(part, axis=-1) for part in parts))
        field = "losses" if setting.metric == "kpi" else "latency_ms"
        arms = [
            [tuple(Arm(part.shape[1], **{field: part[canary]}) for part in look) for look in drawn]
            for canary in range(CANARIES)
        ]
    said = judge(few, trace)
    for canary, pairs in enumerate(arms):
        traffic = _traffic(few, pairs)
        for look in range(LOOKS):
            verdict = _verdict(few, traffic[: look + 1])
            ours = (bool(said.failed[canary, look]), bool(said.passed[canary, look]))
            assert (verdict is Verdict.FAILED, verdict is Verdict.PASSED) == ours, (setting.name, effect, canary, look)
    return CANARIES * LOOKS


def _as_expected(rng, setting, effect):
    """Compare only what comes of it: the points that are compared follow from the rows themselves."""
    pairs = [
        (Arm(rows, predictions=rng.normal(worse(setting, effect), 1, rows)), Arm(of, predictions=rng.normal(0, 1, of)))
        for rows, of in zip(setting.canary_rows, setting.champion_rows, strict=True)
    ]
    verdict = _verdict(setting, _traffic(setting, pairs))
    assert verdict is (Verdict.FAILED if effect >= 1 else Verdict.PASSED), (setting.name, effect, verdict)
    return 1


def _errors(setting, trace, canary):
    hits, champion_hits = (part[canary] for part in astuple(trace))
    return [
        (Arm(int(rows), {"exception": int(hit)}), Arm(int(of), {"exception": int(champion_hit)}))
        for rows, of, hit, champion_hit in zip(
            setting.canary_rows, setting.champion_rows, hits, champion_hits, strict=True
        )
    ]


def _traffic(setting, pairs):
    return [
        Traffic(BEGAN + at * HOUR, BEGAN + (at + 1) * HOUR, round(100 * setting.split[at]), champion, canary)
        for at, (canary, champion) in enumerate(pairs)
    ]


def _verdict(setting, traffic):
    (check,) = judge_traffic(traffic, (METRICS[setting.metric](setting),), min_events=MIN_EVENTS, alpha=ALPHA)
    return check.verdict
