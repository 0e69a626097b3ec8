import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proposal_judging import broken

from stageline.exceptions import DataError, SpecError
from stageline.onboarding import propose_suite
from stageline.quality import ProposedExpectation
from stageline.spec import load_pipeline
from stageline.spec.models import Expectation

ROWS = 400
HEAD = """\
pipeline: rides
stage: poc
source: {uri: data/rides.parquet, event_time: at, keys: [id]}
target: {column: rides, task: regression}
train: {estimator: sklearn.linear_model.Ridge}
kpi: {metric: mean_absolute_error, max: 5}
"""


def table(**columns):
    random = np.random.default_rng(0)
    made = {
        "id": [f"R-{row:05d}" for row in range(ROWS)],
        "at": pd.date_range("2026-01-01", periods=ROWS, freq="h"),
        "weather": random.choice(["clear", "rain"], ROWS),
        "hum": random.uniform(0.2, 0.99, ROWS),
        "rides": random.normal(100, 10, ROWS),
    }
    return pd.DataFrame({**made, **columns})


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config" / "pipelines").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    write_data(tmp_path, table())
    return tmp_path


def write_data(project, frame):
    frame.to_parquet(project / "data" / "rides.parquet")


def propose(project, quality="", head=HEAD):
    (project / "config" / "pipelines" / "rides.yaml").write_text(head + quality, encoding="utf-8", newline="\n")
    load_pipeline("rides", project / "config" / "pipelines")
    return propose_suite("rides", project / "config" / "pipelines")


def accept(project, proposal, head=HEAD):
    return propose(project, proposal.text, head)


def added(diff):
    return [line[1:] for line in diff.splitlines()[3:] if line.startswith("+")]


def removed(diff):
    return [line[1:] for line in diff.splitlines()[3:] if line.startswith("-")]


def line_about(text, *words):
    (line,) = [line for line in text.splitlines() if line.startswith("  - {") and all(word in line for word in words)]
    return line


def test_the_text_is_a_section_with_a_comment_above_each_expectation(project):
    proposal = propose(project)
    lines = proposal.text.splitlines()

    assert lines[0] == "quality:"
    for number, line in enumerate(lines):
        if line.startswith("  - "):
            assert lines[number - 1].startswith("  # "), line
    assert accept(project, proposal).text == proposal.text


def test_the_accepted_suite_is_what_the_data_propose(project):
    proposal = propose(project)
    again = accept(project, proposal)

    assert proposal.diff.startswith("--- quality, as it is\n+++ quality, as the data propose it\n@@ -1,0 +1,")
    assert len(added(proposal.diff)) == proposal.text.count("\n  - {")
    assert again.diff == ""
    suite = load_pipeline("rides", project / "config" / "pipelines").spec.quality
    assert broken(table(), [ProposedExpectation(expectation, "") for expectation in suite]) == []


def test_nothing_is_written(project):
    propose(project)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    propose_suite("rides", project / "config" / "pipelines")

    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_other_arguments_are_a_change(project):
    proposal = propose(project)
    line = line_about(proposal.text, "expect_column_values_to_be_in_set", "weather")
    older = proposal.text.replace(line, line.replace("[clear, rain]", "[clear, snow]"))
    again = propose(project, older)

    assert removed(again.diff) == [line.replace("[clear, rain]", "[clear, snow]")]
    assert added(again.diff) == [line]
    assert again.diff.splitlines()[2] == "@@ -1,1 +1,1 @@"
    assert accept(project, again).diff == ""


@pytest.mark.parametrize(
    ("was", "would_be"),
    [
        ("[clear, rain]", "[rain, clear]"),
        ("[clear, rain]", '["clear", "rain"]'),
        ("value_set: [clear, rain]", "value_set: [clear, rain], mostly: 1"),
        ("value_set: [clear, rain]", "value_set: [clear, rain], notes: as the station says"),
        ("min_value: 0, max_value: 1", "max_value: 1.0, min_value: 0, strict_min: false"),
        ("min_value: 0, max_value: 1, severity: warning", "min_value: 0, max_value: 1, severity: critical"),
        ("min_value: 0, max_value: 1, severity: warning", "min_value: 0, max_value: 1, severity: info"),
        ("exact_match: true, ", ""),
    ],
)
def test_what_means_the_same_is_no_difference_and_stays_as_it_was_written(was, would_be, project):
    text = propose(project).text
    assert was in text
    again = propose(project, text.replace(was, would_be))

    assert again.diff == ""
    severity = re.search("severity: \\w+", would_be)
    for kept in (severity and severity[0], "as the station says" in would_be and "as the station says"):
        about = ("values_to_be_between, column: hum",) if "max" in was else ("in_set, column: weather",)
        assert not kept or kept in line_about(again.text, *about)


