"""Which target a pipeline's spec names."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from stageline.exceptions import Outage, Refusal, SpecError

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.serving.target import Target

GROUP = "stageline.targets"


def target_of(run: "RunContext") -> "Target":
    """Return the target that the spec names: one of ours, or one that is registered under `stageline.targets`.

    A registered one is a function that takes the run and returns a `Target`.

    :raises SpecError: The spec names none, or one that nobody knows.
    """
    if run.spec.release is None:
        raise SpecError(f"pipeline {run.name!r} has no section 'release', which names its target")
    name = run.spec.release.target
    if name in BUILT_IN:
        return BUILT_IN[name](run)
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted({*BUILT_IN, *found}))
        raise SpecError(f"release.target: unknown target {name!r}; known: {known}")
    make: Callable[[RunContext], Target] = found[name].load()
    return make(run)


def let_follow(run: "RunContext") -> str:
    """Let the target follow the head after it moved back; returns what keeps it from that for now, in words."""
    head = run.ledger.head(run.name)
    if run.loaded is None or run.spec.release is None or head.champion is None:
        return ""
    try:
        served = target_of(run).converge(head)
    except (Outage, Refusal) as error:
        return str(error)
    return served.pending or served.fault(head)


def _batch(run: "RunContext") -> "Target":
    from stageline.operators.batch_target import BatchTarget

    return BatchTarget(run)


def _http(run: "RunContext") -> "Target":
    import os

    from stageline.operators.http_target import LabelledHttpTarget
    from stageline.serving.http.target import HttpTarget
    from stageline.spec.http_target import Http

    asked = (run.spec.release.http if run.spec.release else None) or Http()
    token = os.environ.get("STAGELINE_SERVE_TOKEN", "")
    folder = run.settings.tables.absolute() / run.name
    return LabelledHttpTarget(run, HttpTarget(folder, asked.urls, asked.timeout.total_seconds(), token))


def _sagemaker(run: "RunContext") -> "Target":
    from stageline.operators.champion import Champion
    from stageline.serving.sagemaker import Clients, SageMakerTarget, of_session

    settings = run.spec.release.sagemaker if run.spec.release else None
    if settings is None:
        raise SpecError(f"pipeline {run.name!r}: release.sagemaker is missing: it says which endpoint serves")
    session = _session(settings.connection, settings.region) if settings.connection else None
    return SageMakerTarget(
        settings,
        Clients.made_by(of_session(session, region=settings.region)),
        file_of=lambda model: Champion(run, model, 0).file(),
        trusted_types=tuple(run.settings.trusted_types),
    )


def _session(connection: str, region: str) -> Any:
    """Return the boto3 session of an Airflow connection."""
    try:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
    except ImportError:
        raise SpecError(
            f"release.sagemaker.connection: {connection!r} needs the package apache-airflow-providers-amazon; install "
            "it, or leave the key out to use the worker's own credentials"
        ) from None
    return AwsBaseHook(aws_conn_id=connection, region_name=region, client_type="sagemaker").get_session()


BUILT_IN: Mapping[str, Callable[["RunContext"], "Target"]] = {"batch": _batch, "http": _http, "sagemaker": _sagemaker}
