"""Checks that earn tests of readiness: each passes on a sound pipeline and fails where something is planted."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from operator_fixtures import make_stores, point_at
from pilot_moments import RUN_2, STEPS, take
from pilot_project import DAY, PILOT
from readiness_points import points
from small_project import write_spec

from stageline.exceptions import DataError, MissingStepError, Refusal
from stageline.operators.aliases import tracking_of
from stageline.operators.configuration import load_settings
from stageline.operators.earning import RUNNERS, earn
from stageline.operators.run_context import RunContext
from stageline.readiness import TESTS
from stageline.spec import load_spec
from stageline.verdicts import Verdict

pytestmark = pytest.mark.xdist_group("earning")
POC = {key: value for key, value in PILOT.items() if key != "release"} | {"stage": "poc"}
POC |= {"gates": "{min_n: 30, min_improvement: -1, slices: [colour]}"}


def write_rows(project, *more):
    """Write 60 days of which both features say something, and others that are given by their name and rule."""
    lines = [",".join(["id", "at", "x", "colour", *(name for name, _ in more), "y"])]
    for row in range(480):
        x, colour, at = row * 37 % 101, row % 3, DAY + timedelta(hours=3 * row)
        others = [str(rule(row)) for _, rule in more]
        y = 3 * x + 40 * colour + row * 7 % 11
        lines.append(",".join([str(row), f"{at:%Y-%m-%dT%H:%M:%S}", str(x), "rgb"[colour], *others, str(y)]))
    (project / "data/small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory, mlflow_database):
    return make_stores(tmp_path_factory.mktemp("earning"), mlflow_database)


@pytest.fixture
def stores(made, monkeypatch):
    point_at(made, monkeypatch)
    return made


@pytest.fixture
def trained(stores, execute):
    """Give a pipeline whose newest model was evaluated; made once."""
    write_spec(stores.project, **POC)
    if not (stores.home / "ledger.db").exists():
        write_rows(stores.project)
        take(execute, *STEPS[:4])
    return stores


@pytest.fixture
def run(stores):
    """Return a function that runs a test's check, and gives its record."""

    def go(code, **changes):
        if changes:
            write_spec(stores.project, **POC | changes)
        loaded = load_spec(stores.project / "config/pipelines/small.yaml")
        moment, settings = datetime.now(UTC), load_settings()
        with stores.ledger() as ledger:
            context = RunContext(
                name="small", loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
                tracking=tracking_of(settings), dag_id="", run_id=f"earn__{moment.isoformat()}", task_id="readiness",
                map_index=-1, try_number=1, run_after=moment, actor="dana",
            )  # fmt: skip
            return earn(context, code, moment)

    return go


def git(project, *arguments):
    subprocess.run(["git", "-C", str(project), *arguments], check=True, capture_output=True)


# What needs neither git nor an Airflow of its own.
PLAIN = ("SL-L102", "SL-L103", "SL-L106", "SL-L107", "SL-L203", "SL-L204", "SL-L206", "SL-L301", "SL-L302", "SL-L403")


@pytest.mark.parametrize("code", PLAIN)
def test_a_sound_pipeline_earns_it(trained, run, code):
    record = run(code)
    assert (record.verdict, record.kind, record.actor) == (Verdict.PASSED, "earned", "dana"), record.sentence
    assert points(trained)[code] == 1.0


def test_the_whole_pipeline_runs_in_a_home_of_its_own(trained, run):
    before = len(trained.records())
    record = run("SL-L303")
    assert record.verdict is Verdict.PASSED, record.sentence
    assert record.sentence.endswith("the POC's DAG ran from source to report in a home of its own: 5 steps")
    assert points(trained)["SL-L303"] == 1.0
    # It left nothing here but its own record.
    assert len(trained.records()) == before + 1


