"""The step `profile`: what the candidate was trained on and says of it, for its monitoring to compare with."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.profile import Profile
    from stageline.operators.run_context import RunContext

_MOST_BYTES = 500_000
_ARTIFACT = "monitoring/profile.json"


class ReferenceProfileOperator(GateOperator):
    """Make the model's reference profile from its snapshot, its predictions and their confidence.

    Columns count by their importance to the model. The profile is an artifact of the run, and is kept beside the
    tables, so that monitoring needs no MLflow. The artifact holds no private column: ends of bins and names of
    categories are values.

    :param pipeline: Name of the pipeline.
    """

    step = "profile"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the snapshot, the stored model, and the records that the rest comes from."""
        return {
            "snapshot": run.evidence("features")["snapshot"]["digest"],
            "model": run.evidence("train")["model"]["digest"],
            "evaluated": run.require("evaluate").digest,
        }

    def check(self, run: "RunContext") -> Report:
        """Make the profile and keep it."""
        from stageline.monitoring.profile_files import ProfileFiles

        profile = _profile(run)
        text = profile.to_json()
        digest = ProfileFiles(run.settings.tables / run.name / "profiles").keep(text)
        size = len(text.encode())
        columns = f"{len(profile.columns)} columns of {profile.rows:,} rows"
        return Report(
            step=self.step,
            checks=(
                Check(
                    code="SL-M010", name="profile_made", n=profile.rows, value=size, limit=_MOST_BYTES,
                    verdict=Verdict.PASSED if size <= _MOST_BYTES else Verdict.FAILED, severity=Severity.WARNING,
                    message=f"the profile of {columns} takes {size:,} bytes (limit {_MOST_BYTES:,})",
                ),
            ),
            evidence={
                "profile": {"digest": digest, "bytes": size, "artifact": _ARTIFACT},
                "made_from": profile.made_from,
                "model_digest": run.evidence("train")["model"]["digest"],
                "columns": list(profile.columns),
            },
            sentence=f"{columns} are what its monitoring will compare with ({digest[:19]}…)",
        )  # fmt: skip

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the profile."""
        from stageline.monitoring.profile_files import ProfileFiles
        from stageline.operators.watched_privacy import private_columns
        from stageline.tracking import log_texts

        kept = ProfileFiles(run.settings.tables / run.name / "profiles")
        profile = kept.read(report.evidence["profile"]["digest"])
        with run.tracking.resume(mlflow_run):
            log_texts({_ARTIFACT: _shown(profile, private_columns(run)).to_json()})


def _shown(profile: "Profile", private: "Collection[str]") -> "Profile":
    """Return the profile without private columns, and without directions that they are part of."""
    columns = {name: column for name, column in profile.columns.items() if name not in private}
    directions = profile.directions
    if directions is not None and not set(directions.names).isdisjoint(private):
        directions = None
    return profile.model_copy(update={"columns": columns, "directions": directions})


def _profile(run: "RunContext") -> Any:
    import numpy as np

    from stageline.features import PARTS, SPLIT
    from stageline.monitoring.model_profile import Trained, profile_model
    from stageline.monitoring.profiling import Wanted
    from stageline.operators.stored_model import load_stored
    from stageline.operators.stored_rows import read_snapshot, rows_of
    from stageline.serving import Oracle
    from stageline.spec import Task

    spec, features = run.spec, run.evidence("features")
    table = read_snapshot(run, features)
    model = load_stored(run, {"model": run.evidence("train")["model"]})["model"]
    oracle = Oracle(model, spec.target.task is Task.CLASSIFICATION, positive=spec.target.positive)
    # What is derived from the time says only which hours the window holds.
    derived = PARTS if spec.source.event_time and spec.features.calendar else ()
    watched = [name for name in (*features["numeric"], *features["categorical"]) if name not in derived]
    importance = {each["feature"]: max(0.0, each["value"]) for each in run.evidence("evaluate")["importance"]}
    wanted = Wanted(
        roles={},
        weights={name: importance[name] for name in watched if name in importance},
        window=spec.monitor.window if spec.monitor else None,
        measure=spec.monitor.drift.measure if spec.monitor else "jensen_shannon",
    )
    trained = Trained(
        table=table,
        features=watched,
        said=oracle.answer(rows_of(run, table, features).features),
        held_out=np.asarray(table[SPLIT].to_pylist()) == "holdout",
        times=_times(table, spec.source.event_time),
    )
    snapshot = features["snapshot"]
    return profile_model(
        trained, wanted, made_from=snapshot["digest"], name=f"snapshot {snapshot['version']} of {run.name!r}"
    )


def _times(table: "pa.Table", column: str | None) -> "np.ndarray | None":
    """Return event times in UTC without a zone, `datetime64[us]`."""
    import pyarrow as pa

    if column is None:
        return None
    # Taking the zone off leaves the time in UTC.
    found: np.ndarray = table[column].cast(pa.timestamp("us")).to_numpy()
    return found
