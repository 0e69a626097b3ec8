import re

import pytest
import quality_samples as samples
from pydantic import ValidationError

from stageline.reporting import QualityContent, render_quality_page
from stageline.verdicts import Mode, Severity, Verdict

DASH = "\N{EN DASH}"
FAILED, WARNED, ERRORED, PASSED = Verdict.FAILED, Verdict.WARNED, Verdict.ERRORED, Verdict.PASSED


def sections(page):
    return re.findall(r'<section id="(\w+)"', page)


def section(page, name):
    return re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1]


def words(html):
    """What a person reads."""
    text = re.sub(r"<(wbr|/?code|/?span[^>]*)>", "", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " ")


def body(page):
    return page[page.index("<body>") :]


def open_part(html):
    """What is seen before anything is unfolded."""
    return re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)


@pytest.fixture(scope="module")
def failed():
    return render_quality_page(samples.failed())


def test_the_verdict_comes_first_then_what_needs_attention(failed):
    assert sections(failed) == ["table", "attention", "quarantine", "trend", "quiet", "run"]
    shown = body(failed)
    assert (
        shown.index('<span class="badge failed">failed</span>') < shown.index('class="sentence"') < shown.index("id=")
    )
    assert "37 of 17,379 rows (0.21 %) are quarantined" in shown[: shown.index("</section>")]
    assert "Dry run: this did not stop the pipeline." in shown


def test_a_table_whose_checks_passed_stands_behind_what_needs_attention():
    page = render_quality_page(samples.content(samples.row_count(), samples.between("hum", verdict=FAILED)))
    assert sections(page) == ["attention", "table", "run"]


def test_when_all_passed_nothing_asks_for_attention():
    page = render_quality_page(samples.passed())
    assert sections(page) == ["trend", "table", "quiet", "run"]
    assert "12 of 12 checks passed" in page
    assert "none of 8 with checks needs attention" in words(page)
    assert not re.search(r'class="badge (failed|errored|warned|inconclusive)"', page)


def test_checks_and_rows_are_counted(failed):
    counts = words(re.search(r'<section class="counts".*?</section>', failed, re.DOTALL)[0])
    assert "Checks 9 3 failed 1 warned 5 passed" in counts
    assert "17,379 = 17,342 passed + 37 quarantined (0.2 %); 2 of the passed were let in again" in counts
    assert "2 of 4 with checks need attention" in counts


def test_rows_that_do_not_add_up_are_not_called_equal():
    quarantine = {"rows_in": 10, "passed": 8, "quarantined": 1}
    page = words(render_quality_page(samples.content(samples.row_count(), evidence={"quarantine": quarantine})))
    assert "10 ≠ 8 passed + 1 quarantined" in page


def test_columns_are_ordered_by_urgency_and_so_are_the_checks_of_each():
    checks = [
        samples.between("calm"),
        samples.between("odd", verdict=WARNED),
        samples.between("broken", verdict=ERRORED),
        samples.between("hinted", verdict=FAILED, severity=Severity.WARNING),
        samples.between("bad", verdict=WARNED),
        samples.between("bad", verdict=PASSED),
        samples.between("bad", verdict=FAILED),
    ]
    page = render_quality_page(samples.content(*checks))
    attention = section(page, "attention")
    assert re.findall(r'<article class="column (\w+)">.*?<code>(\w+)</code>', attention, re.DOTALL) == [
        ("failed", "bad"),
        ("failed", "hinted"),
        ("errored", "broken"),
        ("warned", "odd"),
    ]
    bad = attention[: attention.index("hinted")]
    assert re.findall(r'class="badge (\w+)"', bad) == ["failed", "warned", "passed"]
    assert 'badge passed"' not in open_part(bad)
    assert "1 check passed" in bad
    assert "<code>calm</code>" not in attention
    assert "calm" in section(page, "quiet")


