"""Every gate's real judge on good measurements, of which one or more can be replaced by what is none."""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from pipeline_specs import spec_of

from stageline.evaluation import (
    Comparison,
    Contest,
    Estimate,
    Evaluation,
    Improvement,
    MetricEstimates,
    Predictions,
    against_champion,
    blocks_of,
    bootstrap,
    evaluate,
    evaluate_models,
    fairness,
    judge_evaluation,
    judge_found,
    judge_improvement,
    judge_slices,
    predict,
)
from stageline.operators.approve import _problem
from stageline.quality.checks import Table
from stageline.quality.columns import ColumnFacts
from stageline.quality.judgement import judge
from stageline.quality.outcome import Outcome
from stageline.release.validation.clean_process import Ended
from stageline.release.validation.judge import Limits, Recorded, judge_validation
from stageline.spec.models import Expectation
from stageline.spec.operating import Fairness, Gates
from stageline.training import BASELINES, RecordedExample
from stageline.training.recorded_example import ModelAnswer
from stageline.verdicts import Check, Report, Verdict


class MissingHereError(Exception):
    """Nothing was measured."""


def _raise(error: Exception) -> Any:
    raise error


def _zero_by_zero(_: Any) -> float:
    with np.errstate(invalid="ignore"):
        return np.float64(0) / np.float64(0)


PLANTS: dict[str, Callable[[Any], Any]] = {
    "NaN": lambda _: math.nan,
    "+inf": lambda _: math.inf,
    "-inf": lambda _: -math.inf,
    "None": lambda _: None,
    "missing": lambda _: _raise(MissingHereError()),
    "empty": lambda good: type(good)() if isinstance(good, str | list | dict) else [],
    "0/0": _zero_by_zero,
    "exception": lambda _: _raise(RuntimeError("planted")),
}


class Planting:
    """What is measured, with some of it replaced.

    :param plants: Names of plants by the place they go to.
    """

    def __init__(self, plants: Mapping[str, str] | None = None) -> None:
        self.plants = dict(plants or {})
        self.places: dict[str, Any] = {}
        self.changed = False

    def __call__(self, place: str, good: Any) -> Any:
        """Return what is measured at a place; what is missing there raises, as what is read from a report does."""
        self.places[place] = good
        if place not in self.plants:
            return good
        try:
            planted = PLANTS[self.plants[place]](good)
        except Exception:
            self.changed = True
            raise
        self.changed |= repr(planted) != repr(good)
        return planted

    def column(self, place: str, values: np.ndarray) -> np.ndarray:
        """Return a column, of which the first value is replaced, or is missing."""
        try:
            first = self(place, float(values[0]))
        except MissingHereError:
            return values[1:]
        return values if first == values[0] else np.asarray([first, *values[1:].tolist()], dtype=object)

    def document(self, content: Any, at: str) -> Any:
        """Return a JSON document in which a key may be gone, and an exception is what a child tells of one."""
        if isinstance(content, dict):
            parts = {key: self._part(value, f"{at}.{key}") for key, value in content.items()}
            return {key: value for key, value in parts.items() if value is not MissingHereError}
        return content

    def _part(self, value: Any, at: str) -> Any:
        try:
            return self(at, value) if at in self.plants or not isinstance(value, dict) else self.document(value, at)
        except MissingHereError:
            return MissingHereError
        except RuntimeError as error:
            return {"outcome": "raised", "kind": type(error).__name__, "words": str(error)}


SPEC = spec_of(kpi={"metric": "mean_absolute_error", "max": 50})
GATES_OF_SPEC = Gates(min_n=30, slices=("town",))
KPI = SPEC.kpi.metric
ROWS = 120
TRUTH = np.linspace(50, 150, ROWS)
TOWNS = np.asarray(["a"] * 70 + ["b"] * 50)
PARTS = {120: "all rows", 70: "slice a", 50: "slice b"}
# The size of everyone's errors, which tells them apart.
ERRORS = {"model": 1, "champion": 2, "linear": 3, "dummy": 10}
WHO = {size: who for who, size in ERRORS.items()}


