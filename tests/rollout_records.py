"""Rollouts as a ledger has them: hours of drawn traffic, judged and decided upon as the operator does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from stageline.ledger import Entry, Ledger, ModelVersion, store
from stageline.release.rollout.ab_test import compare_outcomes
from stageline.release.rollout.decision import Look, decide
from stageline.release.rollout.judge import judge_traffic
from stageline.spec.rollout import Rollout
from stageline.traffic import Arm, Traffic

BEGAN = datetime(2026, 11, 21, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
METRICS = (
    {"metric": "error_rate", "max_increase": 0.01, "max": 0.05},
    {"metric": "latency", "quantile": 0.95, "max_increase": 0.5},
    {"metric": "predictions", "max_distance": 0.2},
    {"metric": "kpi", "max_loss": 0.2},
)
PLAN = {"steps": (5, 25, 50), "interval": HOUR, "deadline": timedelta(days=1), "min_events": 100, "metrics": METRICS}
TEST = {"duration": timedelta(hours=12), "outcome": {"column": "bought", "kind": "rate"}, "effect": 0.02}


@dataclass
class Clock:
    """What the ledger takes for the time."""

    at: datetime

    def now(self, zone: object) -> datetime:
        return self.at


def plan(**changes: Any) -> Rollout:
    return Rollout.model_validate({**PLAN, **changes})


def model(version: int, mlflow_run: str = "") -> ModelVersion:
    return ModelVersion(
        version=version, uri="file:///m", digest=f"sha256:{version:064d}", mlflow_run=mlflow_run or f"run-{version}",
        snapshot=version, dag_run=f"bikes.train/r{version}",
    )  # fmt: skip


def entry(kind: str, key: object, sentence: str, evidence: Mapping[str, Any] | None = None, **changes: Any) -> Entry:
    given = {
        "pipeline": "bikes", "kind": kind, "step": "rollout", "verdict": "passed", "sentence": sentence,
        "evidence": evidence or {}, "stage": "production", "mode": "enabled", "dag_id": "bikes.train", "run_id": "r2",
        "task_id": "rollout", "actor": "", "idempotency_key": f"{kind}/{key}", "spec_digest": "",
        "package_version": "", **changes,
    }  # fmt: skip
    return Entry.model_validate(given)


def arm(
    rng: np.random.Generator, rows: int, *, errors: float = 0.002, kind: str = "exception", slower: float = 1.0,
    shift: float = 0.0, loss: float = 1.0, came: float = 0.1, classes: bool = False,
) -> Arm:  # fmt: skip
    """Return one arm's rows of an hour."""
    failed = int(rng.binomial(rows, errors))
    answers = rows - failed
    numbers = rng.normal(200 + 80 * shift, 80, answers)
    return Arm(
        rows, {kind: failed} if failed else {},
        latency_ms=slower * np.exp(rng.normal(2.5, 0.4, answers)),
        predictions=(numbers > 250).astype(int) if classes else numbers,
        losses=loss * np.abs(rng.normal(0, 30, answers)), outcomes=(rng.random(answers) < came).astype(float),
    )  # fmt: skip


