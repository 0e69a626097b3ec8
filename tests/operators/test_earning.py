"""Checks that earn tests of readiness: each passes on a sound pipeline and fails where something is planted."""

import itertools
import math
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from operator_fixtures import make_stores, point_at
from pilot_moments import RUN_2, STEPS, take
from pilot_project import DAY, PILOT
from readiness_points import points
from small_project import write_spec

from stageline.exceptions import DataError, MissingStepError, Refusal, TrackingError
from stageline.operators import TrainOperator
from stageline.operators.aliases import tracking_of
from stageline.operators.configuration import load_settings
from stageline.operators.earning import RUNNERS, earn
from stageline.operators.run_context import RunContext
from stageline.readiness import TESTS
from stageline.readiness.facts import subject_digest
from stageline.spec import Stage, load_spec
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


BEA = ("-c", "user.name=Bea", "-c", "user.email=bea@example.com")


def git(project, *arguments):
    subprocess.run(["git", "-C", str(project), *arguments], check=True, capture_output=True)


# What needs neither git nor an Airflow of its own.
PLAIN = ("SL-L102", "SL-L103", "SL-L106", "SL-L107", "SL-L203", "SL-L204", "SL-L206", "SL-L301", "SL-L302", "SL-L403")


@pytest.mark.parametrize("code", PLAIN)
def test_a_sound_pipeline_earns_it(trained, run, code):
    record = run(code)
    assert (record.verdict, record.kind, record.actor) == (Verdict.PASSED, "earned", "dana"), record.sentence
    assert points(trained)[code] == 1.0
    spec = load_spec(trained.project / "config/pipelines/small.yaml").spec
    assert record.evidence["evidence"]["about"] == subject_digest(spec)


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
        before = len(trained.records())
        for code in ("SL-L302", "SL-L206"):
            with pytest.raises(DataError, match=r"was fitted by 'sklearn.linear_model.Ridge', the spec names"):
                run(code, train="{estimator: sklearn.tree.DecisionTreeRegressor}")
        assert len(trained.records()) == before

    def test_another_target_than_the_one_that_was_trained_is_refused(self, trained, run):
        with pytest.raises(DataError, match=r"target.column is 'z', which the newest model's rows lack; train again"):
            run("SL-L103", target="{column: z, task: regression}")

    def test_variations_without_a_kpi_were_not_tried(self, trained, run, monkeypatch):
        from stageline.operators.earning import trained as module

        monkeypatch.setattr(module.Trained, "gain", lambda *_: math.nan)
        record = run("SL-L203")
        assert record.verdict is Verdict.INCONCLUSIVE
        assert "mean_absolute_error is not defined on the 96 training rows on which 2 variations" in record.sentence
        assert points(trained)["SL-L203"] == 0.0

    def test_an_estimator_without_a_number_is_not_tuned(self, trained, run, monkeypatch):
        from stageline.operators.earning import tuning

        monkeypatch.setattr(tuning, "_variations", lambda _: iter(()))
        record = run("SL-L203")
        assert record.verdict is Verdict.INCONCLUSIVE
        assert "has no number to tune: nothing was tried" in record.sentence

    def test_the_cost_is_of_1000_rows_however_few_there_are(self, trained, run, monkeypatch):
        from stageline import features
        from stageline.operators.earning import feature_cost

        made, rows = features.model_frame, []
        monkeypatch.setattr(features, "model_frame", lambda *given: rows.append(len(found := made(*given))) or found)
        seconds = itertools.count()
        monkeypatch.setattr(feature_cost.time, "thread_time", lambda: next(seconds) / 1_000)
        record = run("SL-L103")
        assert record.evidence["evidence"]["milliseconds_per_1000"] == pytest.approx({"x": 1.0, "colour": 1.0})
        assert {*rows} == {1_000}

    def test_the_cost_of_one_dear_reading_in_six_does_not_count(self, trained, run, monkeypatch):
        from stageline.operators.earning import feature_cost

        # Of each reading, when it began and when it ended: the third takes 9 s, all others 1 ms.
        took = itertools.cycle([0.001, 0.001, 9, 0.001, 0.001, 0.001])
        readings = itertools.chain.from_iterable((0.0, each) for each in took)
        monkeypatch.setattr(feature_cost.time, "thread_time", lambda: next(readings))
        assert run("SL-L103").evidence["evidence"]["milliseconds_per_1000"] == pytest.approx({"x": 1.0, "colour": 1.0})

    def test_a_declared_slice_of_too_few_rows_is_named(self, trained, run):
        record = run("SL-L206", gates="{min_n: 30, min_improvement: -1, slices: [colour, x]}")
        assert record.verdict is Verdict.INCONCLUSIVE
        assert ": 24 rows of the holdout, at least 30 are needed to judge it; bring more rows" in record.sentence
        assert "(and 3 more of 7 slices)" in record.sentence
        assert points(trained)["SL-L206"] == 0.0

    def test_a_declared_slice_whose_column_is_gone_is_named(self, trained, run):
        record = run("SL-L206", gates="{min_n: 30, min_improvement: -1, slices: [colour, gone]}")
        assert record.verdict is Verdict.INCONCLUSIVE
        assert "gates.slices names 'gone', which the newest model's rows lack" in record.sentence

    def test_parameters_that_a_doubling_betters_are_not_tuned(self, trained, run):
        record = run("SL-L203", train="{estimator: sklearn.linear_model.Ridge, params: {alpha: 1.0e+5}}")
        assert record.verdict is Verdict.FAILED
        assert "train.params {alpha: 50000} is better" in record.sentence

    def test_a_limit_that_no_feature_keeps(self, trained, run):
        record = run("SL-L103", readiness="{max_feature_ms: 0.0000001}")
        assert record.verdict is Verdict.FAILED
        assert "features take more than 1e-07 ms of computing for 1,000 rows" in record.sentence

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


