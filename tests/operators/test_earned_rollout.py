"""A rollout in a stage that is not earned does not begin; one that has begun goes on by its own looks."""

import pytest
from operator_fixtures import point_at
from pilot_moments import Shelf
from production_project import PRODUCTION_MOMENTS, production
from small_project import write_spec

from stageline.operators import GateFailed, RolloutOperator

pytestmark = pytest.mark.xdist_group("earned-rollout")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("earned-rollout"), mlflow_database, PRODUCTION_MOMENTS)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


def test_a_block_holds_the_rollout_back_and_names_the_tests(shelf, stores, execute):
    shelf.go_to("first approved", execute)
    write_spec(stores.project, **production(readiness="{enforce: block}"))
    with pytest.raises(
        GateFailed, match=r"rollout failed: stage 'production' is not earned: .*SL-L003 a rollback drill passed"
    ):
        execute(RolloutOperator)
    with stores.ledger() as ledger:
        assert (ledger.head("small").generation, ledger.head("small").canary) == (0, None)
    # Once nothing is held back any more, the same task goes on.
    write_spec(stores.project, **production())
    assert execute(RolloutOperator, try_number=2)["verdict"] == "passed"
    with stores.ledger() as ledger:
        assert ledger.head("small").generation == 1
