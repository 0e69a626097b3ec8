"""The step `drill`: release, break, roll back and verify, beside the pipeline that is in use."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.ledger.head import DRILL
from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    import numpy as np

    from stageline.ledger import Head, ModelVersion
    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext

_ROWS = 100
_NO_DIGEST = f"sha256:{'0' * 64}"


class RollbackDrillOperator(GateOperator):
    """Show that a rollback works: in a head of its own, `PIPELINE.drill`, on the same ledger and the same files.

    The champion is released there, then a model whose file is not the one recorded; scoring has to refuse it; a
    rollback has to give the champion's predictions again. The pipeline's own head is not touched.

    :param pipeline: Name of the pipeline.
    """

    step = "drill"
    page = ""

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the head, and the try: a drill that is asked for again is held again."""
        return {"generation": run.ledger.head(run.name).generation, "try": run.try_number}

    def check(self, run: "RunContext") -> Report:
        """Hold the drill."""
        from stageline.operators.champion import Champion

        drill = _Drill(run, Champion.of(run))
        before = drill.predictions(drill.champion.version)
        champion = drill.champion.version
        released = drill.release(champion.uri, champion.digest, "released")
        with tempfile.NamedTemporaryFile(prefix="broken-", suffix=".skops") as file:
            file.write(b"no model")
            file.flush()
            refused = drill.refusal(drill.release(Path(file.name).as_uri(), _NO_DIGEST, "broken on purpose"))
        began = time.monotonic()
        after = drill.roll_back()
        seconds = time.monotonic() - began
        same = after.champion == released and bool((drill.predictions(released) == before).all())
        faults = run.ledger.verify(drill.name)
        checks = (
            _check("SL-D001", "broken_model_refused", bool(refused), refused or "the broken model was not refused"),
            _check(
                "SL-D002", "rolled_back", same,
                f"rolled back in {seconds:.2f} s: version {released.version} gives the {len(before):,} predictions of "
                "before again" if same else "after the rollback the predictions are not those of before",
            ),
            _check(
                "SL-D003", "own_head_untouched", run.ledger.head(run.name).champion == drill.champion.version,
                f"the head of {run.name!r} is where it was",
            ),
            _check(
                "SL-D004", "ledger_verified", not faults,
                faults[0].message if faults else f"the chain of {drill.name!r} holds and its head is what it gives",
            ),
        )  # fmt: skip
        return Report(
            step=self.step,
            checks=checks,
            evidence={"namespace": drill.name, "seconds": seconds, "rows": len(before), "generation": after.generation},
        )


@dataclass(frozen=True)
class _Drill:
    run: "RunContext"
    champion: "Champion"

    @property
    def name(self) -> str:
        return f"{self.run.name}{DRILL}"

    def release(self, uri: str, digest: str, sentence: str) -> "ModelVersion":
        """Release a file with this digest to the drill's head."""
        from stageline.ledger import moment_text
        from stageline.ledger.head import PROMOTION

        head = self.run.ledger.head(self.name)
        version = (head.promoted[0].version if head.promoted else 0) + 1
        model = self.champion.version.model_copy(
            update={"version": version, "uri": uri, "digest": digest, "as_of": moment_text(datetime.now(UTC))}
        )
        self.run.ledger.promote(self._entry(PROMOTION, sentence, version), model, expected=head.generation)
        return model

    def roll_back(self) -> "Head":
        """Move the drill's head back."""
        from stageline.ledger.head import ROLLBACK

        head = self.run.ledger.head(self.name)
        self.run.ledger.roll_back(self._entry(ROLLBACK, "rolled back", head.generation))
        return self.run.ledger.head(self.name)

    def refusal(self, model: "ModelVersion") -> str:
        """Return how scoring refuses a model, or an empty text."""
        try:
            self.predictions(model)
        except ArtifactError as error:
            return f"the broken model was refused: {error}"
        return ""

    def predictions(self, model: "ModelVersion") -> "np.ndarray":
        """Return what a model says about the first rows that the champion was trained on."""
        import numpy as np

        from stageline.features import model_frame
        from stageline.operators.champion import Champion

        features = self.champion.features
        snapshot = self.run.snapshots.read(features["snapshot"]["version"], digest=features["snapshot"]["digest"])
        rows = model_frame(snapshot.slice(0, _ROWS), features["numeric"], features["categorical"])
        return np.asarray(Champion(self.run, model, 0).load().predict(rows))

    def _entry(self, kind: str, sentence: str, key: object) -> Any:
        from stageline.operators.release_evidence import entry_of

        entry = entry_of(
            self.run, kind=kind, step=RollbackDrillOperator.step, verdict=Verdict.PASSED, sentence=sentence,
            evidence={}, key=(self.name, self.run.try_number, key),
        )  # fmt: skip
        return entry.model_copy(update={"pipeline": self.name})


def _check(code: str, name: str, held: bool, message: str) -> Check:
    return Check(code=code, name=name, verdict=Verdict.PASSED if held else Verdict.FAILED, message=message)