def test_checks_of_the_table_and_of_several_columns_have_a_group_of_their_own():
    pair = samples.check(
        "expect_column_pair_values_a_to_be_greater_than_b(a, b)",
        verdict=FAILED,
        message="a, b: 3 of 9 rows are not greater in a than in b",
        arguments={"column_A": "a", "column_B": "b"},
    )
    listed = samples.check(
        "expect_table_columns_to_match_set", message="table: all there", arguments={"column_list": ["only"]}
    )
    page = render_quality_page(samples.content(pair, listed))
    assert sections(page) == ["table", "run"]
    table = section(page, "table")
    assert "a, b: 3 of 9 rows are not greater in a than in b" in open_part(table)
    assert "table: all there" in table


def test_a_check_names_its_column_in_its_details_where_it_has_no_arguments():
    page = render_quality_page(
        samples.content(samples.check("left", verdict=WARNED, message="hum: mean", column="hum"))
    )
    assert sections(page) == ["attention", "run"]


def test_a_failure_that_cannot_stop_the_run_says_so():
    page = render_quality_page(samples.content(samples.between("hum", verdict=FAILED, severity=Severity.WARNING)))
    assert '<section class="verdict warned"' in page
    assert "What failed is of a severity that never stops the pipeline." in page
    assert "warning: never stops the pipeline" in page
    assert "never stops the pipeline" not in render_quality_page(
        samples.content(samples.between("hum", verdict=FAILED))
    )


def test_private_values_are_shown_nowhere():
    secrets = ["1.4", "1.27", "-0.2", "hail", "0.811", "clear", "mist"]
    content = samples.failed(private={"hum", "weathersit"}).model_copy(update={"quarantined_rows": ()})
    page = render_quality_page(content)
    for value in secrets:
        assert value not in body(page), value
    attention = section(page, "attention")
    assert "hum: warned" not in words(attention)
    assert "warned; no value is shown: the column is private" in words(attention)
    assert "37 of 17,379 values are unexpected; no value is shown: the column is private" in words(attention)
    assert "<svg" not in attention
    assert "shares" not in attention
    assert re.findall(r"(min|mean|max) private private", words(attention)) == ["min", "mean", "max"] * 2
    assert "nulls 12 (&lt; 0.1 %) 0" in words(attention)
    assert re.findall(r'<th scope="row">([^<]*)</th>', section(page, "trend")) == [
        "rows",
        "temp: mean",
        "hum: null share",
    ]


def test_a_private_value_is_not_in_the_sentence_either():
    seen = samples.between("hum", verdict=FAILED, examples=["1.4"], count=3)
    page = render_quality_page(samples.content(seen, private={"hum"}))
    assert "1.4" not in body(page)
    assert "hum: 3 of 17,379 values are unexpected; no value is shown" in page


@pytest.mark.parametrize(
    "details",
    [{"examples": ["secret"]}, {"observed_value": "secret"}, {}],
    ids=["examples", "observed", "error"],
)
def test_a_record_older_than_the_privacy_quotes_nothing(details):
    check = samples.check(
        "e(name)",
        verdict=ERRORED if not details else FAILED,
        message="name: secret",
        arguments={"column": "name"},
        **details,
    )
    assert "secret" in render_quality_page(samples.content(check))
    page = render_quality_page(samples.content(check, private={"name"}))
    assert "secret" not in page
    assert "no value is shown: the column is private" in page


def test_a_message_without_values_stays_as_it_is_for_a_private_column():
    page = render_quality_page(samples.content(samples.not_null("name"), private={"name"}))
    assert "none of 17,379 values is null" in page


def test_private_values_of_quarantined_rows_are_masked():
    row = samples.quarantined_row(1, values={"name": "secret", "hr": 5})
    page = render_quality_page(samples.content(samples.row_count(), quarantined_rows=[row], private={"name"}))
    assert "secret" not in page
    assert "name private hr 5" in words(section(page, "quarantine"))


