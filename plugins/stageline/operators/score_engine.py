"""What scores a table: this process, or a Spark session that is opened for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError
from stageline.operators.spark_session import spark_session

if TYPE_CHECKING:
    from stageline.operators.champion import Champion
    from stageline.serving import Engine
    from stageline.spec.operating import ScoreEngine


@contextmanager
def score_engine(name: "ScoreEngine", champion: "Champion") -> "Iterator[Engine]":
    """Open an engine that scores with a champion, which was loaded before, so that its file is kept.

    :raises SourceError: Spark is missing, or does not start.
    :raises ArtifactError: The file was put away meanwhile.
    """
    from stageline.serving import KeptModel, ModelFiles, SparkEngine, in_this_process

    if name == "arrow":
        yield in_this_process
        return
    settings, digest = champion.run.settings, champion.version.digest
    path = ModelFiles(settings.tables.absolute() / champion.pipeline / "models").find(digest)
    if path is None:
        raise ArtifactError(
            f"the model {digest} is not kept any more for {champion.pipeline!r}: other runs put it away meanwhile; run "
            "the step again"
        )
    with spark_session(instead="arrow") as session:
        yield SparkEngine(session, KeptModel(path, digest, tuple(settings.trusted_types)))
