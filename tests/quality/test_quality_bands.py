import json
import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stageline.quality.over_time import RunMetrics, check_bands, trend_of
from stageline.quality.over_time.band import Past, band_of, is_label
from stageline.quality.over_time.run_metrics import Kind, Metric, Reading, earlier_runs
from stageline.quality.over_time.spread import pair_spread
from stageline.verdicts import Severity, Verdict

START = datetime(2026, 1, 5, 6, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MEAN = Metric(Kind.MEAN, "x")
NULLS = Metric(Kind.NULL_SHARE, "x")


def facts(count=1000, nulls=0, mean=None, least=None, most=None):
    return {"type": "float64", "count": count, "nulls": nulls, "infinite": 0, "min": least, "max": most, "mean": mean}


def run(index, rows=1000, columns=None, step=DAY, **known):
    return RunMetrics(START + step * index, rows, columns or {}, **known)


def runs_of_rows(counts, step=DAY):
    return [run(index, rows, step=step) for index, rows in enumerate(counts)]


def left(now, history):
    return [check.message for check in check_bands(now, history) if check.effect is Verdict.WARNED]


def rows_left(counts, now, step=DAY):
    return left(run(len(counts), now, step=step), runs_of_rows(counts, step))


def column_left(past, now, step=DAY):
    """Judge one column, given as its facts in each run."""
    history = [run(index, columns={"x": given}, step=step) for index, given in enumerate(past)]
    return left(run(len(past), columns={"x": now}, step=step), history)


def share_left(nulls, now, rows=1000):
    return column_left([facts(rows - count, count) for count in nulls], facts(rows - now, now))


def mean_left(means, now, least=0.0, most=100.0, count=1000):
    return column_left([facts(count, 0, mean, least, most) for mean in means], facts(count, 0, now, least, most))


def seeded(seed):
    return random.Random(seed)


def heavy(chance):
    """Return a number of Student's t distribution with 5 degrees of freedom."""
    return chance.gauss(0, 1) / math.sqrt(chance.gammavariate(2.5, 2) / 5)


def noisy_rows(chance, runs, spread=30):
    return [round(1100 + spread * heavy(chance)) for _ in range(runs)]


def noisy_table(chance, runs, columns=50):
    """Return runs of a table whose metrics are stationary noise with heavy tails."""
    return [
        run(
            index,
            round(10_000 + 100 * heavy(chance)),
            {
                f"c{column}": facts(
                    10_000 - nulls, nulls, 20 + 0.5 * heavy(chance), least=-40.0, most=80.0
                )
                for column in range(columns)
                for nulls in [max(round(400 + 20 * heavy(chance)), 0)]
            },
        )
        for index in range(runs)
    ]  # fmt: skip


# --- what alarms, and what it says


def test_a_row_count_that_left_its_band_is_a_warning_that_quotes_its_numbers():
    history = runs_of_rows(noisy_rows(seeded(1), 40))

    checks = check_bands(run(40, 812), history)

    assert [(check.code, check.name, check.verdict, check.severity) for check in checks] == [
        ("SL-Q013", "band(rows)", Verdict.FAILED, Severity.WARNING),
    ]
    assert checks[0].message == "rows: 812 left the band 954 to 1,264 of the last 40 runs (recent median 1,109)"
    assert (checks[0].value, checks[0].n, checks[0].effect) == (812, 40, Verdict.WARNED)
    assert checks[0].limit == pytest.approx(953.467, abs=0.001)
    assert checks[0].details["compared_with"] == "recent runs"


@pytest.mark.parametrize(
    ("past", "now", "message"),
    [
        (
            [facts(1000, 0)] * 30, facts(970, 30),
            "x: null share 3 % left the band 0 % to 0.4 % of the last 30 runs (recent median 0 %)",
        ),
        (
            [facts(1000, 0, 20.0, 18.0, 22.0)] * 30, facts(1000, 0, 32.0, 28.0, 36.0),
            "x: mean 32 left the band 19.98 to 20.02 of the last 30 runs (recent median 20)",
        ),
        (
            [facts(1000, 0, 20.0, 18.0, 22.0)] * 30, facts(1000, 0, 20.020001, 18.0, 22.0),
            "x: mean 20.020001 left the band 19.98 to 20.02 of the last 30 runs (recent median 20)",
        ),
        (
            [facts(1000, 0, 2e-9, 1e-9, 3e-9)] * 30, facts(1000, 0, 3e-9, 1e-9, 4e-9),
            "x: mean 3e-09 left the band 1.99e-09 to 2.01e-09 of the last 30 runs (recent median 2e-09)",
        ),
        (
            [facts(1000, 0, 0.0, 0.0, 0.0)] * 30, facts(1000, 0, 1e300, 1e300, 1e300),
            "x: mean 1e+300 left the band 0 to 0 of the last 30 runs (recent median 0)",
        ),
    ],
)  # fmt: skip
def test_messages_are_as_precise_as_the_band_is_narrow(past, now, message):
    assert column_left(past, now)[-1] == message


def test_a_hostile_column_name_does_not_break_the_line():
    checks = check_bands(
        run(30, columns={"a\nb": facts(900, 100)}), [run(index, columns={"a\nb": facts()}) for index in range(30)]
    )

    assert checks[0].name == r"band('a\nb': null share)"
    assert "\n" not in checks[0].message


# --- constant histories and trifles


@pytest.mark.parametrize(("now", "alarms"), [(24, 0), (23, 0), (25, 0), (22, 1), (26, 1), (12, 1)])
def test_a_day_of_24_hours_may_have_23_or_25_when_clocks_change(now, alarms):
    assert len(rows_left([24] * 30, now)) == alarms


@pytest.mark.parametrize(("now", "alarms"), [(1_000_000, 0), (1_005_000, 0), (990_000, 0), (980_000, 1), (500_000, 1)])
def test_a_constant_row_count_may_change_by_a_percent(now, alarms):
    assert len(rows_left([1_000_000] * 30, now)) == alarms


@pytest.mark.parametrize(
    ("rows", "now", "alarms"),
    [
        (1_000_000, 1, 0),
        (1_000_000, 1_999, 0),
        (1_000_000, 5_000, 1),
        (1000, 4, 0),
        (1000, 5, 1),
        (24, 1, 0),
        (24, 6, 1),
    ],
)
def test_a_column_without_nulls_may_have_a_trifle(rows, now, alarms):
    assert len(share_left([0] * 30, now, rows)) == alarms


@pytest.mark.parametrize(("now", "alarms"), [(101_330.0, 0), (101_400.0, 0), (101_500.0, 1)])
def test_the_mean_of_a_stable_sensor_may_change_by_a_thousandth(now, alarms):
    assert len(mean_left([101_325.0] * 30, now, least=101_315.0, most=101_335.0)) == alarms


@pytest.mark.parametrize(("share", "alarms"), [(1 / 24, 0), (4 / 24, 0), (5 / 24, 1)])
def test_the_first_few_flags_of_a_small_table_are_a_trifle(share, alarms):
    past = [facts(24, 0, 0.0, 0.0, 0.0)] * 30

    assert len(column_left(past, facts(24, 0, share, 0.0, 1.0))) == alarms


def test_a_column_that_was_never_negative_has_no_band_below_zero():
    chance = seeded(3)
    means = [abs(5 + 3 * heavy(chance)) for _ in range(40)]

    assert len(mean_left(means, -0.5, least=0.0)) == 1
    assert len(mean_left(means, -0.5, least=-9.0)) == 0


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(8, 60), st.integers(0, 10_000))
def test_a_constant_history_never_alarms_at_itself(mean, length, rows):
    history = [run(index, rows, {"x": facts(rows + 1, 2, mean, mean, mean)}) for index in range(length + 1)]

    assert left(history[-1], history[:-1]) == []


