"""A whole rollout over HTTP: the operator, a server that follows the ledger, and callers who notice nothing."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from operator_fixtures import execute, mlflow_database, point_at
from pilot_moments import RUN_2
from production_project import production
from rollout_runs import go_on, head, wait_for_look, waits_or_ends
from serving_command import serving
from shelves import production_shelf
from small_project import write_spec

from stageline.operators import GateFailed, RolloutOperator, running_rollout

__all__ = ["execute", "mlflow_database", "production_shelf"]
pytestmark = pytest.mark.xdist_group("rollout")
KEYS = 320
OUTCOME = "{uri: data/outcomes.csv, column: sold, kind: mean, arrived: came}"
AB_TEST = f"{{duration: PT10M, effect: 0.9, min_events: 30, no_difference: promote, outcome: {OUTCOME}}}"
METRICS = (
    "[{metric: error_rate, max_increase: 0.3}, {metric: predictions, max_distance: 0.8}, "
    "{metric: latency, quantile: 0.5, max_increase: 1000.0}, {metric: kpi, max_loss: 50.0}]"
)


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def server(shelf, stores, execute):
    """Start `stageline serve small` for a pipeline whose second model was approved; its rollout asks it."""
    shelf.go_to("second approved", execute)
    with serving(stores) as running:
        steps = "steps: [0, 25, 50], interval: PT2S, deadline: PT10M, min_events: 30"
        rollout = f"{{{steps}, metrics: {METRICS}, ab_test: {AB_TEST}}}"
        release = f"{{target: http, http: {{urls: ['{running.url}']}}, approvers: [model], rollout: {rollout}}}"
        write_spec(stores.project, **production(release=release))
        yield running


class Callers:
    """Ask about one row after another until told to end; each answer's status is kept."""

    def __init__(self, server):
        self.server, self.statuses, self._over = server, [], threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self):
        key = 0
        while not self._over.is_set():
            key = (key + 1) % KEYS
            # Rows of days that neither model was trained on have labels, too: the last ones of the table.
            row = {"id": key, "at": f"2026-03-{1 + key % 9:02}T00:00:00", "x": key * 37 % 101, "colour": "red"}
            self.statuses.append(self.server.ask({"dataframe_records": [row]}).status_code)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def write_outcomes(project):
    """Let something come of each row again and again, whoever answered it, and always the same."""
    began = datetime.now(UTC)
    times = [(began + timedelta(seconds=2 * each)).isoformat() for each in range(150)]
    lines = [f"{key},{1 + key % 5},{came}" for came in times for key in range(KEYS)]
    (project / "data/outcomes.csv").write_text("\n".join(["id,sold,came", *lines]) + "\n", encoding="utf-8")


def test_shadow_canary_champion_and_no_caller_notices(server, stores, execute):
    write_outcomes(stores.project)
    with Callers(server) as callers:
        until, seen = wait_for_look(execute), []
        while until is not None:
            canary = head(stores).canary
            seen += [canary.percent] if canary else []
            # Once promoted, it waits until the server answers with the new champion.
            until = waits_or_ends(execute, until)
    assert sorted(set(seen)) == [0, 25, 50]
    assert head(stores).champion.version == 2
    assert set(callers.statuses) == {200}
    assert server.version()["champion"]["version"] == 2
    looks = [record for record in stores.records("rollout") if record.kind == "look"]
    assert [look.evidence["action"] for look in looks][-1] == "promote"
    tested = looks[-1].evidence["ab_test"]
    assert (tested["outcome"], tested["column"]) == ("no_difference", "sold")
    assert min(tested["rows"].values()) >= 30
    # Each was asked about many times, and counts once.
    assert len(callers.statuses) > 2 * KEYS >= 2 * sum(tested["rows"].values())
    codes = {check["code"] for check in looks[-1].evidence["checks"]}
    assert codes == {"SL-R010", "SL-R012", "SL-R014", "SL-R015"}


def test_a_server_that_dies_is_waited_for_and_undoes_it_at_the_deadline(server, stores, execute, monkeypatch):
    rollout = f"{{steps: [25], interval: PT1S, deadline: PT1H, min_events: 30, metrics: {METRICS}}}"
    release = f"{{target: http, http: {{urls: ['{server.url}']}}, approvers: [model], rollout: {rollout}}}"
    write_spec(stores.project, **production(release=release))
    until = wait_for_look(execute)
    server.kill()
    go_on(execute, until)
    monkeypatch.setattr(running_rollout, "moment_now", lambda: datetime.now(UTC) + timedelta(minutes=90))
    with pytest.raises(GateFailed, match=r"did not come to rest by the deadline: .*cannot be asked"):
        execute(RolloutOperator, **RUN_2)
    assert (head(stores).champion.version, head(stores).canary) == (1, None)