def test_quarantined_rows_say_which_why_and_where(failed):
    quarantine = section(failed, "quarantine")
    seen = words(open_part(quarantine))
    assert (
        "37 rows were put aside: no later step sees them. They lie in tables/bike_demand/quarantine, version 4." in seen
    )
    assert "row 400 9f2c41d0b7aa0000 hum: 1.4 is outside 0 to 1 expect_column_values_to_be_between(hum) hum 1.4" in seen
    assert seen.count("row ") == 5
    assert "15 more of these rows" in words(quarantine)
    assert "17 more rows are not shown" in seen


def test_a_line_that_is_no_row_is_named_by_its_number():
    row = samples.quarantined_row(1, row=None, line=17, values={})
    page = render_quality_page(samples.content(samples.row_count(), quarantined_rows=[row]))
    assert "line 17" in words(section(page, "quarantine"))


def test_the_trend_shows_rows_and_what_left_its_band_and_folds_the_rest(failed):
    trend = section(failed, "trend")
    assert re.findall(r'<th scope="row">([^<]*)</th>', open_part(trend)) == ["rows", "hum: mean"]
    folded = trend[trend.index("<details>") :]
    assert re.findall(r'<th scope="row">([^<]*)</th>', folded) == ["temp: mean", "hum: null share"]
    assert "17,379 17,000 to 17,600" in words(trend)
    assert "&lt; 0.1 % 0 % to 0.1 %" in words(folded)


@pytest.mark.parametrize(("value", "left"), [(4, True), (0, True), (1, False), (3, False), (None, False)])
def test_a_value_outside_its_band_counts_as_left_without_a_verdict(value, left):
    content = samples.content(trend={"hum: mean": samples.series(2, 2, value, low=1, high=3, verdict=None)})
    seen = open_part(section(render_quality_page(content), "trend"))
    assert ("hum: mean" in seen) is left
    assert ("left its band" in seen) is left


def test_a_metric_without_a_number_or_a_band_says_so():
    content = samples.content(trend={"rows": samples.series(None, None), "hum: mean": ()})
    trend = words(section(render_quality_page(content), "trend"))
    assert "no number" in trend
    assert "none yet" in trend
    assert "hum" not in trend


def test_columns_show_this_run_beside_the_reference():
    card = section(render_quality_page(samples.passed()), "quiet")
    assert card.count("<svg") == 6
    assert card.count('class="before"') >= 6
    assert "min 0.02 0.02 mean 0.5 0.5 max 1 1" in words(card)
    assert "min 2011-01-01 00:00 2011-01-01 00:00" in words(card)
    assert "clear 66 % 66 % mist 26 % 26 % light rain 8.2 % 8.2 % all others &lt; 0.1 % &lt; 0.1 %" in words(card)
    assert "reference: run scheduled__2026-03-20, 2026-03-20 14:05 UTC" in words(card)


def test_a_changed_type_and_infinite_values_are_facts():
    evidence = {"statistics": {"hum": samples.numbers(0, 1, 0.5, infinite=2, sort="double")}}
    before = {"hum": samples.numbers(0, 1, 0.5, sort="int64")}
    page = words(render_quality_page(samples.content(evidence=evidence, reference=samples.reference(**before))))
    assert "type double int64" in page
    assert "infinite 2 0" in page


def test_without_a_reference_nothing_is_compared():
    content = samples.passed().model_copy(update={"reference": None})
    page = render_quality_page(content)
    assert "There is no earlier run to compare with." in page
    assert 'class="before"' not in page
    assert '<th scope="col" class="num">reference</th>' not in page


def test_without_statistics_the_checks_are_shown_all_the_same():
    page = render_quality_page(samples.content(samples.between("hum", verdict=FAILED, examples=["1.4"], count=1)))
    assert "No statistics are recorded for this column." in page
    assert "<svg" not in page


def test_an_empty_report_says_that_nothing_was_checked():
    page = render_quality_page(samples.content())
    assert sections(page) == ["table", "run"]
    assert '<span class="badge inconclusive">inconclusive</span>' in page
    assert "nothing was checked" in page
    assert "nothing is known about the quality of this data" in page


