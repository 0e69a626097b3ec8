"""Contents of report pages: the least, a regression in time, a classification, and strings that mean harm."""

from datetime import UTC, datetime, timedelta

from stageline.reporting.content import (
    ComparedView,
    ConfusionView,
    DataView,
    EstimateView,
    FailureCase,
    FailureGroup,
    GateView,
    ImportanceView,
    ImprovementView,
    KpiView,
    MetricRow,
    MissingItem,
    NextStage,
    ReportContent,
    ServingLine,
    ServingView,
    StepLine,
    TimelinePoint,
    ValueView,
)
from stageline.verdicts import Check, Mode, Verdict

NAN, INF = float("nan"), float("inf")
START = datetime(2026, 3, 21, 14, 5, tzinfo=UTC)

HARM = (
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "]]><!--",
    "&lt;b&gt; & 'x' \"y\"",
    "'; DROP TABLE users; --",
    "{{ 7 * 7 }}{% raw %}",
    "a.b[c]:Q",
    "\u202egpj.exe",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦",
    "a\x00b\x1b[31m\x7f\x9b",
    "\ud800",
    "constructor",
    "__proto__",
    "",
    "   ",
    "x" * 1_000_000,
    "Z" + "\u0351" * 500,
)


def short_id(text):
    return ascii(text[:20])


def estimates(*values):
    names = ("model", "linear baseline", "dummy baseline")
    return tuple(
        EstimateView(name=name, value=value, low=value - 1, high=value + 1)
        for name, value in zip(names, values, strict=False)
    )


def minimal(**changes):
    fields = {
        "pipeline": "bike_demand",
        "stage": "poc",
        "run_id": "manual__2026-03-21",
        "created_at": START,
        "package_version": "0.1.0",
        "verdict": Verdict.INCONCLUSIVE,
        "sentence": "Nothing can be said: no row was left for the holdout.",
        "kpi": KpiView(metric="mean_absolute_error", greater_is_better=False, goal=60, n=0, estimates=()),
        "data": DataView(
            uri="data/bikes.csv",
            source_digest="sha256:9f2c",
            rows=0,
            columns=3,
            train_rows=0,
            holdout_rows=0,
            split="none",
        ),
    }
    return ReportContent(**(fields | changes))


def words(text):
    """Content whose every string is this one, and that fills every section."""
    return minimal(
        pipeline=text,
        stage=text,
        run_id=text,
        package_version=text,
        description=text,
        owners={"business": text},
        sentence=text,
        same_as=text,
        target=text,
        kpi=KpiView(metric=text, greater_is_better=True, goal=0.5, unit=text, n=10, estimates=estimates(0.6, 0.4, 0.1)),
        gate=GateView(
            metric=text,
            champion=3,
            checks=(Check(code="SL-G001", name=text, verdict=Verdict.FAILED, message=text, n=5),),
            parts=(
                ComparedView(part=text, n=5, candidate=1, champion=2, change=1, low=0.5, high=1.5, relative=0.5),
                ComparedView(part=text, n=5, candidate=2, champion=1, change=-1, low=-2, high=-0.5, relative=-1),
            ),
        ),
        metrics=(MetricRow(name=text, greater_is_better=True, estimates=estimates(0.5)),),
        improvements=(
            ImprovementView(over=text, value=1, low=0.5, high=2, relative=0.1, verdict=Verdict.PASSED, message=text),
        ),
        steps=(StepLine(step=text, verdict=Verdict.FAILED, mode=Mode.DRY_RUN, sentence=text),),
        scatter=((1, 2), (2, 1)),
        confusion=ConfusionView(labels=(text, "other"), counts=((3, 1), (0, 4))),
        value=ValueView(amount=10, low=5, high=15, currency=text, how=text),
        serving=ServingView(
            currency=text,
            assumptions=(text,),
            lines=(
                ServingLine(load=text, predictions_per_month=1000, replicas=1, cost_per_month=41.5, cost_per_1000=41.5),
            ),
            latency_ms_single=3.2,
            latency_ms_per_1000=18,
        ),
        quality=(Check(code="SL-Q001", name=text, verdict=Verdict.FAILED, message=text, n=5, details={"k": text}),),
        importance=(
            ImportanceView(feature=text, value=2, low=1, high=3),
            ImportanceView(feature=text, value=1, low=0, high=2),
        ),
        importance_note=text,
        failures=(
            FailureCase(
                key=text,
                time=START,
                actual=text,
                predicted=text,
                cost=9,
                cost_unit=text,
                features={"k": text},
            ),
        ),
        failures_by=(FailureGroup(column=text, value=text, n=5, share_of_cost=0.5, share_of_rows=0.1),),
        data=DataView(
            uri=text,
            source_digest=text,
            rows=10,
            columns=3,
            snapshot_table=text or "t",
            snapshot_version=1234,
            snapshot_digest=text or "d",
            train_rows=8,
            holdout_rows=2,
            split=text,
        ),
        next_stage=NextStage(name=text, missing=(MissingItem(item=text, why=text, how=text),)),
        links={"MLflow": "https://mlflow.example.com/?a=1&b=2", "card": "card.html"},
        notes=(text,),
    )


def timeline(points=290):
    return tuple(
        TimelinePoint(time=START + timedelta(hours=12 * i), actual=i % 7, predicted=i % 5, baseline=3.0)
        for i in range(points)
    )


def full(**changes):
    return words("plain words").model_copy(update={"timeline": timeline(), **changes})