class TestBroken:
    """What was earned does not outlive what it was about."""

    @pytest.mark.parametrize(
        ("code", "place", "why"),
        [
            ("SL-L107", "home/tables/small/features", "snapshot version 0 of"),
            ("SL-L301", "home/artifacts", "is not in MLflow"),
            ("SL-L403", "project/data/small.csv", "there is no such file"),
        ],
    )
    def test_what_is_gone_is_recorded(self, trained, run, code, place, why):
        kept = trained.home.parent / place
        assert run(code).verdict is Verdict.PASSED
        away = kept.rename(kept.with_name("away"))
        try:
            record = run(code)
        finally:
            away.rename(kept)
        assert record.verdict is Verdict.ERRORED
        assert why in record.sentence
        assert points(trained)[code] == 0.0
        assert run(code).verdict is Verdict.PASSED

    def test_parameters_that_cannot_be_fitted_are_recorded(self, trained, run):
        record = run("SL-L301", train="{estimator: sklearn.linear_model.Ridge, params: {alpha: -1}}")
        assert record.verdict is Verdict.ERRORED
        assert "sklearn.linear_model.Ridge cannot be fitted" in record.sentence

    def test_a_store_that_is_away_says_nothing_of_the_pipeline(self, trained, run, monkeypatch):
        from stageline import tracking

        def away(*_):
            raise TrackingError("MLflow does not answer")

        before = len(trained.records())
        monkeypatch.setattr(tracking, "fetch_file", away)
        with pytest.raises(TrackingError, match="does not answer"):
            run("SL-L301")
        assert len(trained.records()) == before


def test_a_stage_that_no_line_says_by_itself_is_a_poc_in_a_home_of_its_own(trained, run, monkeypatch):
    from stageline.operators.earning import integration

    specs = []

    def seen(command, *, cwd, **_):
        specs.append(load_spec(cwd / "config/pipelines/small.yaml").spec)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(integration.subprocess, "run", seen)
    words = '"no: 1e3, \\u00e9 # \\"x\\""'
    record = run("SL-L303", **PILOT | {"stage": "&s pilot", "description": words})
    assert "step 'quality' left no record" in record.sentence
    own = load_spec(trained.project / "config/pipelines/small.yaml").spec
    assert (own.stage, own.description) == (Stage.PILOT, 'no: 1e3, é # "x"')
    assert specs == [own.model_copy(update={"stage": Stage.POC})]


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


