"""The candidate against the champion, on rows of the holdout that neither was trained on."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError, MissingStepError
from stageline.operators.quiet import quiet_search
from stageline.spec import Task
from stageline.verdicts import Check

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stageline.evaluation import Comparison, Contest
    from stageline.ledger import Head, ModelVersion
    from stageline.operators.holdout import Holdout
    from stageline.operators.run_context import RunContext

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
        return {"generation": self.head.generation, FIRST_RELEASE: self._first_release}

    def judge(self, holdout: "Holdout") -> tuple[tuple[Check, ...], dict[str, Any]]:
        """Return the gate's checks, and its evidence.

        :raises DataError: The champion cannot be asked about these rows.
        """
        from stageline.evaluation import judge_first

        gates, champion = self.run.spec.gates, self.head.champion
        evidence = {"generation": self.head.generation, "champion": champion and champion.model_dump(mode="json")}
        if gates is None:
            return (), evidence
        if champion is None or self._first_release:
            return (judge_first(champion.version if champion else None),), evidence
        return self._against(champion, holdout), evidence

    @property
    def _first_release(self) -> bool:
        return self.run.params.get(FIRST_RELEASE) is True

    def _against(self, champion: "ModelVersion", holdout: "Holdout") -> tuple[Check, ...]:
        from stageline.evaluation import judge_found, judge_improvement, judge_slices

        gates, metric = self.run.spec.gates, self.run.spec.kpi.metric
        if gates is None:
            return ()
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
            predict(_load(self.run, champion), asked, classify=classify),
            blocks_of(int(np.count_nonzero(new)), None if seconds is None else seconds[new]),
        )

    def _as_champion_saw(self, champion: "ModelVersion", table: "pa.Table") -> "pd.DataFrame":
        from stageline.features import model_frame

        features = self._evidence_of(champion)
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
        snapshot = self._evidence_of(champion)["snapshot"]
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

    def _evidence_of(self, champion: "ModelVersion") -> Mapping[str, Any]:
        dag_id, _, run_id = champion.dag_run.partition("/")
        record = self.run.ledger.newest(self.run.name, dag_id=dag_id, run_id=run_id, step="features")
        if record is None or not record.evidence.get("evidence"):
            raise MissingStepError(
                f"the champion (version {champion.version}) came from run {run_id!r} of DAG {dag_id!r}, whose step "
                "'features' left no record; run once with first_release = true"
            )
        evidence: Mapping[str, Any] = record.evidence["evidence"]
        return evidence


def _load(run: "RunContext", champion: "ModelVersion") -> Any:
    from stageline.tracking import fetch_file
    from stageline.training import load_model

    with tempfile.TemporaryDirectory() as scratch, run.tracking.reach(), quiet_search():
        path = fetch_file(champion.uri, Path(scratch))
        return load_model(path, digest=champion.digest, trusted_types=run.settings.trusted_types)


def _by_value(contest: "Contest", column: str, table: "pa.Table") -> "dict[str, Comparison]":
    from stageline.evaluation import slices_by

    if column not in table.column_names:
        known = ", ".join(table.column_names)
        raise DataError(f"gates.slices names {column!r}, which the snapshot lacks; it has {known}")
    slices = slices_by(column, table[column].to_pylist())
    return {part.words: contest.compare(part.rows) for part in slices if part.rows.any()}


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
