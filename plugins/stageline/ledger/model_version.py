"""One trained model, and how its times are written so that texts sort as times do."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def moment_text(moment: datetime | None) -> str:
    """Return a time as a text that sorts as times do: in UTC, with microseconds; empty for none.

    :param moment: Without a zone it is in UTC.
    """
    if moment is None:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def _as_moment(value: str) -> str:
    if value and moment_text(datetime.fromisoformat(value)) != value:
        raise ValueError(f"{value!r} is no time as moment_text writes it")
    return value


Moment = Annotated[str, AfterValidator(_as_moment)]


class ModelVersion(BaseModel):
    """One trained model, as the head points to it.

    :param version: Number of the version in MLflow's registry, under the pipeline's name.
    :param uri: Where its file lies.
    :param digest: `sha256:…` of that file, recorded at training.
    :param mlflow_run: Run that trained it.
    :param snapshot: Version of the feature snapshot it was trained on.
    :param watermark: Newest event time in its data, as `moment_text` writes it; empty without an event time.
    :param as_of: The time its DAG run stands for: the logical date, or when it was to start.
    :param dag_run: `DAG/RUN` that trained it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1)]
    uri: str
    digest: str
    mlflow_run: str
    snapshot: Annotated[int, Field(ge=0)]
    watermark: Moment = ""
    as_of: Moment = ""
    dag_run: str
