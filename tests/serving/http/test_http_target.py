"""What a rollout learns of servers: whether they serve the head, and what both arms did."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from faulty_models import Faulty
from served_project import make, rows_of, split
from waiting_for import wait_for

from stageline.exceptions import Outage, TargetError
from stageline.serving.class_codes import code_of
from stageline.serving.http import HttpTarget
from stageline.serving.split import in_canary, salt_of
from stageline.serving.target import Served as ServedNow


def target_of(served, *servers, **changes):
    return HttpTarget(
        **{"tables": served.tables, "urls": tuple(each.url for each in servers), "timeout": 20.0, **changes}
    )


def test_it_serves_the_head_once_it_has_read_it(served, server):
    target = target_of(served, server)
    sequence = served.begin_trained(300, 25)
    head = served.head()
    now = wait_for(lambda: not (found := target.converge(head)).pending and found, seconds=20)
    assert now.fault(head) == ""
    assert now == target.served() == ServedNow(head.champion.digest, head.canary.model.digest, 25)
    served.end(sequence)
    # Of a head that it does not serve any more, or not yet, it says how it differs.
    later = wait_for(lambda: (found := target.converge(head)).pending and found, seconds=20)
    assert "canary is none, not sha256:" in later.pending
    assert wait_for(lambda: not (found := target.converge(served.head())).pending and found, seconds=20).canary == ""


def test_a_canary_that_cannot_be_loaded_is_refused_with_the_reason(served, server):
    served.models[301] = served.train(301).model_copy(update={"digest": "sha256:" + "3" * 64})
    sequence = served.begin(301, 5)
    target, head = target_of(served, server), served.head()
    wait_for(lambda: server.version()["fault"], seconds=20)
    with pytest.raises(TargetError, match="has digest"):
        target.converge(head)
    served.end(sequence)
    wait_for(lambda: not server.version()["fault"], seconds=20)
    assert target.converge(served.head()).pending == ""


def test_what_both_arms_did_is_read_from_the_log(served, server):
    target = target_of(served, server)
    served.train(302, Faulty("nan", above=60.0))
    start = datetime.now(UTC)
    sequence = served.begin(302, 50)
    head = served.head()
    wait_for(lambda: not target.converge(head).pending, seconds=20)
    said = [server.ask(split(rows_of(key, key + 1))) for key in range(100)]
    end = datetime.now(UTC)
    traffic = target.observe(head, start, end)
    chosen = in_canary({"id": range(100)}, 50, salt_of("small", sequence))
    x = rows_of(0, 100)["x"].to_numpy()
    assert (traffic.start, traffic.end, traffic.percent) == (start, end, 50)
    assert (traffic.canary.events, traffic.champion.events) == (chosen.sum(), (~chosen).sum())
    assert traffic.canary.errors == {"not_finite": (chosen & (x > 60)).sum()}
    assert traffic.champion.errors == {}
    assert sorted(traffic.canary.predictions) == sorted(1_000.0 + x[chosen & (x <= 60)])
    expected = [answer.json()["predictions"][0] for answer, mine in zip(said, chosen, strict=True) if not mine]
    assert sorted(traffic.champion.predictions) == pytest.approx(sorted(expected))
    assert len(traffic.champion.latency_ms) == traffic.champion.events
    assert (traffic.champion.latency_ms > 0).all()
    # What came before or after, or in another rollout, is none of it.
    hour = timedelta(hours=1)
    assert target.observe(head, start - hour, start).champion.events == 0
    keys = target.served_rows(head, start, end, columns=["id", "arm"])
    assert sorted(keys["id"].to_pylist()) == [*range(100)]
    served.end(sequence)
    wait_for(lambda: not target.converge(served.head()).pending, seconds=20)
    server.ask(split(rows_of(0, 1)))
    assert target.observe(head, start, datetime.now(UTC)).champion.events == traffic.champion.events


def test_a_server_that_is_gone_is_an_outage(served):
    target = HttpTarget(served.tables, ("http://127.0.0.1:9",), timeout=2.0)
    for ask in (
        lambda: target.converge(served.head()),
        target.served,
        lambda: target.observe(served.head(), datetime.now(UTC), datetime.now(UTC)),
    ):
        with pytest.raises(Outage, match="cannot be asked"):
            ask()


def test_classes_are_codes_that_mean_the_same_in_both_arms_and_the_token_is_shown(tmp_path):
    own = make(tmp_path, task="classification", calendar=True)
    own.train(1)
    own.promote(1)
    own.train(2)
    sequence = own.begin(2, 50)
    with own.running(token="of the classes") as server:  # noqa: S106
        target = target_of(own, server, token="of the classes")  # noqa: S106
        start, head = datetime.now(UTC), own.head()
        assert target.converge(head).pending == ""
        rows = rows_of(240, 300, classes=True)
        said = server.ask(split(rows)).json()["predictions"]
        assert {*said} == {"high", "low"}
        traffic = target.observe(head, start, datetime.now(UTC))
        chosen = in_canary(rows.select(["id"]), 50, salt_of("small", sequence))
        codes = np.array([code_of(each) for each in said])
        assert traffic.canary.predictions.dtype == traffic.champion.predictions.dtype == codes.dtype
        assert sorted(traffic.canary.predictions) == sorted(codes[chosen])
        assert sorted(traffic.champion.predictions) == sorted(codes[~chosen])
        logged = target.served_rows(head, start, datetime.now(UTC)).to_pylist()
        assert {round(row["probability"], 9) > 0.5 for row in logged if row["prediction"] == "low"} == {True}
        assert {row["event_hour"] for row in logged} == {0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0}
        with pytest.raises(TargetError, match="another token"):
            target_of(own, server, token="of others").served()  # noqa: S106
        assert server.terminate() == 0