def test_true_is_not_one(project):
    write_data(project, table(flag=np.arange(ROWS) % 2))
    text = propose(project).text
    again = propose(project, text.replace("value_set: [0, 1]", "value_set: [false, true]"))

    assert [line.count("flag") for line in (*removed(again.diff), *added(again.diff))] == [1, 1]


def test_hand_written_ones_are_kept_and_shown_as_kept(project):
    mine = "{type: expect_column_values_to_not_match_regex, column: weather, regex: '^ ', severity: warning}"
    whole = "{type: expect_table_row_count_to_be_between, min_value: 24, severity: critical}"
    proposal = propose(project, f"quality:\n  - {mine}\n  - {whole}\n")

    assert removed(proposal.diff) == []
    kept = [line for line in proposal.diff.splitlines() if line.startswith(" ")]
    assert [line.split("# ")[1] for line in kept] == ["yours: the data do not propose it, so it is kept"] * 2
    assert "min_value: 24" in kept[1]
    assert proposal.text.count("# yours: the data do not propose it, so it is kept\n") == 2
    assert proposal.notes[-1] == (
        "Kept, though the data do not propose them: expect_column_values_to_not_match_regex(weather), "
        "expect_table_row_count_to_be_between."
    )
    assert accept(project, proposal).diff == ""


def test_many_kept_ones_are_counted(project):
    mine = "".join(
        f"  - {{type: expect_column_max_to_be_between, column: rides, max_value: {1_000 + row}}}\n" for row in range(8)
    )

    assert propose(project, f"quality:\n{mine}").notes[-1].endswith(" and 3 more.")


def test_a_limit_that_somebody_set_stays_beside_the_usual_range(project):
    limit = (
        "{type: expect_column_values_to_be_between, column: rides, min_value: 0, max_value: 5000, severity: critical}"
    )
    proposal = propose(project, f"quality:\n  - {limit}\n")

    assert removed(proposal.diff) == []
    assert any("expect_column_values_to_be_between, column: rides" in line for line in added(proposal.diff))
    assert f"  - {limit}" in proposal.text.splitlines()
    assert accept(project, proposal).diff == ""


def test_a_severity_that_somebody_chose_is_kept_when_numbers_change(project):
    mine = "{type: expect_column_values_to_be_between, column: hum, min_value: 0.1, max_value: 0.9, severity: info}"
    proposal = propose(project, f"quality:\n  - {mine}\n")

    assert removed(proposal.diff) == [f"  - {mine}"]
    assert "min_value: 0, max_value: 1, severity: info" in added(proposal.diff)[0]
    assert accept(project, proposal).diff == ""


def test_rows_in_another_order_make_no_difference_where_there_is_time(project):
    accepted = propose(project).text
    write_data(project, table().sample(frac=1, random_state=0).reset_index(drop=True))

    assert propose(project, accepted).diff == ""


def test_data_that_moved_show(project):
    accepted = propose(project).text
    write_data(project, table(rides=np.random.default_rng(1).normal(1_000, 10, ROWS), weather=["clear", "hail"] * 200))
    again = propose(project, accepted)

    changed = {re.search(r"type: (\w+)(?:, column: (\w+))?", line).groups() for line in removed(again.diff)}
    assert changed == {
        ("expect_column_values_to_be_in_set", "weather"),
        ("expect_column_values_to_be_between", "rides"),
        ("expect_column_mean_to_be_between", "rides"),
        ("expect_column_stdev_to_be_between", "rides"),
    }
    assert len(added(again.diff)) == len(removed(again.diff))


def test_private_values_are_not_proposed(project):
    head = HEAD.replace("keys: [id]}", "keys: [id], private: [weather, hum]}")
    proposal = propose(project, head=head)

    assert "clear" not in proposal.text
    assert "column: hum, " in proposal.text
    assert "expect_column_values_to_be_between, column: hum" not in proposal.text


def test_a_declared_age_needs_no_note(project):
    assert "Freshness of at" in propose(project).notes[0]
    assert propose(project, head=HEAD + "quality_gate: {max_age: P2D}\n").notes == ()


def test_a_missing_pipeline_or_column_is_refused(project):
    with pytest.raises(SpecError, match="no pipeline 'ridse'"):
        propose_suite("ridse", project / "config" / "pipelines")
    with pytest.raises(DataError, match="'number' is declared as a key"):
        propose(project, head=HEAD.replace("keys: [id]", "keys: [number]"))