def test_a_pipeline_that_does_not_run_through_is_not_integrated(trained, run):
    record = run("SL-L303", quality="[{type: expect_column_to_exist, column: missing}]", source="{uri: data/gone.csv}")
    assert record.verdict is Verdict.FAILED, record.sentence
    assert "step 'features' left no record" in str(record.evidence)
    assert points(trained)["SL-L303"] == 0.0


def test_every_check_belongs_to_a_test_that_says_so():
    by_command = {test.code for test in TESTS if f"--earn {test.code}" in test.earn}
    assert by_command == {*RUNNERS, "SL-L307"}


def test_a_test_without_a_check_says_how_it_is_earned(trained, run):
    with pytest.raises(DataError, match="SL-L105 .* has no check to run; earn it so: stageline attest small SL-L105"):
        run("SL-L105")


def test_a_drill_needs_a_champion(trained, run):
    with pytest.raises(Refusal, match="has no champion"):
        run("SL-L307")


def test_an_unknown_code_lists_the_known_ones(trained, run):
    with pytest.raises(Refusal, match="'SL-L999'; these are: SL-L101, SL-L102"):
        run("SL-L999")


class TestPlanted:
    def test_another_seed_is_not_reproduced(self, trained, run):
        record = run("SL-L301", train="{estimator: sklearn.linear_model.Ridge, params: {alpha: 1000.0}}")
        assert record.verdict is Verdict.FAILED
        assert "of 96 predictions differ from the stored model's" in record.sentence
        assert points(trained)["SL-L301"] == 0.0
        assert run("SL-L301", train="{estimator: sklearn.linear_model.Ridge}").verdict is Verdict.PASSED

    def test_another_estimator_than_the_one_that_was_trained_is_refused(self, trained, run):
        with pytest.raises(DataError, match=r"was fitted by 'sklearn.linear_model.Ridge', the spec names"):
            run("SL-L302", train="{estimator: sklearn.tree.DecisionTreeRegressor}")

    def test_parameters_that_a_doubling_betters_are_not_tuned(self, trained, run):
        record = run("SL-L203", train="{estimator: sklearn.linear_model.Ridge, params: {alpha: 1.0e+5}}")
        assert record.verdict is Verdict.FAILED
        assert "train.params {alpha: 50000} is better" in record.sentence

    def test_a_limit_that_no_feature_keeps(self, trained, run):
        record = run("SL-L103", readiness="{max_feature_ms: 0.0000001}")
        assert record.verdict is Verdict.FAILED
        assert "features take more than 1e-07 ms for 1,000 rows" in record.sentence

    def test_without_a_time_nothing_is_stale(self, trained, run):
        with pytest.raises(DataError, match=r"needs source.event_time"):
            run("SL-L204", source="{uri: data/small.csv, keys: [id]}")

    def test_a_slice_in_which_the_constant_is_better(self, trained, run, monkeypatch):
        from stageline.operators.earning import trained as module

        stored = module.Trained.stored
        monkeypatch.setattr(
            module.Trained,
            "stored",
            lambda own, *names: dict(zip(names, reversed(stored(own, *names).values()), strict=True)),
        )
        record = run("SL-L206")
        assert record.verdict is Verdict.FAILED
        assert "worse by" in record.sentence

    def test_features_that_depend_on_their_neighbours(self, trained, run, monkeypatch):
        from stageline.serving import features

        made = features.feature_rows
        monkeypatch.setattr(
            features, "feature_rows", lambda batch, *given: _shifted(made(batch, *given), batch.num_rows)
        )
        record = run("SL-L107")
        assert record.verdict is Verdict.FAILED
        assert "of 25 rows have the same features alone" in record.sentence

    def test_a_source_without_a_column_is_skewed(self, trained, run):
        path = trained.project / "data/small.csv"
        text = path.read_text("utf-8")
        path.write_text(text.replace("id,at,x,colour", "id,at,z,colour"), encoding="utf-8")
        try:
            record = run("SL-L403")
        finally:
            path.write_text(text, encoding="utf-8")
        assert record.verdict is Verdict.FAILED
        assert "column 'x' is missing" in record.sentence


