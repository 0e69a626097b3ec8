"""What the DAGs of a pipeline tell each other: assets, whose events start the next one."""

from airflow.sdk import Asset


def champion_of(name: str) -> Asset:
    """Return the asset that changes when a pipeline's champion does."""
    return Asset(name=f"{name}.champion", uri=f"stageline://{name}/champion")


def predictions_of(name: str) -> Asset:
    """Return the asset that changes when a pipeline has scored."""
    return Asset(name=f"{name}.predictions", uri=f"stageline://{name}/predictions")


def retraining_of(name: str) -> Asset:
    """Return the asset that changes when a pipeline's monitoring asks for a new model."""
    return Asset(name=f"{name}.retrain", uri=f"stageline://{name}/retrain")
