import re
from importlib.resources import files

import pytest
import report_samples as samples

from stageline.reporting import render_page
from stageline.reporting.content import (
    FailureCase,
    ImportanceView,
    MetricRow,
    NextStage,
    ServingView,
    StepLine,
    ValueView,
)
from stageline.verdicts import Check, Severity, Verdict

SECTIONS = ["kpi", "gate", "steps", "holdout", "money", "quality", "importance", "failures", "next", "data", "notes"]


def sections(page):
    return re.findall(r'<section id="(\w+)"', page)


@pytest.fixture(scope="module")
def full_page():
    return render_page(samples.full())


@pytest.fixture(scope="module")
def minimal_page():
    return render_page(samples.minimal())


def test_the_verdict_comes_first_then_the_sections_in_order(full_page):
    assert sections(full_page) == SECTIONS
    body = full_page[full_page.index("<body>") :]
    assert body.index('<span class="badge inconclusive">inconclusive</span>') < body.index('id="kpi"')
    assert body.index('<p class="sentence">plain words</p>') < body.index('id="kpi"')


def test_what_is_empty_is_said_or_left_out(minimal_page):
    assert sections(minimal_page) == ["kpi", "holdout", "money", "quality", "failures", "data"]
    assert "<svg" not in minimal_page
    for words in (
        "The KPI was not measured",
        "no predictions to show",
        "No value in money",
        "Serving was not priced",
        "No check was made",
        "No failure was recorded",
    ):
        assert words in minimal_page


@pytest.mark.parametrize(
    ("changes", "section"),
    [
        ({"steps": ()}, "steps"),
        ({"importance": ()}, "importance"),
        ({"next_stage": None}, "next"),
        ({"notes": ()}, "notes"),
    ],
)
def test_a_section_without_content_is_left_out(changes, section):
    assert section not in sections(render_page(samples.full(**changes, timeline=(), scatter=())))


def test_data_without_time_shows_the_scatter_and_else_the_timeline(full_page):
    assert "in 290 points" in full_page
    assert "Predicted against actual" not in full_page
    page = render_page(samples.full(timeline=()))
    assert "Predicted against actual, 2 rows" in page


def test_a_classification_shows_confusion_and_reliability():
    page = render_page(samples.full(timeline=(), scatter=(), reliability=((0.2, 0.1, 30), (0.8, 0.9, 20))))
    assert "--share: 75.0%" in page
    assert "Reliability of the probabilities" in page


def test_a_confusion_of_many_classes_shows_the_largest():
    size = 40
    counts = tuple(tuple(row * 10 for _ in range(size)) for row in range(size))
    confusion = {"labels": tuple(f"class {i}" for i in range(size)), "counts": counts}
    content = samples.minimal().model_dump() | {"confusion": confusion}
    page = render_page(type(samples.minimal())(**content))
    assert ">class 39<" in page
    assert ">class 27<" not in page
    assert "28 classes with fewer rows are not shown" in page


def test_nothing_missing_is_said():
    page = render_page(samples.minimal(next_stage=NextStage(name="pilot")))
    assert "Nothing: the evidence of this pipeline is enough for pilot" in page


def test_checks_that_need_attention_come_first():
    order = [
        ("SL-Q001", Verdict.PASSED, Severity.CRITICAL),
        ("SL-Q002", Verdict.FAILED, Severity.WARNING),
        ("SL-Q003", Verdict.WARNED, Severity.CRITICAL),
        ("SL-Q004", Verdict.INCONCLUSIVE, Severity.CRITICAL),
        ("SL-Q005", Verdict.ERRORED, Severity.CRITICAL),
        ("SL-Q006", Verdict.FAILED, Severity.CRITICAL),
    ]
    checks = tuple(
        Check(code=code, name="n", verdict=verdict, message="m", severity=severity) for code, verdict, severity in order
    )
    page = render_page(samples.minimal(quality=checks))
    assert re.findall(r"SL-Q\d{3}", page) == [f"SL-Q00{i}" for i in (6, 2, 5, 3, 4, 1)]
    assert "2 failed · 1 errored · 1 warned · 1 inconclusive · 1 passed" in page


