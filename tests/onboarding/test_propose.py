import datetime as dt
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageline.exceptions import DataError, SpecError
from stageline.features import build_features
from stageline.onboarding import propose_spec
from stageline.spec import LoadedSpec, load_spec
from stageline.tables import SourceTable, read_source, require_usable

BIKES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "bike_sharing_hour.csv"
ROWS = 120
HOSTILE = [
    "no", "y", "null", "~", "1e3", "0o7", "12:30:00", "2011-01-01", "<b>x</b>", 'a "quoted" name', "it's",
    "key: value", "# comment", "- dash", "{flow}", "[list]", "a, b", "line\nbreak", "tab\there", "bell\a",
    "\u2028", "\x85", "\x1b[31mred", "&anchor", "*alias", "!tag", "%", "@", "`", " lead", "trail ", "größe",
    "🚲", "\ufeffbom", "?", ":", "-", "| block", "\\", "\x7f", "=", "<<", "a" * 300,
]  # fmt: skip


def draw_numbers(seed=0, rows=ROWS):
    return np.random.default_rng(seed).normal(size=rows)


def source(**columns):
    table = pa.table(columns)
    return SourceTable("memory", table, "sha256:0", table.nbytes)


def load(text: str, project: Path) -> LoadedSpec:
    path = project / "config" / "pipelines" / "p.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return load_spec(path)


def propose(project, columns, target="y", event_time=None):
    read = source(**columns)
    proposed = propose_spec("p", read, uri="data/x.csv", target=target, event_time=event_time)
    spec = load(proposed.text, project).spec
    require_usable(read.table, spec, name="x")
    build_features(read.table, spec)
    return proposed, spec


def test_every_proposal_has_a_comment_and_the_first_line_names_the_schema(tmp_path):
    proposed, _ = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), "same": [1] * ROWS})
    lines = proposed.text.splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../pipeline.schema.json"
    for number, line in enumerate(lines):
        if re.match(r"\s*(keys|task|- |estimator|holdout|max_iter|alpha|max|min|stage):?", line):
            assert lines[number - 1].lstrip().startswith("#"), line


def test_owners_become_valid_when_the_comment_marks_are_removed(tmp_path):
    proposed, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1)})
    assert spec.owners.model is None
    text = re.sub(r"^# (owners:|  \w+: name@example.com)", r"\1", proposed.text, flags=re.MULTILINE)
    assert load(text, tmp_path).spec.owners.model == "name@example.com"


def test_leaks_are_excluded_and_named_first(tmp_path):
    left, right = draw_numbers(1), draw_numbers(2)
    proposed, spec = propose(tmp_path, {"y": left + right, "a": left, "b": right, "c": draw_numbers(3)})
    assert spec.features.exclude == ("a", "b")
    assert proposed.notes[0].startswith("Leak: y = a + b in all 120 rows; left out: a, b.")
    assert "    # a: gives the target away: y = a + b in all 120 rows\n    - a\n" in proposed.text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pa.nulls(ROWS, pa.float64()), "null in all 120 rows"),
        (pa.nulls(ROWS), "null in all 120 rows"),
        ([7] * ROWS, "the same in all 120 rows: 7"),
        ([[1]] * ROWS, "no estimator takes type list"),
        (pa.array(["a", "b"] * 60).dictionary_encode(), "no estimator takes type dictionary"),
        ([dt.time(row % 24) for row in range(ROWS)], "no estimator takes type time64"),
        ([2**60 + row * row for row in range(ROWS)], "above 2^53"),
        ([1.0, float("inf")] * 60, "60 of 120 values are not finite"),
        ([f"a note, number {row}" for row in range(ROWS)], "text with 120 different values"),
    ],
)
def test_columns_no_estimator_takes_are_left_out_with_a_reason(values, reason, tmp_path):
    proposed, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), "odd": values})
    assert spec.features.exclude == ("odd",)
    assert re.search(rf"# odd: [^\n]*{re.escape(reason)}[^#]*\n    - odd", proposed.text)


@pytest.mark.parametrize(
    ("name", "values", "key"),
    [
        ("customer_id", [row * 37 % 997 for row in range(ROWS)], True),
        ("sku", [f"s{row}" for row in range(ROWS)], True),
        ("line", list(range(5, 5 + ROWS)), True),
        ("salary", [row * 37 % 997 for row in range(ROWS)], False),
        ("remark", [f"remark {row}" for row in range(ROWS)], False),
        ("id", [None, *range(ROWS - 1)], False),
        ("id", [row // 2 for row in range(ROWS)], False),
    ],
)
def test_a_key_is_unique_complete_and_no_measured_number(name, values, key, tmp_path):
    _, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), name: values})
    assert spec.source.keys == ((name,) if key else ())


def test_a_second_key_is_no_feature(tmp_path):
    columns = {"line": range(ROWS), "uuid": [f"u{row}" for row in range(ROWS)], "x": draw_numbers(1)}
    _, spec = propose(tmp_path, {"y": draw_numbers(), **{k: list(v) for k, v in columns.items()}})
    assert spec.source.keys == ("uuid",)
    assert spec.features.exclude == ("line",)


