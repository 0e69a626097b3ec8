"""A server and a ledger that cannot be read, or that names what cannot be loaded."""

from datetime import UTC, datetime, timedelta

from served_project import rows_of, split
from waiting_for import wait_for


def test_a_ledger_that_is_gone_leaves_the_last_head_in_place(served, server):
    ledger, away = served.folder / "ledger.db", served.folder / "away.db"
    ledger.rename(away)
    ledger.mkdir()
    status = wait_for(lambda: (found := server.version())["head"]["ledger"] and found, seconds=20)
    assert status["champion"]["version"] == 1
    assert status["position"] == status["head"]["position"]
    assert server.ask(split(rows_of(0, 1))).status_code == 200
    assert "stageline_ledger_up 0.0" in server.get("/metrics").text
    ledger.rmdir()
    away.rename(ledger)
    wait_for(lambda: not server.version()["head"]["ledger"], seconds=20)
    assert "stageline_ledger_up 1.0" in server.get("/metrics").text


def test_a_champion_that_cannot_be_loaded_leaves_the_one_before_in_place(served, server):
    before = server.version()["champion"]
    missing = {"uri": str(served.folder / "nowhere.skops"), "digest": "sha256:" + "1" * 64}
    served.models[2] = served.train(2).model_copy(update=missing)
    served.promote(2)
    status = wait_for(lambda: (found := server.version())["fault"] and found, seconds=20)
    assert "there is no file" in status["fault"]
    assert status["champion"] == before
    assert "stageline_head_served 0.0" in server.get("/metrics").text
    expected = server.ask(split(rows_of(0, 1)))
    assert expected.status_code == 200
    # The next head is tried anew.
    served.roll_back()
    wait_for(lambda: not server.version()["fault"], seconds=20)
    assert server.version()["champion"] == before
    assert server.ask(split(rows_of(0, 1))).content == expected.content


def test_a_model_that_is_used_no_more_is_let_go(served, server):
    # Of other tests, models that hang may be left.
    before = loaded(server)
    sequence = served.begin_trained(3, 50)
    wait_for(lambda: server.version()["canary"], seconds=20)
    during = loaded(server)
    served.end(sequence)
    wait_for(lambda: loaded(server) == before, seconds=20)
    assert during == before + 1


def test_a_canary_that_nobody_looks_after_leaves_even_while_the_ledger_is_away(served, server):
    sequence = served.begin_trained(5, 50, until=datetime.now(UTC) + timedelta(seconds=4))
    wait_for(lambda: server.version()["canary"], seconds=20)
    ledger, away = served.folder / "ledger.db", served.folder / "away.db"
    ledger.rename(away)
    ledger.mkdir()
    wait_for(lambda: not server.version()["canary"], seconds=20)
    assert server.version()["head"]["ledger"]
    assert {server.ask(split(rows_of(key, key + 1))).status_code for key in range(20)} == {200}
    ledger.rmdir()
    away.rename(ledger)
    wait_for(lambda: not server.version()["head"]["ledger"], seconds=20)
    assert server.version()["canary"] is None
    served.end(sequence)


def loaded(server):
    return float(server.get("/metrics").text.split("\nstageline_models_loaded ")[1].split()[0])
