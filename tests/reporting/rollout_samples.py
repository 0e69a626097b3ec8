"""Contents of rollout pages: the least, one that went through all its steps, and one of hostile names."""

from datetime import UTC, datetime, timedelta

from stageline.reporting.rollout_content import (
    AbPoint,
    AbTestView,
    ApprovalView,
    ArmView,
    LookView,
    MetricPoint,
    MetricView,
    RolloutContent,
    ShareView,
    StepView,
    TriedModel,
)
from stageline.verdicts import Verdict

BEGAN = datetime(2026, 11, 21, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = ((5, 0, 3), (25, 3, 5), (50, 5, 8))
LINK = "http://127.0.0.1:5000/#/experiments/1/runs/2"


def minimal(**changes):
    """Return a rollout that has just begun: nobody has looked."""
    fields = {
        "pipeline": "bikes", "stage": "production", "sequence": 4, "state": "under_way", "reason": "", "began": BEGAN,
        "as_of": BEGAN, "candidate": TriedModel(version=2), "shares": (ShareView(at=BEGAN, percent=5),),
        "steps": (StepView(percent=5, began=BEGAN),),
    }  # fmt: skip
    return RolloutContent(**{**fields, **changes})


def look(number, text="no check found harm", action=None):
    percent = next(percent for percent, _, last in STEPS if number <= last)
    advances = number in {last for _, _, last in STEPS[:-1]}
    return LookView(
        number=number, position=10 + number, at=BEGAN + number * HOUR, percent=percent,
        action=action or ("advance" if advances else "promote" if number == 8 else "hold"), reason=text,
    )  # fmt: skip


def metric(kind="error_rate", code="SL-R010", name="error_rate", text="as good", looks=8, **changes):
    """Return a limit whose bounds close in on a difference of nearly nothing."""
    points = tuple(
        MetricPoint(
            at=BEGAN + number * HOUR, verdict=Verdict.PASSED if number > 4 else Verdict.INCONCLUSIVE,
            **{
                "value": 0.002, "low": -0.04 / number, "high": 0.05 / number, "limit": 0.01, "canary": 0.006,
                "champion": 0.004, **changes,
            },
        )
        for number in range(1, looks + 1)
    )  # fmt: skip
    return MetricView(kind=kind, code=code, name=name, points=points, message=text)


def metrics(text="as good", looks=8):
    ranges = {"canary_range": (150.0, 310.0), "champion_range": (140.0, 300.0)}
    return (
        metric(text=text, looks=looks),
        metric("error_rate_own", "SL-R011", f"error_rate({text})", text, looks, canary=None, champion=None),
        metric("latency", "SL-R012", f"latency({text})", text, looks, canary=24.0, champion=23.0, limit=0.5),
        metric("latency_own", "SL-R013", "latency(max_ms)", text, looks, canary=None, champion=None),
        metric("predictions", "SL-R014", "predictions", text, looks, canary=210.0, champion=200.0, limit=0.2, **ranges),
        metric("kpi", "SL-R015", "kpi", text, looks, canary=24.4, champion=23.9, limit=0.1),
    )


def ab_test(text="bought", **changes):
    fields = {
        "column": text,
        "unit": "points",
        "least": 0.02,
        "until": BEGAN + 17 * HOUR,
        "outcome": "better",
        "stop": True,
        "sentence": f"the canary is better: 17.0 % with the canary and 11.8 % with the champion {text}",
        "rows": (1_497, 1_495),
        "points": tuple(AbPoint(at=BEGAN + n * HOUR, value=0.05, low=0.2 / n - 0.02, high=0.9 / n) for n in (6, 7, 8)),
    }
    return AbTestView(**{**fields, **changes})


def full(text="mo", **changes):
    """Return a rollout that was promoted, with every part; a text stands wherever a name or a sentence may."""
    arm = ArmView(events=1_200, errors={text: 3, "not_finite": 1})
    fields = {
        "pipeline": text, "stage": text, "sequence": 4, "state": "promoted", "reason": text, "actor": text,
        "began": BEGAN, "as_of": BEGAN + 8 * HOUR, "ended": BEGAN + 8 * HOUR,
        "candidate": TriedModel(version=2, digest=text, mlflow_run=text, dag_run=text, link=LINK),
        "champion": TriedModel(version=1, digest=text, mlflow_run=text, dag_run=text, link=LINK),
        "shares": tuple(ShareView(at=BEGAN + first * HOUR, percent=percent) for percent, first, _ in STEPS),
        "steps": tuple(
            StepView(
                percent=percent, began=BEGAN + first * HOUR, until=BEGAN + last * HOUR, looks=last - first,
                canary=arm, champion=arm,
            )
            for percent, first, last in STEPS
        ),
        "looks": tuple(look(number, text) for number in range(1, 9)),
        "metrics": metrics(text), "ab_test": ab_test(text),
        "approvals": (
            ApprovalView(by=text, at=BEGAN, verdict=Verdict.PASSED, sentence=text, position=2),
            ApprovalView(by=text, at=BEGAN, verdict=Verdict.FAILED, sentence=text, position=3),
        ),
        "dag_id": text, "run_id": text, "links": {text: "http://127.0.0.1:8080/dags"}, "package_version": text,
        "unread": (text,),
    }  # fmt: skip
    return RolloutContent(**{**fields, **changes})
