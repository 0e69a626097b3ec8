"""One window of a released model: its profile, the rows that came in, and what the model said of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError, MissingStepError

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.monitoring.counts import Counts
    from stageline.monitoring.profile import Profile
    from stageline.monitoring.windows import Window
    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext
    from stageline.serving import RowSource


@dataclass(frozen=True)
class WatchedWindow:
    """A window of the champion of a pipeline.

    :param window: When the rows happened.
    """

    run: "RunContext"
    champion: "Champion"
    window: "Window"

    @cached_property
    def profile(self) -> "Profile":
        """The champion's reference profile.

        :raises MissingStepError: No record of its training names one.
        """
        from stageline.monitoring.profile_files import ProfileFiles

        version = self.champion.version
        dag_id, _, run_id = version.dag_run.partition("/")
        for record in self.run.ledger.records(self.run.name, dag_id=dag_id, run_id=run_id, step="profile"):
            evidence = record.evidence.get("evidence") or {}
            if evidence.get("model_digest") == version.digest:
                return ProfileFiles(self.run.settings.tables / self.run.name / "profiles").read(
                    evidence["profile"]["digest"]
                )
        raise MissingStepError(
            f"model version {version.version} of {self.run.name!r} has no reference profile: no record of the step "
            f"'profile' in {version.dag_run!r} names its model; train and release again"
        )

    @cached_property
    def source(self) -> "RowSource":
        """What the model is asked about: the rows that batches score, or that servers were asked about."""
        from stageline.serving import open_rows

        spec = self.run.spec
        if self.run.predictions.served:
            from stageline.serving.asked_rows import open_asked

            named = dict.fromkeys((*self.champion.reference.columns.read, *self.profile.columns))
            return open_asked(self.run.predictions.folder, list(named))
        batch = spec.release.batch if spec.release else None
        uri = batch.uri if batch else spec.source.uri
        return open_rows(uri, self.run.project, self.champion.reference.csv_types)

    def count(self) -> "tuple[Counts, Counts | None]":
        """Count the window's rows, and the predictions that were made of them; none were: there is no second count.

        :raises SourceError: The rows cannot be read.
        :raises DataError: A column is missing or of another kind, or a value is no time.
        """
        from stageline.monitoring.outputs import CONFIDENCE, PREDICTION, RECONSTRUCTION
        from stageline.monitoring.scan import count_rows
        from stageline.monitoring.window_rows import rows_in, with_reconstruction

        profile = self.profile
        said = {name: bins for name, bins in profile.bins.items() if name in (PREDICTION, CONFIDENCE)}
        with self.source.unchanged():
            features = [
                name
                for name, column in profile.columns.items()
                # The servers' log leaves out what is private; of another source each has to be there.
                if column.role == "feature" and (name in self.source.schema.names or not self.run.predictions.served)
            ]
            directions = profile.directions
            if directions is not None and not {*directions.names} <= {*features}:
                directions = None
            known = (*features, *([RECONSTRUCTION] if directions else []))
            rows = {name: bins for name, bins in profile.bins.items() if name in known}
            inside = rows_in(self.batches(features), self.window, self.run.spec.source.event_time, name=self.source.uri)
            came = count_rows(with_reconstruction(inside, directions), rows)
        scored = count_rows(self._predictions(), said)
        self.run.meter.count(rows=int(came.rows.sum()) + int(scored.rows.sum()), bytes_read=self.source.size_bytes)
        return came, scored if scored.rows.sum() else None

    def batches(self, names: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Yield some columns of the source, and its event time.

        :raises DataError: A column is missing.
        """
        from stageline.serving.row_parts import RaggedLines, read_part

        time = self.run.spec.source.event_time
        columns = list(dict.fromkeys((*names, *([time] if time else []))))
        if missing := [name for name in columns if name not in self.source.schema.names]:
            raise DataError(f"{self.source.uri!r}: column {missing[0]!r} is missing, which the reference holds")
        for part in self.source.parts:
            # Ragged lines are no rows: scoring has told of them.
            yield from read_part(self.source.uri, part, columns, RaggedLines())

    def _predictions(self) -> "Iterator[pa.RecordBatch]":
        import pyarrow as pa
        import pyarrow.compute as pc

        from stageline.serving.newest_predictions import newest_predictions

        time, released = self.run.spec.source.event_time or "", pa.array(released_digests(self.run))
        for batch in newest_predictions(self.run.predictions, time, self.window.start, self.window.end):
            # What a canary said, that never became champion, is judged by its rollout.
            own = batch.filter(pc.is_in(batch.column("model_digest").cast("string"), value_set=released))
            said = {name: own.column(name) for name in own.schema.names}
            yield pa.RecordBatch.from_pydict(watched_outputs(said, self.profile))


def released_digests(run: "RunContext") -> list[str]:
    """Return the digests of all models that were ever champion."""
    from stageline.ledger.head import CHANGE, PROMOTION, HeadChange

    moves = run.ledger.records(run.name, kinds=(PROMOTION,))
    return [HeadChange.model_validate(move.evidence[CHANGE]).after.digest for move in moves]


def watched_outputs(said: "Mapping[str, pa.Array]", profile: "Profile") -> "dict[str, pa.Array]":
    """Return what the profile watches of predictions; what the model did not give is missing."""
    import pyarrow as pa

    from stageline.monitoring.outputs import outputs

    watched: dict[str, Any] = dict(outputs(said))
    for name, column in profile.columns.items():
        if column.role in ("prediction", "confidence") and name not in watched:
            watched[name] = pa.nulls(len(said["prediction"]), pa.float64())
    return watched


def joined(came: "Counts", scored: "Counts | None", profile: "Profile") -> "tuple[Counts, Profile]":
    """Return counts of both as one, and the profile of the columns that they have."""
    counted = {**came.columns, **(scored.columns if scored else {})}
    columns = {name: column for name, column in profile.columns.items() if name in counted}
    return replace(came, columns=counted), profile.model_copy(update={"columns": columns})