# --- enough history


@pytest.mark.parametrize(("known", "missing"), [(0, "8 more runs"), (3, "5 more runs"), (7, "1 more run")])
def test_too_short_a_history_is_one_info_line_that_says_what_is_missing(known, missing):
    columns = {"x": facts(mean=5.0), "y": facts()}
    history = [run(index, columns=columns) for index in range(known)]

    (check,) = check_bands(run(known, 5, columns), history)

    assert (check.name, check.verdict, check.severity, check.effect) == (
        "bands", Verdict.INCONCLUSIVE, Severity.INFO, None,
    )  # fmt: skip
    assert check.message == (
        f"rows, x: null share, x: mean and 1 more have no band yet: {missing} over new data needed (8 in all)"
    )


def test_a_new_column_waits_while_the_others_are_judged():
    history = [run(index) for index in range(10)]

    (check,) = check_bands(run(10, columns={"new": facts(mean=1.0)}), history)

    assert (check.verdict, check.effect) == (Verdict.PASSED, None)
    assert check.message == (
        "1 metric is inside its band of recent runs; new: null share, new: mean have no band yet: "
        "8 more runs over new data needed (8 in all)"
    )
    assert check.details["inside"] == ["band(rows)"]
    assert check.details["waiting"] == ["new: null share", "new: mean"]


