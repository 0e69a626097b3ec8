"""Real models, real clean processes."""

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import odd_models
import pytest
import skops.io
from hostile_model import write_hostile
from validation_cases import AMOUNTS, LABELS, TARGETS, recorded_for, store, store_odd, trained, validated
from waiting_for import wait_for

from stageline.release.validation import validate
from stageline.release.validation.judge import Limits
from stageline.training.model_file import digest_file
from stageline.verdicts import Report, Severity, Verdict

GOOD = {
    "Ridge": ("regression", "linear_model.Ridge", {}),
    "HistGradientBoosting": ("regression", "ensemble.HistGradientBoostingRegressor", {"max_iter": 5}),
    "LogisticRegression": ("classification", "linear_model.LogisticRegression", {}),
    "RidgeClassifier": ("classification", "linear_model.RidgeClassifier", {}),
    "RandomForest": ("classification", "ensemble.RandomForestClassifier", {"n_estimators": 5}),
}
NAMES = [
    "clean_process", "digest", "library_versions", "trusted_types", "loads", "recorded_predictions",
    "edge_rows(one row)", "edge_rows(all null)", "edge_rows(unseen category)", "edge_rows(no rows)",
    "latency", "memory", "size",
]  # fmt: skip


def verdict_of(checks):
    return Report(step="validate", checks=tuple(checks.values())).verdict


@pytest.mark.parametrize(("task", "estimator", "params"), GOOD.values(), ids=GOOD)
def test_a_model_that_works_as_in_training_passes(tmp_path, task, estimator, params):
    rows, classify = TARGETS[task], task == "classification"
    path, recorded = store(tmp_path, trained(rows, estimator, **params), rows, classify=classify)
    checks = validated(tmp_path, path, recorded, classify=classify, trusted=())
    assert {check.name: check.message for check in checks.values() if check.verdict is not Verdict.PASSED} == {}
    assert list(checks) == NAMES
    assert verdict_of(checks) is Verdict.PASSED
    assert checks["recorded_predictions"].message == (
        "the recorded predictions on 100 of 150 training rows come out again"
    )
    assert checks["edge_rows(no rows)"].message == "no rows: it refuses them with a ValueError"
    for cost in ("latency", "memory", "size"):
        assert checks[cost].value > 0
        assert checks[cost].severity is Severity.INFO
    assert re.fullmatch(
        r"the process took \d+ MB at most, \d+ MB of them before it loaded the model; gates.max_memory_mb sets a limit",
        checks["memory"].message,
    )


def test_a_model_that_answers_no_rows_with_nothing_passes(tmp_path):
    checks = validated(tmp_path, *store_odd(tmp_path, odd_models.Steady()))
    assert checks["edge_rows(no rows)"].verdict is Verdict.PASSED
    assert verdict_of(checks) is Verdict.PASSED


def test_limits_are_judged(tmp_path):
    path, recorded = store(tmp_path, trained(AMOUNTS, "linear_model.Ridge"), AMOUNTS)
    wide = validated(tmp_path / "a", *moved(path, recorded, tmp_path / "a"), limits=Limits(60_000, 60_000, 120))
    assert [wide[cost].severity for cost in ("latency", "memory")] == [Severity.CRITICAL] * 2
    assert verdict_of(wide) is Verdict.PASSED
    tight = validated(tmp_path / "b", *moved(path, recorded, tmp_path / "b"), limits=Limits(0.001, 1, 120))
    assert re.fullmatch(
        r"one row takes .* ms \(median\), .* ms \(99th percentile of 300 calls\), allowed are 0.001 ms "
        r"\(gates.max_latency_ms\): choose a smaller model, or allow more",
        tight["latency"].message,
    )
    assert "allowed are 1 MB (gates.max_memory_mb)" in tight["memory"].message
    assert [tight[cost].verdict for cost in ("latency", "memory")] == [Verdict.FAILED] * 2


def moved(path, recorded, folder):
    folder.mkdir()
    return shutil.copy(path, folder / path.name), recorded


def only(checks, *names):
    """Return the one check that is not passed; what comes before it is named."""
    assert list(checks) == list(names)
    (bad,) = (check for check in checks.values() if not check.verdict.advances)
    return bad