def test_the_page_loads_nothing_and_runs_nothing(full_page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', full_page)[1]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    without_links = re.sub(r'<a href="[^"]*" rel="noreferrer">', "<a>", full_page)
    assert not re.search(r"(src|href|srcset|action|data)\s*=", without_links)
    assert not re.search(r"@import|@font-face|url\(|<script|<link|<iframe|<object|<img|\son\w+=", without_links)
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", without_links))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_links_stand_whole_and_plain(full_page):
    assert '<a href="https://mlflow.example.com/?a=1&amp;b=2" rel="noreferrer">MLflow</a>' in full_page
    long = "https://example.com/" + "x" * 1500
    assert f'href="{long}"' in render_page(samples.minimal(links={"long": long}))


def test_the_same_content_gives_the_same_page(full_page):
    assert render_page(samples.full()) == full_page


def test_values_that_are_not_finite_are_dashes():
    nan, inf = samples.NAN, samples.INF
    page = render_page(
        samples.minimal(
            value=ValueView(amount=nan, low=-inf, high=inf, currency="USD", how="h"),
            metrics=(MetricRow(name="m", greater_is_better=True, estimates=samples.estimates(nan, inf)),),
            serving=ServingView(currency="USD", lines=(), latency_ms_single=inf),
            failures=(FailureCase(key="k", actual="1", predicted="2", cost=nan, cost_unit="u"),),
            importance=(ImportanceView(feature="f", value=nan, low=nan, high=nan),),
        )
    )
    body = page[page.index("<body>") :]
    assert not re.search(r"\b(nan|inf|infinity)\b", body, re.IGNORECASE)


def test_code_in_backticks_and_a_backtick_alone():
    page = render_page(samples.minimal(notes=("run `a <b>` now", "one ` only")))
    assert "run <code>a &lt;b&gt;</code> now" in page
    assert "one ` only" in page


def test_the_page_stays_small(full_page):
    assert len(full_page.encode()) < 200_000
    harm = samples.words("<&'\"\N{PILE OF POO}" * 100_000)
    crowd = harm.model_copy(
        update={
            name: getattr(harm, name) * 2_000
            for name in ("metrics", "improvements", "steps", "quality", "failures", "failures_by", "notes")
        }
        | {
            "timeline": samples.timeline(5_000),
            "importance": harm.importance * 500,
            "scatter": tuple((i * 7919 % 10_007, i * 104_729 % 10_009) for i in range(20_000)),
        }
    )
    # Measured apart: a failing assertion would print a crowd of several gigabytes.
    size = len(render_page(crowd).encode())
    assert size < 900_000


def test_templates_are_shipped_with_the_package():
    folder = files("stageline.reporting")
    assert folder.joinpath("page.html.j2").is_file()
    assert folder.joinpath("page.css").is_file()
    # The style sheet is inlined: an ending tag in it would end it early.
    assert "<" not in folder.joinpath("page.css").read_text(encoding="utf-8")


def test_the_style_sheet_knows_every_colour_of_the_charts():
    from stageline.reporting.charts import drawing

    css = files("stageline.reporting").joinpath("page.css").read_text(encoding="utf-8")
    for colour in (drawing.INK, drawing.MUTED, drawing.MODEL, drawing.LINEAR, drawing.DUMMY, drawing.GOAL):
        assert f'[fill="{colour}"]' in css
        assert f'[stroke="{colour}"]' in css
    assert f'[stroke="{drawing.GRID}"]' in css


@pytest.mark.parametrize(
    ("verdict", "mode", "said"),
    [("failed", "dry_run", True), ("failed", "enabled", False), ("passed", "dry_run", False)],
)
def test_a_dry_run_is_named_where_it_would_have_stopped(verdict, mode, said):
    page = render_page(samples.minimal(steps=(StepLine(step="s", verdict=verdict, mode=mode, sentence="x"),)))
    assert ("did not stop the pipeline" in page) is said