def test_a_metric_that_is_gone_is_left_out():
    history = [run(index, columns={"x": facts(mean=5.0)}) for index in range(10)]

    (check,) = check_bands(run(10), history)

    assert check.message == "1 metric is inside its band of recent runs"


# --- growing tables


@pytest.mark.parametrize("length", [8, 12, 13, 20, 60])
def test_a_growing_table_does_not_alarm_until_it_stops_growing(length):
    counts = [1000 + 10 * index for index in range(length)]

    assert rows_left(counts, counts[-1] + 10) == []
    assert rows_left(counts, counts[-1]) == [
        f"rows: {counts[-1]:,} left the band {counts[-1] + 4:,} to {counts[-1] + 16:,} of the last "
        f"{min(length, 40)} runs (growing by 10 a run)"
    ]
    assert len(rows_left(counts, counts[-1] + 40)) == 1


def test_a_shrinking_table_may_go_on_shrinking():
    counts = [9000 - 100 * index for index in range(20)]

    assert rows_left(counts, 7000) == []
    assert rows_left(counts, 7100) == [
        "rows: 7,100 left the band 6,940 to 7,060 of the last 20 runs (falling by 100 a run)"
    ]


def test_growth_with_noise_is_no_alarm_and_its_end_is_noticed_soon():
    chance = seeded(5)
    counts = [5000]
    for _ in range(39):
        counts.append(counts[-1] + round(chance.gauss(100, 8)))
    grown = counts[-1] + 97

    assert rows_left(counts, grown) == []
    stopped = [len(rows_left([*counts, *[grown] * times], grown)) for times in (1, 2, 3)]
    assert stopped[-1] == 1


def test_a_manual_run_shortly_after_another_may_find_the_next_rows_or_none():
    history = runs_of_rows([1000 + 10 * index for index in range(20)])

    for rows in (1190, 1200):
        assert left(run(19.1, rows), history) == []
    assert len(left(run(19.1, 1150), history)) == 1


def test_rows_that_come_back_after_an_outage_are_no_alarm():
    counts = [1000 + 10 * index for index in range(20)]
    counts[-1] = 3

    assert rows_left(counts, 1200) == []
    assert len(rows_left(counts, 3)) == 1


# --- like with like


def weekly(chance, runs, week_end, spread):
    return [
        round((week_end if index % 7 > 4 else 1000) * (1 + spread * heavy(chance))) for index in range(runs)
    ]  # fmt: skip


def test_a_quiet_week_end_is_expected_and_a_busy_one_is_not():
    counts = weekly(seeded(2), 61, 400, 0.02)  # the next day is a Saturday

    assert rows_left(counts, 410) == []
    (message,) = rows_left(counts, 1000)
    assert message.endswith(" of the last 40 runs (median 400, same weekday)")
    assert len(rows_left(counts[:-1], 400)) == 1  # a Friday


@pytest.mark.parametrize("monday", [3000, 1100])
def test_one_weekday_that_differs_is_expected_on_that_day_alone(monday):
    chance = seeded(4)
    counts = [round((monday if index % 7 == 0 else 1000) + 12 * heavy(chance)) for index in range(70)]

    assert rows_left(counts, monday) == []  # a Monday
    assert len(rows_left(counts, 1000)) == 1
    assert rows_left([*counts, monday], 1000) == []
    assert len(rows_left([*counts, monday], 3000)) == 1


def test_a_weekday_that_varies_more_than_the_others_may():
    chance = seeded(14)
    counts = [
        round(3000 + 150 * heavy(chance) if index % 7 == 0 else 1000 + 5 * heavy(chance)) for index in range(84)
    ]  # fmt: skip

    assert rows_left(counts, 3400) == []  # a Monday
    assert len(rows_left([*counts, 3400], 1400)) == 1


def test_hourly_runs_are_compared_with_the_same_hour():
    chance = seeded(6)
    counts = [
        round((1000 + 800 * math.sin(index / 24 * 2 * math.pi)) * (1 + 0.02 * heavy(chance))) for index in range(168)
    ]

    assert rows_left(counts, 1010, HOUR) == []
    (message,) = rows_left(counts, 1800, HOUR)
    assert message.endswith("same hour)")