def test_a_truncated_file_is_not_opened(tmp_path):
    path, recorded = store(tmp_path, trained(AMOUNTS, "linear_model.Ridge"), AMOUNTS)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    bad = only(validated(tmp_path, path, recorded), "clean_process", "digest", "library_versions")
    assert bad.verdict is Verdict.FAILED
    assert f"it was cut short or replaced: {len(data) // 2:,} of {len(data):,} bytes; it was not opened" in bad.message


def test_an_edited_file_is_not_opened(tmp_path):
    path, recorded = store(tmp_path, trained(AMOUNTS, "linear_model.Ridge"), AMOUNTS)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    bad = only(validated(tmp_path, path, recorded), "clean_process", "digest", "library_versions")
    assert bad.message.startswith(
        f"the file has digest {digest_file(path)}, recorded at training was {recorded.digest}: it was changed"
    )


def test_a_file_that_runs_a_command_when_loaded_is_not_loaded(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "model.skops"
    write_hostile(path, marker)
    # The right digest: whoever trained it wrote it so.
    recorded = recorded_for(path, store(tmp_path / "m", *made(tmp_path / "m"))[1].example)
    bad = only(
        validated(tmp_path, path, recorded), "clean_process", "digest", "library_versions", "trusted_types"
    )  # fmt: skip
    assert bad.verdict is Verdict.FAILED
    assert bad.message.startswith("the file holds types nobody trusts: posix.system; it was not loaded")
    assert not marker.exists()

    # The command is a real one: who trusts what the file asks for, runs it.
    assert skops.io.load(path, trusted=["posix.system"]) == 0
    assert marker.exists()


def made(folder):
    folder.mkdir()
    return trained(AMOUNTS, "linear_model.Ridge"), AMOUNTS


def test_a_file_that_is_no_skops_file_is_refused(tmp_path):
    path, recorded = store(tmp_path, trained(AMOUNTS, "linear_model.Ridge"), AMOUNTS)
    path.write_bytes(b"<html>502 Bad Gateway</html>")
    bad = only(
        validated(tmp_path, path, recorded_for(path, recorded.example)),
        "clean_process", "digest", "library_versions", "trusted_types",
    )  # fmt: skip
    assert bad.verdict is Verdict.ERRORED
    assert bad.message.startswith("the file cannot be read as a skops file: BadZipFile: File is not a zip file")


def test_other_predictions_than_recorded_fail(tmp_path):
    # The weights were changed, and so was what is recorded about the file; the example was not.
    path, recorded = store(
        tmp_path, trained(AMOUNTS, "linear_model.Ridge", alpha=50.0), AMOUNTS,
        recorded_by=trained(AMOUNTS, "linear_model.Ridge"),
    )  # fmt: skip
    checks = validated(tmp_path, path, recorded)
    bad = checks["recorded_predictions"]
    assert bad.verdict is Verdict.FAILED
    assert re.search(r"example: \d+ of 100 predictions differ, first in row 1: [\d.-]+, recorded was ", bad.message)
    assert verdict_of(checks) is Verdict.FAILED


def test_other_classes_than_recorded_fail(tmp_path):
    shuffled = replace(LABELS, target=LABELS.target[::-1].copy())
    path, recorded = store(
        tmp_path, trained(shuffled, "tree.DecisionTreeClassifier"), LABELS, classify=True,
        recorded_by=trained(LABELS, "tree.DecisionTreeClassifier"),
    )  # fmt: skip
    bad = validated(tmp_path, path, recorded, classify=True)["recorded_predictions"]
    assert re.search(r"predicted classes differ, first in row \d+: '\w+', recorded was '\w+'", bad.message)


ODD_ANSWERS = {
    "nan": (odd_models.Answers("nan"), "example: 100 of 100 predictions are not finite numbers, first in row 1, found nan"),
    "infinity": (odd_models.Answers("-inf"), "predictions are not finite numbers, first in row 1, found -inf"),
    "too few": (odd_models.AnswersOnceForAll(), "example: it gave 1 prediction(s) for 100 row(s); train again"),
    "another type": (odd_models.AnswersInWholeNumbers(), "its predictions are of type 'integer', at training 'float'"),
    "exception": (odd_models.Raises(), "example: predict raised KeyError: 'secret-of-a-row'; train again"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "said"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_a_useless_answer_fails(tmp_path, model, said):
    bad = validated(tmp_path, *store_odd(tmp_path, model))["recorded_predictions"]
    assert bad.verdict is Verdict.FAILED
    assert said in bad.message


def test_a_model_that_wants_more_memory_than_it_may_take_is_told(tmp_path):
    # 4.8 GB, which it would not even touch.
    path, recorded = store_odd(tmp_path, odd_models.Hogs(6e8))
    bad = validated(tmp_path, path, recorded, limits=Limits(memory_mb=300, seconds=120))["recorded_predictions"]
    assert bad.verdict is Verdict.FAILED
    assert bad.message.endswith(
        "Unable to allocate 4.47 GiB for an array with shape (600000000,) and data type float64; it wants more memory "
        "than it may take: choose a smaller model, or set gates.max_memory_mb higher"
    )


def test_where_values_are_private_no_exception_is_quoted(tmp_path):
    checks = validated(tmp_path, *store_odd(tmp_path, odd_models.Raises()), private=True)
    assert "predict raised KeyError; train again" in checks["recorded_predictions"].message
    assert not [check for check in checks.values() if "secret-of-a-row" in check.message]


EDGES = {
    "one row": (
        odd_models.AnswersOtherwiseAlone(), "edge_rows(one row)",
        "one row: 1 of 1 predictions differ, first in row 1: 2.0, recorded was 1.0; a row alone has to get the prediction "
        "that it gets among others: leave out what looks at other rows",
    ),
    "nulls": (
        odd_models.RaisesOnNulls(), "edge_rows(all null)",
        "all null: predict raised ValueError: Input contains NaN; a row like this will come one day: put an imputer or "
        "an encoder that takes it before the estimator",
    ),
    "no rows": (
        odd_models.RaisesOnNoRows(), "edge_rows(no rows)",
        "no rows: predict raised IndexError: index 0 is out of bounds; of no rows it has to predict nothing, or refuse "
        "them with a ValueError",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("model", "name", "said"), EDGES.values(), ids=EDGES)
def test_an_edge_row_that_breaks_it_is_named(tmp_path, model, name, said):
    checks = validated(tmp_path, *store_odd(tmp_path, model))
    (bad,) = (check for check in checks.values() if not check.verdict.advances)
    assert (bad.name, bad.message) == (name, said)


DEATHS = {
    "killed": (odd_models.KillsItself(), "the clean process was killed by SIGKILL while it was predicting (example), which is what the kernel does where memory runs out; give the worker more memory, or choose a smaller model"),
    "crashed": (odd_models.Crashes(), "the clean process died of SIGSEGV while it was predicting (example): a library crashed on this model; install the libraries it was trained with, or train again"),
    "left": (odd_models.Leaves(), "the clean process ended with exit code 3 while it was predicting (example); do not release this model (it last printed: so long)"),
    "garbage": (odd_models.Scribbles("]["), "the clean process ended well, but the 2 bytes it wrote are no JSON; do not release it"),
    "nothing": (odd_models.Scribbles(""), "the clean process ended well, but it wrote no answer; do not release it"),
    "half an answer": (odd_models.Scribbles('{"digest": "sha256:0"}'), "the clean process ended well, but what it wrote is no answer: size_bytes: Field required (and 1 more); do not release it"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "said"), DEATHS.values(), ids=DEATHS)
def test_a_process_that_does_not_answer_is_no_blessing(tmp_path, model, said):
    bad = only(validated(tmp_path, *store_odd(tmp_path, model)), "clean_process")
    assert (bad.verdict, bad.message) == (Verdict.ERRORED, said)


@pytest.fixture
def hanging(tmp_path, monkeypatch):
    """Return a hanging model, and a function that says what the wait for it ends with, once it hangs."""
    pid_file, wait = tmp_path / "pid", subprocess.Popen.wait

    def ends_with(error):
        def waited(process, timeout=None):
            if timeout is None:
                return wait(process)
            wait_for(lambda: pid_file.exists() and pid_file.read_text("utf-8").endswith("\n"), seconds=120)
            raise error

        monkeypatch.setattr(subprocess.Popen, "wait", waited)

    yield odd_models.Hangs(str(pid_file)), ends_with
    # What it had started is gone with it, however the wait ended.
    assert not alive(int(pid_file.read_text("utf-8")))


def test_a_process_that_hangs_is_killed_with_all_its_children(tmp_path, hanging):
    model, ends_with = hanging
    ends_with(subprocess.TimeoutExpired("python", 12))
    bad = only(validated(tmp_path, *store_odd(tmp_path, model), limits=Limits(seconds=12)), "clean_process")
    assert bad.verdict is Verdict.ERRORED
    assert bad.message == (
        "the clean process was killed after 12 s while it was predicting (example); a model this slow cannot be "
        "released: choose a smaller one, or give the operator a longer time_limit"
    )


def test_a_task_that_is_stopped_takes_the_process_with_it(tmp_path, hanging):
    model, ends_with = hanging
    ends_with(KeyboardInterrupt())
    path, recorded = store_odd(tmp_path, model)
    with pytest.raises(KeyboardInterrupt):
        validated(tmp_path, path, recorded)


def test_a_process_that_takes_too_long_is_killed(tmp_path):
    bad = only(
        validated(tmp_path, *store_odd(tmp_path, odd_models.Sleeps()), limits=Limits(seconds=3)), "clean_process"
    )
    assert bad.message.startswith("the clean process was killed after 3 s ")


def test_a_process_whose_parent_is_gone_ends_by_itself(tmp_path, monkeypatch):
    # Its own clock rings long before ours.
    monkeypatch.setattr(validate, "_GRACE_SECONDS", -54)
    path, recorded = store_odd(tmp_path, odd_models.Sleeps())
    bad = only(validated(tmp_path, path, recorded, limits=Limits(seconds=60)), "clean_process")
    assert bad.message.startswith("the clean process died of SIGALRM")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_model_prints_does_no_harm(tmp_path):
    checks = validated(tmp_path, *store_odd(tmp_path, odd_models.Chatty()))
    assert {name for name, check in checks.items() if not check.verdict.advances} == set()


def test_a_model_that_fills_the_disk_is_stopped(tmp_path):
    disk = tmp_path / "disk"
    bad = validated(tmp_path, *store_odd(tmp_path, odd_models.FillsTheDisk(str(disk))))["recorded_predictions"]
    assert "predict raised OSError: [Errno 27] File too large" in bad.message
    assert disk.stat().st_size <= 64_000_000


def test_the_process_sees_no_credentials(tmp_path, monkeypatch):
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "s3cret", "AIRFLOW_CONN_LEDGER": "s3cret", "AIRFLOW__CORE__FERNET_KEY": "s3cret",
        "MLFLOW_TRACKING_PASSWORD": "s3cret", "PGPASSWORD": "s3cret", "GOOGLE_APPLICATION_CREDENTIALS": "s3cret",
        "TZ": "Europe/Berlin",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    report = tmp_path / "seen.json"
    path, recorded = store_odd(tmp_path, odd_models.Spies(str(report)))
    kept_open = os.open(tmp_path / "secret.txt", os.O_CREAT | os.O_RDONLY)
    os.set_inheritable(kept_open, True)
    try:
        checks = validated(tmp_path, path, recorded)
    finally:
        os.close(kept_open)
    assert verdict_of(checks) is Verdict.PASSED
    seen = json.loads(report.read_text("utf-8"))
    environment = seen["environment"]
    assert set(environment) <= {
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONUTF8", "HOME", "TMPDIR",
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK",
    }  # fmt: skip
    assert "s3cret" not in str(environment)
    assert environment["TZ"] == "Europe/Berlin"
    assert environment["HOME"] == environment["TMPDIR"] == seen["folder"] == str(tmp_path / "scratch" / "process")
    assert not [target for target in seen["opened"].values() if "secret.txt" in target]
    assert seen["session"] == seen["pid"] != os.getsid(0)
    assert not {"airflow", "mlflow", "boto3", "sqlalchemy"} & set(seen["modules"])


def test_a_partial_of_a_command_is_not_loaded_either(tmp_path):
    path = tmp_path / "model.skops"
    skops.io.dump(functools.partial(os.system, f"touch {tmp_path / 'marker'}"), path)
    recorded = recorded_for(path, store(tmp_path / "m", *made(tmp_path / "m"))[1].example)
    checks = validated(tmp_path, path, recorded)
    assert "types nobody trusts: posix.system" in checks["trusted_types"].message
    assert not (tmp_path / "marker").exists()
