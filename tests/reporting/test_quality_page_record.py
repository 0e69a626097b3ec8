"""What the room of quality records is what the data-quality page reads."""

import json
import re

import quality_samples as samples

from stageline.quality.checks import Table
from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.evidence import as_evidence
from stageline.quality.judgement import judge
from stageline.quality.outcome import Outcome
from stageline.reporting import render_quality_page
from stageline.spec.models import Expectation

BETWEEN = Expectation(type="expect_column_values_to_be_between", column="hum", min_value=0, max_value=1)


def judged(unexpected=(1.4, -7.25), **table):
    result = {
        "element_count": 10,
        "missing_count": 0,
        "unexpected_count": len(unexpected),
        "partial_unexpected_list": list(unexpected),
    }
    outcome = Outcome(success=not unexpected, result=result)
    return judge(BETWEEN, "expect_column_values_to_be_between(hum)", outcome, Table(10, ("hum",), {}, **table))


def words(page):
    text = re.sub(r"<(wbr|/?code|/?span[^>]*)>", "", page[page.index("<body>") :])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " ")


def test_examples_are_said_once_beside_the_message():
    page = words(render_quality_page(samples.content(judged(), sentence="s")))
    assert "2 of 10 values (20 %) are outside 0 to 1; allowed at most 0 %" in page
    assert "unexpected values: 1.4 -7.25" in page
    assert page.count("-7.25") == 1
    assert "hum:" not in page
    assert "expect_column_values_to_be_between · SL-Q001 · critical · 10 judged" in page


def test_a_message_that_was_judged_as_private_is_shown_as_it_is():
    check = judged(private=frozenset({"hum"}))
    page = words(render_quality_page(samples.content(check, sentence="s", private={"hum"})))
    assert check.message.removeprefix("hum: ") in page
    assert "1.4" not in page


def test_a_report_is_read_back_from_its_record():
    report = samples.failed().report
    again = samples.content(report=json.loads(json.dumps(report.as_json())))
    assert render_quality_page(again) == render_quality_page(samples.content(report=report))


def test_recorded_statistics_are_read_whole():
    facts = {
        "hum": ColumnFacts("double", 9, 1, 0, 0.0, 1.0, 0.25, Histogram(edges=(0.0, 0.5, 1.0), counts=(6, 3))),
        "sky": ColumnFacts("varchar", 10, 0, 0, None, None, None, Histogram(values=("clear",), counts=(7,), outside=3)),
        "name": ColumnFacts("varchar", 10, 0, 0, None, None, None, Histogram(values=("secret",), counts=(10,))),
    }
    evidence = {"statistics": as_evidence(facts, {"name"})}
    page = render_quality_page(samples.content(evidence=evidence, private={"name"}))
    assert page.count("<svg") == 1
    assert "nulls 1 (10 %) min 0 mean 0.25 max 1" in words(page)
    assert "clear 70 % all others 30 %" in words(page)
    assert "secret" not in page
