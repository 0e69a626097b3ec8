"""A pipeline in production whose every test of readiness is earned, as plain facts, and facts taken away or aged."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stageline.readiness import TESTS, Fact, Facts, Readiness, content_digest, judge_readiness
from stageline.spec.models import PipelineSpec
from stageline.verdicts import Check, Verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWNERS = {"business": "dana", "model": "mo", "data": "di", "operations": "olu"}
NEW, OLD = {"version": 2, "digest": "sha256:2"}, {"version": 1, "digest": "sha256:1"}


def spec_of(stage: str = "production", **changes: Any) -> PipelineSpec:
    return PipelineSpec.model_validate(
        {
            "pipeline": "small", "stage": stage, "owners": OWNERS,
            "source": {"uri": "data/small.csv", "keys": ["id"], "event_time": "at"},
            "target": {"column": "y", "task": "regression"},
            "quality": [{"type": "expect_column_values_to_not_be_null", "column": "x"}],
            "train": {"estimator": "sklearn.ensemble.RandomForestRegressor"},
            "kpi": {"metric": "mean_absolute_error", "max": 5, "value_per_unit": 1},
            "gates": {"slices": ["colour"]},
            "release": {
                "target": "batch", "approvers": ["model"],
                "rollout": {"steps": [25], "interval": "PT1H", "deadline": "P1D"},
            },
            "monitor": {"window": "P7D", "drift": {"fail_above": 0.1}, "persist": {"k": 1, "n": 2}},
            **changes,
        }
    )  # fmt: skip


def check(code: str, verdict: str = "passed", message: str = "", **given: Any) -> Check:
    return Check(
        code=code,
        name=given.pop("name", code),
        verdict=Verdict(verdict),
        message=message or f"{code} {verdict}",
        **given,
    )


class Log:
    """Records in the order in which they are written, each an hour after the one before and before now."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def add(self, step: str, *checks: Check, kind: str = "step", verdict: str = "passed", **given: Any) -> int:
        position = len(self.facts) + 1
        body = {"evidence": {"kept": True, **given.pop("body", {})}}
        fact = Fact(
            position=position, digest=f"{position:064d}", at=NOW - timedelta(hours=100 - position), kind=kind,
            step=step, verdict=Verdict(verdict), sentence=given.pop("sentence", f"{step} {verdict}"), checks=checks,
            evidence={**body, **given.pop("evidence", {})}, run=given.pop("run", f"small.train/run-{position}"), **given,
        )  # fmt: skip
        self.facts.append(fact)
        return position

    def earned(self, code: str, verdict: str = "passed", **body: Any) -> int:
        return self.add("earn", kind="earned", verdict=verdict, body={"code": code, "worth": 1.0, **body})

    def attested(self, code: str) -> int:
        return self.add("attestation", kind="attestation", evidence={"code": code, "by": "dana"})


EARNED = (
    "SL-L102", "SL-L103", "SL-L106", "SL-L107", "SL-L203", "SL-L301", "SL-L302", "SL-L303", "SL-L403",
)  # fmt: skip


def full_log(spec: PipelineSpec) -> Log:
    log = Log()
    for code in EARNED:
        log.earned(code)
    log.earned("SL-L201", content=content_digest(spec))
    log.earned("SL-L204", stale_after_days=60)
    for code in ("SL-L105", "SL-L207", "SL-L305"):
        log.attested(code)
    for run in range(3):
        log.add(
            "quality", check("SL-Q001"), check("SL-Q015"), run=f"small.train/run-{run}",
            body={"source": {"rows": 300}, "quarantine": {"quarantined": 2}},
        )  # fmt: skip
    log.add("features", body={"numeric": ["x", "z"], "categorical": ["colour"], "split": "latest 20 %"})
    log.add("train", check("SL-T001"), body={"model": {"digest": "sha256:2", "size_bytes": 10}})
    log.add("validate", check("SL-V008"), check("SL-V005"), check("SL-V009", value=2.0), check("SL-V010", value=300.0))
    judged = log.add(
        "evaluate", check("SL-E001", name="kpi(mean_absolute_error)", limit=5.0), check("SL-E002"), check("SL-E003"), check("SL-G002"), check("SL-G004"),
        body={"importance": [{"feature": "x", "value": 1.0, "low": 0.8, "high": 1.2}], "latency": {"single_ms": 2.0}},
    )  # fmt: skip
    blessed = log.add(
        "validate", check("SL-V008"), check("SL-V005"), check("SL-V009", value=2.1), check("SL-V010", value=310.0)
    )
    log.add("approve", kind="approval", evidence={"evidence": "sha256:e", "by": "mo"})
    log.add("rollout", kind="canary", evidence={"canary_change": {"after": {"model": NEW, "percent": 25}}})
    log.add(
        "rollout", kind="promotion",
        evidence={
            "evidence": "sha256:e", "records": {"evaluate": judged, "validate": blessed},
            "head_change": {"before": OLD, "after": NEW},
        },
    )  # fmt: skip
    log.add("score", check("SL-B003"), check("SL-B005"), check("SL-B006"))
    log.add("performance", check("SL-M013"), check("SL-M014"))
    log.add("alert")
    log.add("drill")
    log.add("cost_forecast", kind="cost_forecast")
    return log


def full_facts(stage: str = "production", **changes: Any) -> Facts:
    """Return facts that earn every test and every requirement."""
    spec = spec_of(stage, **changes)
    return Facts(spec, tuple(full_log(spec).facts[::-1]))


def judged(facts: Facts, now: datetime = NOW) -> Readiness:
    return judge_readiness(facts, now)


def points(facts: Facts, now: datetime = NOW) -> Mapping[str, float]:
    return {each.test.code: each.points for each in judge_readiness(facts, now).results}


def _change(facts: Facts, code: str, change: Callable[[Facts, set[int]], Facts]) -> Facts:
    """Change what a test rests on, and then what stands in for it, until its points fall."""
    before = points(facts)[code]
    for _ in range(20):
        result = next(each for each in judged(facts).results if each.test.code == code)
        if result.points < before:
            return facts
        facts = change(facts, {each.position for each in result.evidence})
    raise AssertionError(f"the points of {code} do not fall")


def without(facts: Facts, code: str) -> Facts:
    """Return the facts without what a test rests on."""
    return _change(
        facts, code,
        lambda kept, gone: replace(kept, facts=tuple(each for each in kept.facts if each.position not in gone)),
    )  # fmt: skip


def aged(facts: Facts, code: str) -> Facts:
    """Return the facts with what a test rests on older than it may be."""
    longest = max(test.lifetime for test in TESTS) + timedelta(days=30)
    return _change(
        facts, code,
        lambda kept, old: replace(
            kept,
            facts=tuple(replace(each, at=each.at - longest) if each.position in old else each for each in kept.facts),
        ),
    )  # fmt: skip


def changed(facts: Facts, step: str, **given: Any) -> Facts:
    """Return the facts with the newest record of a step changed."""
    position = next(each.position for each in facts.facts if each.step == step)
    return replace(
        facts, facts=tuple(replace(each, **given) if each.position == position else each for each in facts.facts)
    )


def with_fact(facts: Facts, **given: Any) -> Facts:
    """Return the facts with a newest one added."""
    position = max((each.position for each in facts.facts), default=0) + 1
    fact = Fact(
        **{"position": position, "digest": "d" * 64, "at": NOW, "kind": "step", "verdict": Verdict.PASSED, **given}
    )
    return replace(facts, facts=(fact, *facts.facts))
