"""The released model of a pipeline: what the ledger's head names, and all that scoring needs of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError, StagelineError
from stageline.operators.quiet import quiet_search

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stageline.ledger import Canary, ModelVersion
    from stageline.operators.run_context import RunContext
    from stageline.serving import Reference


@dataclass(frozen=True)
class Champion:
    """The champion of a head, as it was at one moment.

    :param generation: The head's.
    :param canary: What was tried beside it at that moment.
    """

    run: "RunContext"
    version: "ModelVersion"
    generation: int
    canary: "Canary | None" = None

    @classmethod
    def of(cls, run: "RunContext") -> "Champion":
        """Return the champion of the run's pipeline.

        :raises ArtifactError: None was released.
        """
        head = run.ledger.head(run.name).live(datetime.now(UTC))
        if head.champion is None:
            raise ArtifactError(
                f"pipeline {run.name!r} has no champion: no model was ever released (generation {head.generation}); "
                "run its training and approve the release first"
            )
        return cls(run, head.champion, head.generation, head.canary)

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.run.name

    def require_current(self) -> None:
        """Refuse to go on where the head moved since.

        :raises ArtifactError: Another generation is in use by now.
        """
        head = self.run.ledger.head(self.run.name)
        if head.generation != self.generation:
            raise ArtifactError(
                f"pipeline {self.run.name!r}: the head moved from generation {self.generation} (version "
                f"{self.version.version}) to {head.generation} while the rows were scored; nothing was written: run "
                "the step again"
            )
        tried = head.live(datetime.now(UTC)).canary
        if self.canary is not None and (tried is None or tried.sequence != self.canary.sequence):
            raise ArtifactError(
                f"pipeline {self.run.name!r}: rollout #{self.canary.sequence} ended while the rows were scored; "
                "nothing was written: run the step again"
            )

    def load(self) -> Any:
        """Return the model: from the copy kept here, else from where it lies, which is then kept.

        :raises ArtifactError: The file is gone, is not the one released, or cannot be loaded here.
        :raises TrackingError: The file lies with MLflow, which cannot be reached.
        """
        from stageline.training import load_model

        path = self.file()
        try:
            with quiet_search():
                return load_model(path, digest=self.version.digest, trusted_types=self.run.settings.trusted_types)
        except StagelineError:
            raise
        except Exception as error:
            # A file names whatever its model is made of: of a library that moved on, loading raises anything.
            words = next(iter(str(error).strip().splitlines()), "")
            raise ArtifactError(
                f"model version {self.version.version} of {self.run.name!r} cannot be loaded: {type(error).__name__}: "
                f"{words}; are the libraries here those that it was trained with?"
            ) from error

    def file(self) -> "Path":
        """Return the model's file on this machine: the copy kept here, or one that is made now.

        :raises ArtifactError: The file is gone, or is not the one released.
        :raises TrackingError: The file lies with MLflow, which cannot be reached.
        """
        from stageline.serving.released_files import released_file

        return released_file(self.version, self.run.name, self.run.settings.tables, self.run.tracking)

    @cached_property
    def reference(self) -> "Reference":
        """What the model was trained on.

        :raises MissingStepError: No record of its training run names its snapshot.
        """
        from stageline.serving import reference_of

        evidence = self.features
        snapshot = evidence["snapshot"]
        return reference_of(
            self.run.snapshots.read(snapshot["version"], digest=snapshot["digest"]),
            self.run.spec,
            version=snapshot["version"],
            numeric=tuple(evidence["numeric"]),
            categorical=tuple(evidence["categorical"]),
        )

    @property
    def features(self) -> "Mapping[str, Any]":
        """What the step `features` of its training run recorded.

        :raises MissingStepError: No record of that run names its snapshot.
        """
        from stageline.serving.released_files import recorded_features

        return recorded_features(self.version, self.run.name, self.run.ledger)
