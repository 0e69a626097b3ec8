"""The candidate against the champion, on rows of the holdout that neither was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.spec import Task
from stageline.verdicts import Check

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stageline.evaluation import Comparison, Contest
    from stageline.ledger import Head, ModelVersion
    from stageline.operators.champion import Champion
    from stageline.operators.holdout import Holdout
    from stageline.operators.run_context import RunContext
    from stageline.spec.operating import Fairness, Gates

FIRST_RELEASE = "first_release"


@dataclass(frozen=True)
class ChampionGate:
    """What the gate of a run looks at.

    :param head: The pipeline's head when the gate began: what a release has to find unchanged.
    """

    run: "RunContext"
    head: "Head"

    @classmethod
    def of(cls, run: "RunContext") -> "ChampionGate":
        """Return the gate of a run."""
        return cls(run, run.ledger.head(run.name))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the result depends on."""
        return {
            "generation": self.head.generation,
            FIRST_RELEASE: self._first_release,
            "budget": [f"{check.verdict} {check.message}" for check in self._frozen],
        }

    def judge(self, holdout: "Holdout") -> tuple[tuple[Check, ...], dict[str, Any]]:
        """Return the gate's checks, and its evidence.

        :raises DataError: The champion cannot be asked about these rows.
        """
        from stageline.evaluation import judge_first

        gates, champion = self.run.spec.gates, self.head.champion
        evidence = {"generation": self.head.generation, "champion": champion and champion.model_dump(mode="json")}
        if gates is None:
            return self._frozen, evidence
        fair = self._fairness(gates.fairness, holdout) if gates.fairness else ()
        if champion is None or self._first_release:
            return (judge_first(champion.version if champion else None), *self._frozen, *fair), evidence
        against, *slices = self._against(champion, gates, holdout)
        # Right behind what is said first, so that of several warnings the freeze is the one that is said with it.
        return (against, *self._frozen, *slices, *fair), evidence

    @cached_property
    def _frozen(self) -> tuple[Check, ...]:
        from stageline.operators.budget_freeze import frozen_checks

        return frozen_checks(self.run, self.head)

    @property
    def _first_release(self) -> bool:
        return self.run.params.get(FIRST_RELEASE) is True

    def _against(self, champion: "ModelVersion", gates: "Gates", holdout: "Holdout") -> tuple[Check, ...]:
        from stageline.evaluation import judge_found, judge_improvement, judge_slices

        metric = self.run.spec.kpi.metric
        new = self._new_to_champion(champion, holdout)
        contest = self._contest(champion, holdout, new)
        if contest is None:
            return (judge_improvement(_nothing(), gates, champion=champion.version, metric=metric),)
        table, features = holdout.table.filter(new), holdout.rows.features[new]
        return (
            judge_improvement(contest.compare(), gates, champion=champion.version, metric=metric),
            *(judge_slices(column, _by_value(contest, column, table), gates, metric=metric) for column in gates.slices),
            judge_found(_found(contest, features, seed=self.run.spec.train.seed), gates, metric=metric),
        )

    def _fairness(self, declared: "Fairness", holdout: "Holdout") -> tuple[Check, ...]:
        from stageline.evaluation import blocks_of
        from stageline.evaluation.evaluate import positive_class
        from stageline.evaluation.fairness import difference_between, groups_of, judge_fairness

        own, blocks = holdout.predictions["model"], blocks_of(holdout.table.num_rows, holdout.seconds)
        checks = []
        for column in declared.columns:
            groups = groups_of(
                holdout.rows.target, own, _values_of(column, holdout.table, "gates.fairness.columns"), blocks,
                positive=positive_class(self.run.spec, own.classes),
            )  # fmt: skip
            several = len(set(groups.names)) > 1
            estimate = difference_between(groups, declared.measure, seed=self.run.spec.train.seed) if several else None
            checks.append(judge_fairness(column, groups, estimate, declared))
        return tuple(checks)

    def _contest(self, champion: "ModelVersion", holdout: "Holdout", new: "np.ndarray") -> "Contest | None":
        import numpy as np

        from stageline.evaluation import Contest, blocks_of, predict

        if not new.any():
            return None
        asked = self._as_champion_saw(champion, holdout.table.filter(new))
        classify = self.run.spec.target.task is Task.CLASSIFICATION
        own, seconds = holdout.predictions["model"], holdout.seconds
        candidate = own.only(new)
        return Contest.of(
            self.run.spec,
            holdout.rows.target[new],
            candidate,
            predict(self._champion(champion).load(), asked, classify=classify),
            blocks_of(int(np.count_nonzero(new)), None if seconds is None else seconds[new]),
        )

    def _champion(self, version: "ModelVersion") -> "Champion":
        from stageline.operators.champion import Champion

        return Champion(self.run, version, self.head.generation)

    def _as_champion_saw(self, champion: "ModelVersion", table: "pa.Table") -> "pd.DataFrame":
        from stageline.features import model_frame

        features = self._champion(champion).features
        names = [*features["numeric"], *features["categorical"]]
        missing = [name for name in names if name not in table.column_names]
        if missing:
            raise DataError(
                f"the champion (version {champion.version}) needs the feature {missing[0]!r}, which this snapshot "
                f"lacks: they cannot be compared; keep the column, or run once with {FIRST_RELEASE} = true"
            )
        return model_frame(table, features["numeric"], features["categorical"])

    def _new_to_champion(self, champion: "ModelVersion", holdout: "Holdout") -> "np.ndarray":
        """Return which rows of the holdout the champion was not trained on, by their keys."""
        import numpy as np

        from stageline.operators.stored_rows import part_of

        keys = list(self.run.spec.source.keys)
        snapshot = self._champion(champion).features["snapshot"]
        trained = part_of(self.run.snapshots.read(snapshot["version"], digest=snapshot["digest"]), "train")
        if not keys or any(key not in trained.column_names for key in keys):
            raise DataError(
                f"which rows the champion (version {champion.version}) was trained on is not known: its snapshot "
                f"has no key {', '.join(map(repr, keys)) or '(source.keys)'}; name the keys it has, or run once with "
                f"{FIRST_RELEASE} = true"
            )
        seen = set(zip(*(trained[key].to_pylist() for key in keys), strict=True))
        rows = zip(*(holdout.table[key].to_pylist() for key in keys), strict=True)
        return np.fromiter((row not in seen for row in rows), dtype=bool, count=holdout.table.num_rows)


