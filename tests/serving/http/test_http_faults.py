"""What a canary does wrong is answered as what it is, and counted against it; the champion goes on."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from faulty_models import Faulty
from served_project import rows_of, split
from waiting_for import wait_for

from stageline.serving.split import in_canary, salt_of

ANSWERS = {
    "nan": (500, "not_finite"),
    "infinite": (500, "not_finite"),
    "raises": (400, "exception"),
    "wrong_shape": (500, "wrong_shape"),
    "hangs": (504, "timed_out"),
}
KEYS = range(400, 420)
_versions = iter(range(100, 200))


@contextmanager
def rollout(served, server, model, percent, *, loaded=True):
    """Try a model beside the champion until the server does, and end it."""
    version = next(_versions)
    served.train(version, model)
    sequence = served.begin(version, percent)
    wait_for(lambda: server.version()["position"] == served.head().position, seconds=20)
    try:
        yield version, sequence
    finally:
        served.end(sequence)
        wait_for(lambda: server.version()["position"] == served.head().position, seconds=20)


def ask_each(server, keys=KEYS):
    """Ask about one row after the other, all at the same time."""
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(lambda key: server.ask(split(rows_of(key, key + 1))), keys))


def rows_of_rollout(served, server, sequence):
    server.flush()
    return [row for row in served.logged() if row["sequence"] == sequence]


@pytest.mark.parametrize("how", ANSWERS)
def test_a_faulty_canary_errs_on_its_share_and_the_champion_answers_the_rest(served, server, how):
    with rollout(served, server, Faulty(how), 50) as (version, sequence):
        chosen = in_canary({"id": KEYS}, 50, salt_of("small", sequence))
        said = ask_each(server)
        logged = rows_of_rollout(served, server, sequence)
    status, kind = ANSWERS[how]
    assert 0 < chosen.sum() < len(KEYS)
    assert [answer.status_code for answer in said] == [status if mine else 200 for mine in chosen]
    for answer in said:
        assert "nan" not in answer.text.lower()
        assert "infinity" not in answer.text.lower()
        assert "private" not in answer.text
    errors = Counter((row["arm"], row["error"]) for row in logged)
    assert errors == {("canary", kind): chosen.sum(), ("champion", None): (~chosen).sum()}
    assert {row["model_version"] for row in logged if row["arm"] == "canary"} == {version}


def test_a_constant_canary_answers_and_its_answers_are_in_the_log(served, server):
    with rollout(served, server, Faulty("constant"), 50) as (_, sequence):
        assert {answer.status_code for answer in ask_each(server)} == {200}
        logged = rows_of_rollout(served, server, sequence)
    assert {row["prediction"] for row in logged if row["arm"] == "canary"} == {7.0}
    assert len({row["prediction"] for row in logged if row["arm"] == "champion"}) > 5


def test_the_share_of_a_canary_that_cannot_be_loaded_is_the_champions_and_counted_against_it(served, server):
    version = next(_versions)
    candidate = served.train(version)
    served.models[version] = candidate.model_copy(update={"digest": "sha256:" + "0" * 64})
    sequence = served.begin(version, 50)
    status = wait_for(lambda: (found := server.version())["fault"] and found, seconds=20)
    assert "has digest" in status["fault"]
    assert status["refused"]
    assert status["canary"] is None
    chosen = in_canary({"id": KEYS}, 50, salt_of("small", sequence))
    assert {answer.status_code for answer in ask_each(server)} == {200}
    logged = wait_for(
        lambda: len(rows := rows_of_rollout(served, server, sequence)) >= 20 + chosen.sum() and rows, seconds=20
    )
    errors = Counter((row["arm"], row["error"]) for row in logged)
    assert errors == {("canary", "unreachable"): chosen.sum(), ("champion", None): 20}
    assert {row["model_digest"] for row in logged if row["arm"] == "canary"} == {"sha256:" + "0" * 64}
    served.end(sequence)
    wait_for(lambda: not server.version()["fault"], seconds=20)


@pytest.mark.parametrize("how", ["hangs", "raises", "nan"])
def test_a_shadow_fails_and_nobody_notices(served, server, how):
    with rollout(served, server, Faulty(how), 0) as (_, sequence):
        said = ask_each(server)
        expected = served.fitted[1].predict(_frame(KEYS))
        logged = wait_for(lambda: len(rows := rows_of_rollout(served, server, sequence)) >= 40 and rows, seconds=20)
    assert [answer.status_code for answer in said] == [200] * 20
    assert [answer.json()["predictions"][0] for answer in said] == pytest.approx(expected.tolist())
    kind = ANSWERS[how][1]
    assert Counter((row["arm"], row["error"]) for row in logged) == {("shadow", kind): 20, ("champion", None): 20}


def test_one_bad_row_of_a_canary_fails_its_own_call_and_no_other(served, server):
    # Asked at the same time, the calls share a batch; only where x is above 90 is the answer no number.
    with rollout(served, server, Faulty("raises", above=90.0), 100):
        said = ask_each(server, range(500, 560))
    wrong = [x > 90 for x in rows_of(500, 560)["x"].to_pylist()]
    assert any(wrong)
    assert [answer.status_code for answer in said] == [400 if bad else 200 for bad in wrong]


def test_rows_of_one_call_go_to_different_models(served, server):
    with rollout(served, server, Faulty("none"), 50) as (version, sequence):
        answer = server.ask(split(rows_of(400, 440)))
        chosen = in_canary({"id": range(400, 440)}, 50, salt_of("small", sequence))
        x = rows_of(400, 440)["x"].to_numpy()
    expected = [
        1_000.0 + x[at] if mine else value
        for at, (mine, value) in enumerate(zip(chosen, served.fitted[1].predict(_frame(range(400, 440))), strict=True))
    ]
    assert answer.json()["predictions"] == pytest.approx(expected)
    assert answer.headers["x-stageline-model"] == f"{version},1"


def test_who_met_the_canary_meets_it_at_every_greater_percent(served, server):
    met: list[set[int]] = []
    with rollout(served, server, Faulty("none"), 5) as (_, sequence):
        for percent in (5, 25, 60, 100):
            if percent > 5:
                served.shift(sequence, percent)
                wait_for(lambda percent=percent: server.version()["canary"]["percent"] == percent, seconds=20)
            # Twice: the same entity meets the same model.
            first, second = (server.ask(split(rows_of(0, 300))).json()["predictions"] for _ in range(2))
            assert first == second
            met.append({key for key, value in enumerate(first) if value >= 1_000})
            assert met[-1] == {
                key
                for key, mine in enumerate(in_canary({"id": range(300)}, percent, salt_of("small", sequence)))
                if mine
            }
    assert met[0] < met[1] < met[2] < met[3] == {*range(300)}


def test_without_its_keys_the_header_says_whose_a_row_is(served, server):
    features = split(rows_of(0, 1), "x", "salary", "colour")
    with rollout(served, server, Faulty("none"), 50) as (_, sequence):
        chosen = in_canary({"key": [f"caller {n}" for n in range(20)]}, 50, salt_of("small", sequence))
        said = [server.ask(features, **{"X-Stageline-Key": f"caller {n}"}).json()["predictions"][0] for n in range(20)]
        by_chance = [server.ask(features).json()["predictions"][0] >= 1_000 for _ in range(40)]
    assert [value >= 1_000 for value in said] == chosen.tolist()
    assert {*by_chance} == {True, False}


def _frame(keys):
    from stageline.features import model_frame

    return model_frame(rows_of(min(keys), max(keys) + 1), ("x", "salary"), ("colour",))