def days(count=ROWS, repeat=1):
    return [dt.date(2025, 1, 1) + dt.timedelta(days=row // repeat) for row in range(count)]


def test_the_only_date_becomes_the_event_time_and_a_key_where_it_is_unique(tmp_path):
    _, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), "day": days()})
    assert (spec.source.event_time, spec.source.keys) == ("day", ("day",))


def test_an_id_and_the_event_time_together_are_a_key(tmp_path):
    columns = {"station_id": [row % 3 for row in range(ROWS)], "day": days(repeat=3)}
    _, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), **columns})
    assert spec.source.keys == ("station_id", "day")


def test_of_two_dates_none_is_chosen_and_both_are_shown(tmp_path):
    columns = {"y": draw_numbers(), "x": draw_numbers(1), "paid": days(repeat=2), "sent on": days(repeat=3)}
    proposed, spec = propose(tmp_path, columns)
    assert spec.source.event_time is None
    assert spec.features.exclude == ("paid", "sent on")
    assert '  # event_time: paid\n  # event_time: "sent on"\n' in proposed.text
    _, spec = propose(tmp_path, columns, event_time="paid")
    assert (spec.source.event_time, spec.features.exclude) == ("paid", ("sent on",))


def test_text_that_reads_as_times_is_offered_not_chosen(tmp_path):
    columns = {"y": draw_numbers(), "x": draw_numbers(1), "when": [f"{day}T10:00" for day in days(repeat=3)]}
    proposed, spec = propose(tmp_path, columns)
    assert spec.source.event_time is None
    assert spec.features.exclude == ("when",)
    assert "  # event_time: when\n" in proposed.text
    assert propose(tmp_path, columns, event_time="when")[1].source.event_time == "when"


def test_columns_named_like_calendar_features_switch_those_off(tmp_path):
    _, spec = propose(tmp_path, {"y": draw_numbers(), "event_month": [1, 2, 3] * 40, "day": days(repeat=2)})
    assert not spec.features.calendar


def test_a_column_with_stagelines_own_name_is_left_out(tmp_path):
    _, spec = propose(tmp_path, {"y": draw_numbers(), "x": draw_numbers(1), "stageline_split": [1, 2] * 60})
    assert spec.features.exclude == ("stageline_split",)


@pytest.mark.parametrize(
    ("values", "task", "positive", "metric"),
    [
        (draw_numbers(), "regression", None, "mean_absolute_error"),
        (list(range(ROWS)), "regression", None, "mean_absolute_error"),
        ([1, 2, 3, 4] * 29 + [1, 2, 3, 9], "regression", None, "mean_absolute_error"),
        (["no", "yes", "no"] * 40, "classification", "yes", "roc_auc_score"),
        (["left", "right", "left"] * 40, "classification", "right", "roc_auc_score"),
        ([0, 1, 0] * 40, "classification", 1, "roc_auc_score"),
        ([0.0, None, 1.0] * 40, "classification", 1, "roc_auc_score"),
        ([True, False, False] * 40, "classification", True, "roc_auc_score"),
        (["a", "b", "c"] * 40, "classification", None, "balanced_accuracy_score"),
        ([1, 2, 3] * 40, "classification", None, "balanced_accuracy_score"),
    ],
    ids=str,
)
def test_the_target_decides_task_and_kpi(values, task, positive, metric, tmp_path):
    _, spec = propose(tmp_path, {"y": values, "x": draw_numbers(1)})
    assert (spec.target.task.value, spec.target.positive, spec.kpi.metric) == (task, positive, metric)


def test_the_goal_is_half_the_error_of_the_median_on_the_latest_rows(tmp_path):
    target = [10.5] * 96 + [20.5] * 24
    proposed, spec = propose(tmp_path, {"y": target, "x": draw_numbers(1), "day": days()})
    assert spec.kpi.max == 5
    text = " ".join(proposed.text.split("\n  # ")).replace("\n", " ")
    assert "half of the error of always predicting the median 10.5 (10 on the latest 20% of rows)" in text


def test_a_goal_is_never_zero_where_the_latest_rows_are_all_alike(tmp_path):
    _, spec = propose(tmp_path, {"y": [0.5, 7.5] * 8 + [0.5] * 104, "x": draw_numbers(1), "day": days()})
    assert spec.kpi.max > 0


def test_a_holdout_without_one_of_the_classes_is_said(tmp_path):
    proposed, _ = propose(tmp_path, {"y": [0, 1] * 40 + [0] * 40, "x": draw_numbers(1), "day": days()})
    assert proposed.notes[-1].startswith("Look at the KPI: the latest 20% of rows hold 1 of the 2 classes")