def test_a_refused_run_shows_why_and_no_numbers():
    refused = samples.check("quality", code="SL-S001", verdict=ERRORED, message="source 'x.csv': not found", n=None)
    page = render_quality_page(samples.content(refused, source_digest=None))
    assert sections(page) == ["table", "run"]
    assert page.count("source &#39;x.csv&#39;: not found") == 2
    assert f"Rows {DASH} not on record Columns {DASH} no column has a check of its own" in words(page)


def test_two_hundred_columns_are_bounded_and_the_rest_is_counted():
    page = render_quality_page(samples.crowded(200))
    assert page.count('<article class="card">') == 100
    assert "100 more columns are not shown" in page
    bad = render_quality_page(samples.crowded(200, verdict=FAILED))
    assert bad.count('<article class="column failed">') == 100
    assert "100 more columns that need attention are not shown" in bad
    for size in (len(page.encode()), len(bad.encode())):
        assert size < 600_000


def test_fifty_columns_stay_small():
    size = len(render_quality_page(samples.crowded(50, verdict=FAILED)).encode())
    assert size < 300_000


def test_a_crowd_of_checks_on_one_column_is_bounded():
    page = render_quality_page(samples.content(*[samples.between("hum", verdict=FAILED) for _ in range(300)]))
    assert page.count('<li class="finding">') == 20
    assert "280 more checks that did not pass are not shown" in page


def test_mode_and_digest_stand_at_the_end():
    run = words(section(render_quality_page(samples.content(mode=Mode.DRY_RUN)), "run"))
    assert "sha256:9f2c41d0" in run
    assert "dry run: shown, stops nothing" in run


def test_the_same_content_gives_the_same_page(failed):
    assert render_quality_page(samples.failed()) == failed


def test_the_page_loads_nothing_and_runs_nothing(failed):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', failed)[1]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not re.search(r"(src|href|srcset|action|data)\s*=", failed)
    assert not re.search(r"@import|@font-face|url\(|<script|<link|<iframe|<object|<img|\son\w+=|https?://", failed)


def test_tables_have_headers_and_pictures_a_name(failed):
    for table in re.findall(r"<table.*?</table>", failed, re.DOTALL):
        assert '<th scope="col"' in table
        assert '<th scope="row"' in table
    assert len(re.findall(r'<figure class="\w+" role="img" aria-label="[^"]+"><svg', failed)) == failed.count("<svg")


def test_no_number_that_is_not_finite_reaches_the_page():
    facts = samples.numbers(0, 1, 0.5) | {"mean": float("nan"), "max": float("inf")}
    points = samples.series(1.0, float("nan"), low=float("-inf"), high=float("inf"))
    page = render_quality_page(samples.content(evidence={"statistics": {"a": facts}}, trend={"a: mean": points}))
    assert not re.search(r"\b(nan|inf|infinity)\b", body(page), re.IGNORECASE)


def test_content_is_frozen_and_closed_but_records_may_hold_more():
    content = samples.content(evidence={"rows": 3, "unknown": 1, "statistics": {"a": {"type": "x", "distinct": 4}}})
    assert content.evidence.statistics["a"].type == "x"
    with pytest.raises(ValidationError):
        content.name = "other"
    with pytest.raises(ValidationError, match="colour"):
        samples.content(colour="red")
    assert QualityContent.model_validate_json(content.model_dump_json()) == content


@pytest.mark.parametrize(
    ("histogram", "said"),
    [
        ({"edges": [0, 1, 2], "counts": [1]}, "has 2 counts, found 1"),
        ({"values": ["a"], "counts": [1, 2]}, "has 1 counts, found 2"),
        ({"edges": [0, 2, 1], "counts": [1, 2]}, "edges must ascend"),
        ({"edges": [0, 1], "counts": [-1]}, "greater than or equal to 0"),
    ],
)
def test_a_histogram_that_does_not_fit_is_refused(histogram, said):
    with pytest.raises(ValidationError, match=said):
        samples.content(evidence={"statistics": {"a": {"histogram": histogram}}})