def record_rollout(
    ledger: Ledger,
    asked: Rollout | None = None,
    *,
    looks: int = 100,
    rows: int = 4_000,
    canary: Mapping[str, Any] | None = None,
    worse_from: tuple[int, Mapping[str, Any]] | None = None,
    approvers: tuple[str, ...] = ("mo", "olu"),
    mlflow_run: str = "",
    began: datetime = BEGAN,
    before: Mapping[str, Any] | None = None,
    champions: int = 1,
) -> int:
    """Put a champion on record, and a rollout beside it, an hour a look; returns the record that began it.

    :param looks: After so many it is left under way.
    :param rows: Of both arms in an hour.
    :param canary: How the canary differs, as :func:`arm` takes it.
    :param worse_from: From this percentage on it differs so.
    :param before: In what both arms differ.
    :param champions: How many there were so far; the candidate is the version after them.
    """
    clock, asked = Clock(began - 5 * HOUR), asked or plan()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "datetime", clock)
        for version in range(1, champions + 1):
            words = f"version {version} is the champion: released"
            ledger.promote(entry("promotion", version, words), model(version), expected=version - 1)
        evidence = {"evidence": f"sha256:{2:064d}"}
        for at, by in enumerate(approvers):
            clock.at = began - 2 * HOUR + at * HOUR / 3
            told = {**evidence, "by": by}
            ledger.append(entry("approval", by, f"approved by {by}", told, step="approve", task_id=f"a{at}", actor=by))
        clock.at = began
        sequence = ledger.begin_canary(
            entry("canary", 0, "it is tried", evidence), model(champions + 1, mlflow_run), asked.steps[0],
            expected=champions,
        ).position  # fmt: skip
        _go_on(ledger, asked, clock, sequence, _Traffic(rows, canary or {}, worse_from, before or {}), looks)
    return sequence


@dataclass(frozen=True)
class _Traffic:
    rows: int
    canary: Mapping[str, Any]
    worse_from: tuple[int, Mapping[str, Any]] | None
    both: Mapping[str, Any]

    def hour(self, number: int, start: datetime, percent: int) -> Traffic:
        rng = np.random.default_rng(number)
        tried = self.rows * percent // 100
        differs = dict(self.canary)
        if self.worse_from is not None and percent >= self.worse_from[0]:
            differs |= self.worse_from[1]
        both = dict(self.both)
        return Traffic(
            start, start + HOUR, percent, arm(rng, self.rows - tried, **both), arm(rng, tried, **{**both, **differs})
        )


def _go_on(ledger: Ledger, asked: Rollout, clock: Clock, sequence: int, source: _Traffic, most: int) -> None:
    step, step_began, traffic, history = 0, clock.at, list[Traffic](), list[Look]()
    for number in range(most):
        percent = asked.steps[step]
        traffic.append(source.hour(number, clock.at, percent))
        clock.at += HOUR
        checks = judge_traffic(traffic, asked.metrics, min_events=asked.min_events, alpha=asked.alpha)
        tested = None
        if asked.ab_test is not None and asked.after(percent) == 100:
            since = [each for each in traffic if each.start >= step_began]
            until = step_began + asked.ab_test.duration
            tested = compare_outcomes(asked.ab_test, since, until=until, now=clock.at)
        look = Look(at=clock.at, step=step, checks=checks, ab_test=tested)
        decision = decide(asked, (*history, look), step=step, percent=percent, step_began=step_began, now=clock.at)
        history.append(look)
        told = {
            "sequence": sequence, "step": step, "percent": percent, "at": clock.at.isoformat(),
            "action": decision.action, "reason": decision.reason, "then": None,
            "checks": [check.model_dump(mode="json") for check in checks],
            "ab_test": tested and {
                **tested.evidence, "column": "bought", "unit": "points", "least": 0.02,
                "until": (step_began + asked.ab_test.duration).isoformat(),
            },
        }  # fmt: skip
        ledger.append(entry("look", f"{sequence}/{number}", decision.reason, told))
        about = {"sequence": sequence}
        if decision.action == "advance":
            step, step_began = step + 1, clock.at
            ledger.shift_canary(
                entry("canary", f"{sequence}/{step}", "more", about), asked.steps[step], sequence=sequence
            )
        elif decision.action == "promote":
            head = ledger.head("bikes")
            words = f"version {head.canary.model.version} is the champion: {decision.reason}"
            entered = entry("promotion", f"of {sequence}", words, about)
            ledger.promote(entered, head.canary.model, expected=head.generation)
            return
        elif decision.action == "roll_back":
            words = f"the rollout is undone: {decision.reason}"
            ledger.end_canary(entry("canary", f"{sequence}/end", words, about, verdict="failed"), sequence=sequence)
            return


def at_later(ledger: Ledger, moment: datetime, what: Any) -> Any:
    """Do something with the ledger at another time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "datetime", Clock(moment))
        return what(ledger)