@pytest.mark.parametrize(
    ("rows", "regressor", "classifier"),
    [
        (120, "Ridge", "LogisticRegression"),
        (600, "RandomForestRegressor", "RandomForestClassifier"),
        (1_200, "HistGradientBoostingRegressor", "HistGradientBoostingClassifier"),
    ],
)
def test_the_estimator_suits_the_rows(rows, regressor, classifier, tmp_path):
    for target, name in ((draw_numbers(rows=rows), regressor), ([0, 1, 2] * (rows // 3), classifier)):
        _, spec = propose(tmp_path, {"y": target, "x": draw_numbers(1, rows)})
        assert spec.train.estimator.endswith(f".{name}")
        assert 1 <= len(spec.train.params) <= 2


@pytest.mark.parametrize(
    ("columns", "target", "event_time", "said"),
    [
        (
            {"cnt": [1, 2], "x": [1, 2]},
            "Cnt",
            None,
            "target 'Cnt' is not a column of the table; did you mean 'cnt'?",
        ),
        (
            {"cnt": [1, 2], "day": [1, 2]},
            "cnt",
            "dya",
            "event time 'dya' is not a column .* did you mean 'day'?",
        ),
        ({"cnt": [1, 2], "x": [1, 2]}, "cnt", "cnt", "named as target and as event time"),
        ({"y": [1.5] * ROWS, "x": draw_numbers()}, "y", None, "target 'y' is constant"),
        ({"y": [1, 2], "x": [1, 2]}, "y", None, "at least 20 are needed"),
        (
            {"y": draw_numbers(), "x": draw_numbers()},
            "y",
            None,
            "no feature is left .* y = x in all 120 rows",
        ),
        ({"y": draw_numbers(), " ": draw_numbers(1)}, "y", None, "column 2 has a blank name"),
        ({"y": days(), "x": draw_numbers(1)}, "y", None, "regression needs numbers"),
        ({"y": draw_numbers(), "x": [1] * ROWS, "t": ["soon"] * ROWS}, "y", "t", "no ISO 8601 date"),
    ],
)
def test_what_no_model_can_use_is_refused(columns, target, event_time, said):
    with pytest.raises(DataError, match=said):
        propose_spec("p", source(**columns), uri="x.csv", target=target, event_time=event_time)


def test_a_name_that_no_pipeline_may_have_is_refused():
    with pytest.raises(SpecError, match="try 'my_pipeline_2'"):
        propose_spec("My Pipeline 2", source(y=[1]), uri="x.csv", target="y")


def test_a_wide_table_still_gives_a_spec_that_loads(tmp_path):
    columns = {f"column number {number}": draw_numbers(number) for number in range(1_500)}
    proposed, spec = propose(tmp_path, {"y": draw_numbers(), "id": list(range(ROWS)), **columns})
    assert "more were proposed than a spec may hold" in proposed.text
    assert any(item.type == "expect_column_values_to_be_unique" for item in spec.quality)


names = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=12)).filter(str.strip),
    min_size=3,
    max_size=8,
    unique=True,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=names, seed=st.integers(0, 1_000), data=st.data())
def test_whatever_the_columns_are_called_the_text_loads_and_names_real_columns(columns, seed, data, tmp_path):
    kinds = {
        "number": lambda: draw_numbers(seed, 60),
        "gaps": lambda: [None if row % 5 == 0 else float(row * row % 17) for row in range(60)],
        "id": lambda: list(range(60)),
        "text": lambda: [HOSTILE[row % 7] for row in range(60)],
        "words": lambda: [f"{column} {row}" for row in range(60)],
        "constant": lambda: [columns[0]] * 60,
        "date": lambda: days(60),
        "flag": lambda: [row % 3 == 0 for row in range(60)],
    }
    table = {}
    for position, column in enumerate(columns):
        table[column] = kinds[data.draw(st.sampled_from(sorted(kinds)))]() if position > 1 else None
    target, feature = columns[:2]
    table[target] = data.draw(
        st.sampled_from([list(draw_numbers(seed + 1, 60)), [HOSTILE[row % 2] for row in range(60)]])
    )
    table[feature] = draw_numbers(seed + 2, 60)
    proposed, spec = propose(tmp_path, table, target=target)
    named = {target, *spec.source.keys, *spec.features.exclude, spec.source.event_time or target}
    for expectation in spec.quality:
        arguments = expectation.arguments
        named |= {
            arguments.get("column", target),
            *arguments.get("column_set", []),
            *arguments.get("column_list", []),
        }
    assert named <= set(columns)
    assert all(note.isprintable() for note in proposed.notes)


@pytest.mark.skipif(not BIKES.exists(), reason="the bike data are not beside the repository")
def test_the_bike_data(tmp_path):
    read = read_source(BIKES.name, BIKES.parent)
    proposed = propose_spec("p", read, uri="data/bikes.csv", target="cnt", event_time="dteday")
    spec = load(proposed.text, tmp_path).spec
    require_usable(read.table, spec, name="bikes")
    assert spec.features.exclude == ("casual", "registered")
    assert (spec.source.keys, spec.source.event_time) == (("instant",), "dteday")
    assert spec.kpi.max == 91.4
    assert "cnt = casual + registered in all 17,379 rows" in proposed.notes[0]
    assert "median 130 (182.8 on the latest 20% of rows)" in proposed.text