def test_week_ends_seen_fewer_than_four_times_are_not_yet_a_season():
    counts = weekly(seeded(2), 26, 400, 0.02)

    assert rows_left(counts, 1000) == []


def test_noise_is_not_taken_for_a_season_more_than_now_and_then():
    chance = seeded(8)
    found = 0
    for _ in range(200):
        past = [Past(START + DAY * index, Reading(heavy(chance), 1000)) for index in range(60)]
        found += bool(band_of(MEAN, Reading(0.0, 1000), START + DAY * 60, past).season)
    assert found <= 10


# --- how often it alarms, and what it finds


def test_a_hundred_stationary_metrics_alarm_about_once_in_ten_runs():
    chance = seeded(20)
    alarms = 0
    for _ in range(60):
        table = noisy_table(chance, 31)
        alarms += len(left(table[-1], table[:-1]))
    assert alarms <= 0.12 * 60


@pytest.fixture(scope="module")
def tables():
    chance = seeded(21)
    return [noisy_table(chance, 41, columns=1) for _ in range(150)]


def found(tables, change):
    """Return the share of tables in which a change of the last run's rows and facts is found at once."""
    times = 0
    for table in tables:
        *history, now = table
        rows, given, metric = change(now.rows, dict(now.columns["c0"]))
        names = [check.name for check in check_bands(RunMetrics(now.at, rows, {"c0": given}), history)]
        times += f"band({metric})" in names
    return times / len(tables)


