"""Who is asked, and who answers for a task: the owners that a spec names."""

from datetime import timedelta

from stageline.spec import PipelineSpec


def approvers(spec: PipelineSpec) -> list[str]:
    """Return the owners who may approve a release."""
    roles = spec.release.approvers if spec.release else ()
    return [owner for role in roles if (owner := getattr(spec.owners, role))]


def defaults(spec: PipelineSpec) -> dict[str, object]:
    """Return what all tasks of a pipeline have in common."""
    return {"owner": spec.owners.model or "stageline", "retries": 2, "retry_delay": timedelta(seconds=10)}