def _shifted(rows, count):
    frame = rows.frame.copy()
    frame["x"] += count
    return type(rows)(frame, rows.table, rows.left_out)


def test_a_feature_of_no_use_is_named(stores, execute, run):
    write_spec(stores.project, **POC)
    write_rows(stores.project, ("noise", lambda row: row * 7919 % 13))
    take(execute, *STEPS[:4], run_id="run-noise", run_after=RUN_2["run_after"])
    record = run("SL-L102")
    assert record.verdict is Verdict.FAILED
    assert "'noise'" in record.sentence
    assert "features.exclude" in record.sentence
    assert points(stores)["SL-L102"] == 0.0


class TestTheRepository:
    @pytest.fixture
    def project(self, trained):
        git(trained.project, "init", "-q", "-b", "main")
        git(trained.project, "config", "user.email", "ada@example.com")
        git(trained.project, "config", "user.name", "Ada")
        yield trained.project
        subprocess.run(["rm", "-rf", str(trained.project / ".git")], check=True)

    def commit(self, project, message="spec", *more):
        git(project, "add", "config")
        git(project, "commit", "-q", "-m", message, *more)

    def test_what_is_not_committed_earns_nothing(self, trained, project, run):
        assert run("SL-L201").sentence.endswith("small.yaml was never committed; commit it")
        self.commit(project)
        record = run("SL-L201", description="another")
        assert (record.verdict, points(trained)["SL-L201"]) == (Verdict.FAILED, 0.0)

    def test_what_nobody_reviewed_earns_a_half(self, trained, project, run):
        self.commit(project)
        assert run("SL-L201").verdict is Verdict.WARNED
        assert points(trained)["SL-L201"] == 0.5

    @pytest.mark.parametrize(
        ("message", "more"),
        [("spec\n\nReviewed-by: Bea <bea@example.com>", ()), ("spec", ("--author", "Cleo <cleo@example.com>"))],
    )
    def test_what_another_person_saw_earns_it(self, trained, project, run, message, more):
        self.commit(project, message, *more)
        assert run("SL-L201").verdict is Verdict.PASSED
        assert points(trained)["SL-L201"] == 1.0

    def test_nobody_reviews_their_own_work(self, trained, project, run):
        self.commit(project, "spec\n\nReviewed-by: Ada <ada@example.com>")
        assert run("SL-L201").verdict is Verdict.WARNED

    def test_a_merge_is_a_review(self, trained, project, run):
        (project / "README").write_text("x", encoding="utf-8")
        git(project, "add", "README")
        git(project, "commit", "-q", "-m", "begin")
        git(project, "checkout", "-q", "-b", "change")
        self.commit(project)
        git(project, "checkout", "-q", "main")
        git(project, "merge", "-q", "--no-ff", "-m", "merge", "change")
        assert run("SL-L201").verdict is Verdict.PASSED


def test_without_git_it_says_so(trained, run):
    with pytest.raises(DataError, match="is no git repository"):
        run("SL-L201")


def test_without_a_model_there_is_nothing_to_run(tmp_path, mlflow_database, monkeypatch, run, stores):
    write_spec(stores.project, **POC)
    empty = make_stores(tmp_path, mlflow_database)
    write_spec(empty.project, **POC)
    point_at(empty, monkeypatch)
    settings, loaded = load_settings(), load_spec(empty.project / "config/pipelines/small.yaml")
    with empty.ledger() as ledger:
        context = RunContext(
            name="small", loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
            tracking=tracking_of(settings), dag_id="", run_id="e", task_id="readiness", map_index=-1, try_number=1,
            run_after=datetime.now(UTC),
        )  # fmt: skip
        for code in PLAIN:
            with pytest.raises(MissingStepError, match="no evaluated model on record"):
                earn(context, code, datetime.now(UTC))
        assert ledger.records("small") == []