def evaluated(plant: Planting) -> Report:
    """Judge predictions: plant into them, into the KPI of each model on each part, and into the fairness measure."""
    signs = np.where(np.arange(ROWS) % 2, 1.0, -1.0)
    features = pd.DataFrame({"x": TRUTH})
    models = {
        who: predict(
            SimpleNamespace(predict=lambda _, who=who, size=size: plant.column(f"prediction of the {who}", TRUTH + signs * size)),
            features, classify=False,
        )
        for who, size in ERRORS.items()
    }  # fmt: skip
    blocks = blocks_of(ROWS, None)
    with mock.patch.multiple(bootstrap, _RESAMPLES=8, _LEAST_RESAMPLES=8), _metrics(plant):
        own = {who: models[who] for who in ("model", "dummy", "linear")}
        evaluation = evaluate_models(TRUTH, own, blocks, SPEC)
        contest = Contest.of(SPEC, TRUTH, models["model"], models["champion"], blocks)
        whole = contest.compare()
        slices = {f"town = {town!r}": contest.compare(town == TOWNS) for town in ("a", "b")}
        declared = Fairness(columns=("town",), measure="error_difference", max_difference=0.5)
        groups = fairness.groups_of(TRUTH, models["model"], TOWNS.tolist(), blocks, positive=None)
        difference = fairness.difference_between(groups, declared.measure, seed=0)
    return _report(
        *judge_evaluation(evaluation, SPEC.kpi, BASELINES),
        judge_improvement(whole, GATES_OF_SPEC, champion=1, metric=KPI),
        judge_slices("town", slices, GATES_OF_SPEC, metric=KPI),
        fairness.judge_fairness("town", groups, difference, declared),
        step="evaluate",
    )


@contextmanager
def _metrics(plant: Planting) -> Any:
    def planted(scope: str, real: Any) -> Any:
        def score(name: str, truth: np.ndarray, predictions: Predictions, **given: Any) -> Any:
            value = real(name, truth, predictions, **given)
            who = WHO[round(float(np.abs(truth - predictions.values).mean()))]  # noqa: PD011 - not a pandas object
            # The metrics beside the KPI are only shown.
            return plant(f"{scope}: KPI of the {who} on {PARTS[len(truth)]}", value) if name == KPI else value

        return score

    def difference(*given: Any, real: Any = fairness._difference) -> Any:
        return plant("difference between groups", real(*given))

    with (
        mock.patch.object(evaluate, "score", planted("value", evaluate.score)),
        mock.patch.object(against_champion, "score", planted("gate", against_champion.score)),
        mock.patch.object(fairness, "_difference", difference),
    ):
        yield


def estimated(plant: Planting) -> Report:
    """Judge estimates: plant into every number that a judge is given."""

    def estimate(place: str, value: float) -> Estimate:
        ends = {"value": value, "low": value - 0.1, "high": value + 0.1}
        return Estimate(**{end: plant(f"{end} of {place}", number) for end, number in ends.items()})

    good = Estimate(5.0, 4.0, 6.0)
    kpi = {"model": estimate("the KPI", 1.0), "dummy": good, "linear": good}
    improvements = [
        Improvement(who, estimate(f"the improvement over the {who}", 2.0), 0.4) for who in ("dummy", "linear")
    ]
    evaluation = Evaluation(
        plant("rows of the holdout", ROWS), "rows", (MetricEstimates(KPI, False, kpi),), tuple(improvements)
    )
    whole = Comparison(
        n=plant("rows new to both", ROWS),
        candidate=Estimate(plant("the candidate's KPI", 1.0), 0.9, 1.1),
        champion=Estimate(plant("the champion's KPI", 2.0), 1.9, 2.1),
        improvement=estimate("the improvement over the champion", 1.0),
        relative=0.5,
    )
    return _report(
        *judge_evaluation(evaluation, SPEC.kpi, BASELINES),
        judge_improvement(whole, GATES_OF_SPEC, champion=1, metric=KPI),
        judge_slices("town", {"town = 'a'": _part(plant), "town = 'b'": _part(Planting())}, GATES_OF_SPEC, metric=KPI),
        step="evaluate",
    )


