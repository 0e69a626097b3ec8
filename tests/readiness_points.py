"""What each test of readiness is worth by the ledger of the pipeline `small`."""

from datetime import UTC, datetime

from small_project import Stores

from stageline.readiness import judge_readiness, read_facts
from stageline.spec import load_spec


def points(stores: Stores) -> dict[str, float]:
    """Return the points by the tests' codes."""
    spec = load_spec(stores.project / "config/pipelines/small.yaml").spec
    with stores.ledger() as ledger:
        facts = read_facts(ledger, "small", spec)
    return {each.test.code: each.points for each in judge_readiness(facts, datetime.now(UTC)).results}