def test_half_of_the_rows_is_found_at_once(tables):
    assert found(tables, lambda rows, given: (rows // 2, given, "rows")) == 1


def test_three_percent_of_nulls_are_found_at_once():
    chance = seeded(22)
    for _ in range(50):
        usual = [chance.choice((0, 0, 0, 0, 1, 2)) for _ in range(30)]
        assert len(share_left(usual, 30)) == 1


def test_another_unit_is_found_at_once(tables):
    def change(rows, given):
        return rows, given | {"mean": given["mean"] * 1.6, "min": -64.0, "max": 128.0}, "c0: mean"

    assert found(tables, change) == 1


def test_a_mean_that_moves_by_eight_times_its_spread_is_found_at_once(tables):
    spread = 0.5 * math.sqrt(5 / 3)

    def moved(rows, given):
        return rows, given | {"mean": 20 + 8 * spread}, "c0: mean"

    def moved_and_noisy(rows, given):
        return rows, given | {"mean": given["mean"] + 8 * spread}, "c0: mean"

    assert found(tables, moved) >= 0.95
    assert found(tables, moved_and_noisy) >= 0.9


def test_a_lasting_change_alarms_for_several_runs_and_is_then_the_new_normal():
    chance = seeded(9)
    counts = noisy_rows(chance, 40)
    alarms = []
    for _ in range(14):
        now = round(2200 + 30 * heavy(chance))
        alarms.append(bool(rows_left(counts, now)))
        counts.append(now)
    assert alarms[:4] == [True] * 4
    assert alarms[9:] == [False] * 5


def test_a_few_bad_runs_do_not_hide_the_next_one():
    counts = noisy_rows(seeded(10), 40)
    counts[5] = counts[20] = counts[38] = 0

    assert len(rows_left(counts, 550)) == 1


def test_a_metric_that_wanders_is_compared_with_the_runs_just_before():
    chance = seeded(13)
    means = [500.0]
    for _ in range(119):
        means.append(means[-1] + chance.gauss(0, 1))

    assert mean_left(means, means[-1] + 1) == []
    assert len(mean_left(means, means[-1] - 9)) == 1
    assert min(means) < means[-1] - 9  # an earlier run has shown less


def test_what_every_fifth_run_shows_is_no_news():
    counts = [1000, 1000, 1000, 1300, 1000] * 8

    assert rows_left(counts, 1300) == []
    assert len(rows_left(counts, 1700)) == 1


def test_a_mean_of_few_values_may_vary_more():
    chance = seeded(11)
    past = [facts(1000, 0, 50 + heavy(chance), 0.0, 100.0) for _ in range(40)]

    assert len(column_left(past, facts(1000, 0, 60.0, 0.0, 100.0))) == 1
    assert column_left(past, facts(100, 0, 60.0, 0.0, 100.0)) == []


# --- columns that name the run


def test_a_month_in_every_row_is_no_mean_to_compare():
    months = [facts(1000, 0, float(month), float(month), float(month)) for month in (1, 2, 3, 4) for _ in range(12)]
    now = facts(1000, 0, 5.0, 5.0, 5.0)

    assert column_left(months, now) == []
    (check,) = check_bands(run(48, columns={"x": now}), [run(i, columns={"x": m}) for i, m in enumerate(months)])
    assert check.details["labels"] == ["x: mean"]


def test_a_constant_that_changes_once_is_news():
    assert len(column_left([facts(1000, 0, 1.0, 1.0, 1.0)] * 20, facts(1000, 0, 1.6, 1.6, 1.6))) == 1


def test_a_table_of_one_row_has_no_labels():
    past = [Past(START + DAY * index, Reading(float(index), 1, float(index), float(index))) for index in range(20)]

    assert not is_label(Reading(20.0, 1, 20.0, 20.0), past)


# --- which runs count


def test_runs_over_the_same_data_count_once():
    runs = [run(index, 1000 + index // 5, source=f"sha256:{index // 5}") for index in range(20)]

    assert [earlier.rows for earlier in earlier_runs(run(20, source="sha256:9"), runs)] == [1000, 1001, 1002, 1003]
    assert [earlier.rows for earlier in earlier_runs(run(20, source="sha256:3"), runs)] == [1000, 1001, 1002]
    assert len(earlier_runs(run(20), [run(index) for index in range(20)])) == 20


def test_ten_runs_over_one_file_say_nothing_about_the_next_file():
    history = [run(index, 17_379, source="sha256:a") for index in range(10)]

    (check,) = check_bands(run(10, 18_100, source="sha256:b"), history)

    assert check.message == "rows has no band yet: 7 more runs over new data needed (8 in all)"


def test_the_newest_look_of_a_run_counts_once_and_this_run_not_at_all():
    looks = [
        run(0, 1, run_id="a"),
        run(3, 2, run_id="a"),
        run(1, 3, run_id="b"),
        run(2, 4, run_id="now"),
        run(9, 5, run_id="later"),
    ]

    assert [earlier.rows for earlier in earlier_runs(run(5, run_id="now"), looks)] == [3, 2]


def test_of_two_looks_at_one_time_the_first_given_is_the_newer():
    looks = [run(0, 2, run_id="a"), run(0, 1, run_id="a")]

    assert [earlier.rows for earlier in earlier_runs(run(5), looks)] == [2]


def test_times_without_a_zone_count_as_utc():
    history = [RunMetrics((START + DAY * index).replace(tzinfo=None), 24, {}) for index in range(10)]

    assert len(left(run(10, 12), history)) == 1


# --- evidence of all ages


def test_metrics_are_read_from_a_record_and_from_a_report():
    inner = {"rows": 10, "statistics": {"x": facts(8, 2, 4.0, 1.0, 9.0)}, "source": {"digest": "sha256:a"}}

    for evidence in (inner, {"step": "quality", "checks": [], "evidence": inner}):
        metrics = RunMetrics.from_evidence(START, evidence, run_id="r")
        assert (metrics.rows, metrics.source, metrics.run_id) == (10, "sha256:a", "r")
        assert metrics.readings[NULLS] == Reading(0.2, 10)
        assert metrics.readings[MEAN] == Reading(4.0, 8, 1.0, 9.0)


@pytest.mark.parametrize(
    "evidence",
    [{}, {"checks": [], "evidence": {}}, {"checks": []}, {"rows": None}, {"rows": "12"}, {"rows": True}, {"rows": -1}],
)
def test_a_run_that_left_no_numbers_has_no_metrics(evidence):
    assert RunMetrics.from_evidence(START, evidence) is None


@pytest.mark.parametrize(
    ("given", "metrics"),
    [
        ({"x": facts(0, 0)}, set()),
        ({"x": facts(0, 5)}, {Kind.NULL_SHARE}),
        ({"x": facts(5, 0, mean=None)}, {Kind.NULL_SHARE}),  # text, or private
        ({"x": facts(5, 0, mean="5")}, {Kind.NULL_SHARE}),
        ({"x": facts(5, 0, mean=10**400)}, {Kind.NULL_SHARE}),
        ({"x": facts(5, 0, 2.0, "2026-01-01", None)}, {Kind.NULL_SHARE, Kind.MEAN}),
        ({"x": {"count": 5, "distinct": 3}}, set()),
        ({"x": None}, set()),
        (None, set()),
        ([1], set()),
    ],
)
def test_what_is_not_known_of_a_column_is_left_out(given, metrics):
    read = RunMetrics.from_evidence(START, {"rows": 5, "statistics": given}).readings

    assert {metric.kind for metric in read if metric.column} == metrics


def test_a_table_without_rows_is_judged_by_its_rows_alone():
    history = [run(index, columns={"x": facts(mean=5.0)}) for index in range(10)]

    assert left(run(10, 0, {"x": facts(0, 0)}), history) == [
        "rows: 0 left the band 989 to 1,011 of the last 10 runs (recent median 1,000)"
    ]


# --- laws


whole = st.integers(-1000, 1000)


@given(st.lists(whole, min_size=8, max_size=60), whole, st.integers(-3, 6), st.integers(-500, 500))
def test_a_mean_s_band_moves_and_stretches_with_the_mean(values, now, power, shift):
    scale = 2.0**power

    def band(convert):
        past = [Past(START + DAY * index, Reading(convert(value), 1000)) for index, value in enumerate(values)]
        return band_of(MEAN, Reading(convert(now), 1000), START + DAY * len(values), past)

    plain, moved = band(float), band(lambda value: scale * value + shift)
    for one in (plain, moved):
        assume(one.high - one.expected > 0.0011 * abs(one.expected))  # wider than the trifle
    tolerance = 1e-6 * scale * 1000
    assert moved.low == pytest.approx(scale * plain.low + shift, abs=tolerance)
    assert moved.high == pytest.approx(scale * plain.high + shift, abs=tolerance)


@given(st.lists(st.integers(0, 10**9), min_size=8, max_size=30), st.integers(0, 10**9), st.randoms())
def test_the_order_in_which_runs_are_given_does_not_matter(counts, now, chance):
    history = runs_of_rows(counts)
    shuffled = chance.sample(history, len(history))

    assert check_bands(run(len(counts), now), shuffled) == check_bands(run(len(counts), now), history)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=30))
def test_any_numbers_are_judged_without_an_error(means):
    history = [run(index, columns={"x": facts(mean=mean, least=mean, most=mean)}) for index, mean in enumerate(means)]
    *earlier, now = history

    checks = check_bands(now, earlier)

    json.dumps([check.model_dump(mode="json") for check in checks], allow_nan=False)
    json.dumps(trend_of(earlier, now), allow_nan=False)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.randoms())
def test_a_spread_knows_no_order_and_is_none_among_equals(values, chance):
    assert pair_spread(values) == pair_spread(chance.sample(values, len(values))) >= 0
    assert pair_spread([values[0]] * len(values)) == 0


def test_a_spread_is_the_standard_deviation_of_normal_numbers_whatever_a_third_of_them_does():
    chance = seeded(12)
    values = [chance.gauss(5, 2) for _ in range(400)]

    assert pair_spread(values) == pytest.approx(2, rel=0.1)
    assert pair_spread([*values[:280], *[1e9] * 120]) < 6


# --- the trend for a page


def test_a_trend_holds_the_last_thirty_runs_with_the_bands_of_their_time():
    counts = [*noisy_rows(seeded(1), 40), 812]
    history = runs_of_rows(counts[:-1])
    now = run(40, 812)

    trend = trend_of(history, now)

    assert list(trend) == ["rows"]
    points = json.loads(json.dumps(trend["rows"], allow_nan=False))
    assert [value for _, value, *_ in points] == counts[-30:]
    at, value, low, high, verdict = points[-1]
    (check,) = check_bands(now, history)
    assert (at, value, low, high, verdict) == (
        now.at.isoformat(),
        812,
        check.details["low"],
        check.details["high"],
        "failed",
    )
    assert points[0][4] == "passed"


def test_a_trend_has_no_band_where_too_few_runs_were_known():
    trend = trend_of(
        [run(index, columns={"x": facts(mean=3.0)}) for index in range(9)], run(9, columns={"x": facts(mean=3.0)})
    )

    assert set(trend) == {"rows", "x: null share", "x: mean"}
    assert [point[2:] for point in trend["x: mean"]][:8] == [(None, None, None)] * 8
    assert [point[4] for point in trend["x: mean"]][8:] == ["passed", "passed"]