def _part(plant: Planting) -> Comparison:
    # The bounds of a slice are none where it is too small to have some, which warns.
    return Comparison(
        n=plant("rows of the slice", 60),
        candidate=Estimate(plant("the candidate's KPI on the slice", 1.0), 0.9, 1.1),
        champion=Estimate(plant("the champion's KPI on the slice", 2.0), 1.9, 2.1),
        improvement=Estimate(plant("the improvement on the slice", 1.0), 0.9, 1.1),
        relative=0.5,
    )


def found(plant: Planting) -> Check:
    """Judge a slice that nobody declared: what is found there only ever warns."""
    return judge_found({"x > 1": _part(plant)}, GATES_OF_SPEC, metric=KPI)


LIBRARIES = {"python": "3.11.7", "numpy": "2.4.6", "pandas": "3.1.1", "scikit-learn": "1.9.1", "skops": "0.16.0"}
RECORDED_ROWS = ((1.0, "x"), (None, "y"), (3.0, None))
VALUES = [1.5, 2.5, 0.0]
ANSWER = ModelAnswer("float", VALUES)


def validated(plant: Planting) -> Report:
    """Judge the clean process's answer: plant anywhere in it."""
    one = {"outcome": "answered", "kind": "float", "values": [1.5], "classes": None, "probabilities": None}
    content = {
        "digest": "sha256:ab",
        "size_bytes": 1_000,
        "libraries": LIBRARIES,
        "model": {"outcome": "loaded", "seconds": 0.1},
        "predictions": {
            "example": {**one, "values": VALUES}, "one row": one, "all null": one, "unseen category": one,
            "no rows": {"outcome": "raised", "kind": "ValueError", "words": "Found array with 0 sample(s)"},
        },
        "latency": {"calls": 300, "p50_ms": 1.0, "p99_ms": 2.0},
        "memory": {"libraries_mb": 150.0, "peak_mb": 160.0},
    }  # fmt: skip
    answer = {**plant.document(content, "answer"), "untrusted": []}
    recorded = Recorded(
        "sha256:ab", 1_000, LIBRARIES, RecordedExample(("a",), ("town",), RECORDED_ROWS, len(RECORDED_ROWS), ANSWER)
    )
    ended = Ended(0, answer=json.dumps(answer).encode())
    return _report(*judge_validation(ended, recorded, Limits(10.0, 1_000.0), private=False), step="validate")


def checked(plant: Planting) -> Report:
    """Judge what Great Expectations counted."""
    table = Table(ROWS, ("x",), {"x": ColumnFacts("DOUBLE", ROWS, 0, 0, 0.0, 100.0, 50.0)})
    counted = Expectation.from_python(
        type="expect_column_values_to_be_between", column="x", min_value=0, max_value=1000, severity="critical"
    )
    result = {"element_count": ROWS, "missing_count": 0, "unexpected_count": 0, "partial_unexpected_list": []}
    outcome = {place: plant(place, value) for place, value in result.items() if place != "partial_unexpected_list"}
    mean = Expectation.from_python(
        type="expect_column_mean_to_be_between", column="x", min_value=0, max_value=1000, severity="critical"
    )
    observed = {"observed_value": plant("observed mean", 50.0)}
    return _report(
        judge(counted, "between", Outcome(success=True, result=result | outcome), table),
        judge(mean, "mean", Outcome(success=True, result=observed), table),
        step="quality",
    )


# What is planted into, with the step whose judge it goes to.
STEPS: dict[str, tuple[str, Callable[[Planting], Report]]] = {
    "what the models predicted": ("evaluate", evaluated),
    "what was estimated": ("evaluate", estimated),
    "what the clean process measured": ("validate", validated),
    "what Great Expectations counted": ("quality", checked),
}


def approved(plant: Planting, digest: str) -> Verdict:
    """Judge a person's answer."""
    event = plant.document({"chosen_options": ["Approve"], "responded_by_user": {"name": "mo"}}, "answer")
    # Left out, it is what was asked for.
    event["params_input"] = {"evidence": plant("digest approved", digest)}
    asked, now = plant("digest asked for", digest), plant("digest of the evidence", digest)
    return Verdict.FAILED if _problem(event, asked, now) else Verdict.PASSED


def _report(*checks: Check, step: str) -> Report:
    return Report(step=step, checks=checks)