def _by_value(contest: "Contest", column: str, table: "pa.Table") -> "dict[str, Comparison]":
    from stageline.evaluation import slices_by

    slices = slices_by(column, _values_of(column, table, "gates.slices"))
    return {part.words: contest.compare(part.rows) for part in slices if part.rows.any()}


def _values_of(column: str, table: "pa.Table", key: str) -> list[Any]:
    if column not in table.column_names:
        known = ", ".join(table.column_names)
        raise DataError(f"{key} names {column!r}, which the snapshot lacks; it has {known}")
    values: list[Any] = table[column].to_pylist()
    return values


def _found(contest: "Contest", features: "pd.DataFrame", *, seed: int) -> "dict[str, Comparison]":
    from stageline.evaluation import find_slices

    harm = contest.costs("candidate") - contest.costs("champion")
    asked = contest.blocks.ids % 2 == 1
    found = find_slices(features.reset_index(drop=True), harm, asked, seed=seed)
    return {part.words: contest.compare(part.rows & asked) for part in found if (part.rows & asked).any()}


def _nothing() -> "Comparison":
    from stageline.evaluation import Comparison, Estimate

    unknown = Estimate(float("nan"), None, None)
    return Comparison(n=0, candidate=unknown, champion=unknown, improvement=unknown, relative=None)