def test_a_wide_table_still_gives_a_suite_that_loads_and_is_accepted_whole(project):
    random = np.random.default_rng(0)
    write_data(project, table(**{f"column number {place}": random.normal(size=ROWS) for place in range(600)}))
    proposal = propose(project)
    again = accept(project, proposal)

    assert "more were proposed than a spec may hold; they were left out" in proposal.text
    assert "expect_column_values_to_be_unique" in proposal.text
    assert again.diff == ""


HOSTILE = st.one_of(
    st.sampled_from(
        ["no", "y", "null", "~", "1e3", "12:30:00", 'a "quoted" name', "it's", "key: value", "# comment", "- dash", "{x}",
         "line\nbreak", "bell\a", "\u2028", "\x1b[31mred", "&anchor", "*alias", "!tag", " lead", "größe", "🚲", "\\", "<<",
         "+", "-", "@@", "a" * 300]
    ),
    st.text(min_size=1, max_size=12),
).filter(str.strip)  # fmt: skip


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(HOSTILE, min_size=4, max_size=8, unique=True), seed=st.integers(0, 1_000), data=st.data())
def test_whatever_the_columns_are_called_a_refresh_after_accepting_shows_nothing(names, seed, data, tmp_path_factory):
    project = tmp_path_factory.mktemp("hostile")
    (project / "config" / "pipelines").mkdir(parents=True)
    (project / "data").mkdir()
    random = np.random.default_rng(seed)
    kinds = {
        "number": lambda name: random.normal(size=ROWS),
        "whole": lambda name: random.integers(0, 1_000, ROWS),
        "above": lambda name: frame[names[0]] + random.random(ROWS),
        "gaps": lambda name: np.where(random.random(ROWS) < 0.1, np.nan, random.normal(size=ROWS)),
        "words": lambda name: random.choice([name, "clear", "'", "no"], ROWS),
        "ids": lambda name: [f"{name[:10]}-{row:04d}" for row in range(ROWS)],
        "flag": lambda name: random.random(ROWS) < 0.5,
        "day": lambda name: pd.date_range("2026-01-01", periods=ROWS),
    }
    frame = {names[0]: random.normal(size=ROWS)}
    for name in names[1:]:
        frame[name] = kinds[data.draw(st.sampled_from(sorted(kinds)))](name)
    write_data(project, pd.DataFrame(frame))
    quoted = yaml.safe_dump({"column": names[0], "task": "regression"}, allow_unicode=False, default_style='"')
    head = re.sub(
        r"^target: .*$",
        lambda _: "target:\n" + "".join(f"  {line}\n" for line in quoted.splitlines()),
        HEAD,
        flags=re.MULTILINE,
    )
    head = head.replace(", event_time: at, keys: [id]", "")

    proposal = propose(project, head=head)
    assert accept(project, proposal, head).diff == ""
    assert all(note.isprintable() for note in proposal.notes)
    assert all(line.isprintable() for line in (proposal.diff + proposal.text).split("\n"))
    suite = load_pipeline("rides", project / "config" / "pipelines").spec.quality
    assert broken(pd.DataFrame(frame), [ProposedExpectation(item, "") for item in suite]) == []


def test_expectations_that_only_look_alike_are_paired_by_what_they_are_about(project):
    pairs = [
        Expectation(type="expect_column_values_to_be_between", severity="warning", column="rides", min_value=-10_000),
        Expectation(
            type="expect_column_values_to_be_between", severity="warning", column="hum", min_value=0, max_value=1
        ),
    ]
    quality = "quality:\n" + "".join(
        f"  - {{type: {item.type}, column: {item.arguments['column']}, min_value: {item.arguments['min_value']}"
        + (", max_value: 1" if "max_value" in item.arguments else "")
        + ", severity: warning}\n"
        for item in pairs
    )
    proposal = propose(project, quality)

    assert [("column: rides" in line, "column: hum" in line) for line in removed(proposal.diff)] == [(True, False)]


def test_several_ranges_of_a_column_are_paired_with_the_one_that_agrees(project):
    accepted = propose(project).text
    wide = (
        "  - {type: expect_column_values_to_be_between, column: hum, min_value: -1, max_value: 2, severity: warning}\n"
    )
    proposal = propose(project, accepted.replace("quality:\n", f"quality:\n{wide}"))

    assert proposal.diff == ""
    assert proposal.notes[-1].endswith("propose it: expect_column_values_to_be_between(hum).")


def test_the_shipped_pipelines_can_be_refreshed():
    folder = Path(__file__).resolve().parents[2] / "config" / "pipelines"
    proposal = propose_suite("breast_cancer", folder)

    assert "expect_column_pair_values_a_to_be_greater_than_b" in proposal.diff
    assert "malignant" not in "".join(removed(proposal.diff))