def noise(row):
    return row * 7919 % 13


def retrain(stores, execute, run_id, train=STEPS[2], **changes):
    write_spec(stores.project, **POC | changes)
    take(execute, *STEPS[:2], train, STEPS[3], run_id=run_id, run_after=RUN_2["run_after"])


def test_an_only_feature_of_no_use_is_named(stores, execute, run):
    write_rows(stores.project, ("noise", noise))
    features = "{calendar: false, known_before: [x], exclude: [x, colour]}"
    retrain(stores, execute, "run-only-noise", features=features)
    record = run("SL-L102", features=features)
    assert record.verdict is Verdict.FAILED
    assert "1 of 1 features are not shown to be of use: 'noise'" in record.sentence


def test_a_column_with_a_name_of_the_calendar_is_one_by_itself(stores, execute, run):
    seasons = ("season", lambda row: "early" if row < 240 else "late")
    write_rows(stores.project, ("event_hour", noise), ("event_day", lambda row: row * 37 % 101), seasons)
    given = {"features": "{calendar: false, known_before: [x], exclude: [x]}"}
    retrain(stores, execute, "run-names", **given)
    record = run("SL-L102", **given)
    assert record.verdict is Verdict.FAILED
    assert record.evidence["evidence"]["of_use"] == ["colour", "event_day"]
    # A value that only older rows hold is a slice, too.
    record = run("SL-L206", **given, gates="{min_n: 30, min_improvement: -1, slices: [season]}")
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "season = 'early': 0 rows of the holdout" in record.sentence


def own(rows, spec):
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer([("numbers", "passthrough", ["x"]), ("texts", OneHotEncoder(), ["colour"])])
    return make_pipeline(columns, Ridge(random_state=spec.train.seed)).fit(rows.features, rows.target)


def test_what_fits_nothing_runs_for_a_training_function_of_ones_own(stores, execute, run):
    write_rows(stores.project)
    function = TrainOperator(task_id="train", pipeline="small", training_function=own)
    retrain(stores, execute, "run-own", train=function)
    fitting_nothing = ("SL-L103", "SL-L107", "SL-L206", "SL-L403")
    for code in fitting_nothing:
        record = run(code)
        assert record.verdict is Verdict.PASSED, record.sentence
    before = len(stores.records())
    for code in {*PLAIN}.difference(fitting_nothing):
        with pytest.raises(
            DataError, match=r"fitted by 'test_earning.own', the spec names 'sklearn.linear_model.Ridge'"
        ):
            run(code)
    assert len(stores.records()) == before


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
        git(project, *BEA, "merge", "-q", "--no-ff", "-m", "merge", "change")
        assert run("SL-L201").verdict is Verdict.PASSED

    def test_a_step_up_takes_no_review_away(self, trained, project, run):
        write_spec(project, **PILOT | {"stage": "poc"})
        self.commit(project, "spec\n\nReviewed-by: Bea <bea@example.com>")
        reviewed = run("SL-L201").evidence["evidence"]
        write_spec(project, **PILOT)
        self.commit(project, "up to pilot")
        record = run("SL-L201")
        assert record.verdict is Verdict.PASSED
        now = record.evidence["evidence"]
        assert now["committed_at"] == reviewed["committed_at"]
        assert now["commit"] != reviewed["commit"]

    def test_a_change_that_nobody_reviewed_is_no_reviewed_one(self, trained, project, run):
        self.commit(project, "spec\n\nReviewed-by: Bea <bea@example.com>")
        write_spec(project, **POC | {"description": "another"})
        self.commit(project, "change")
        assert run("SL-L201", description="another").verdict is Verdict.WARNED


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
