"""`stageline costs`: what it shows of a pipeline whose run measured a latency, and what it refuses."""

import os

import pytest
from cli_process import call
from small_project import write_project, write_spec

from stageline.ledger import Entry, Ledger
from stageline.verdicts import Mode, Verdict

LATENCY = {"single_ms": 4.0, "batch_ms": 20.0, "batch_rows": 1_000}


def costs(project, *arguments):
    return call(project, "costs", *arguments, PYTHONPATH=os.environ.get("PYTHONPATH", ""))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose ledger holds one evaluation: all that costs are computed from."""
    folder = tmp_path_factory.mktemp("priced")
    write_project(folder)
    write_spec(
        folder,
        costs="{requests_per_month: 1000000, max_latency_ms: 200, customers: 9, revenue_per_month: 9000, cost_centre: mobility, max_per_1000: 9}",
    )
    home = folder / ".airflow" / "stageline"
    home.mkdir(parents=True)
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        ledger.append(
            Entry(
                pipeline="small", step="evaluate", verdict=Verdict.PASSED, sentence="as good as it gets",
                evidence={"evidence": {"latency": LATENCY, "rows_per_month": 730.0}}, stage="poc", mode=Mode.ENABLED,
                dag_id="small", run_id="manual", task_id="evaluate", idempotency_key="one", spec_digest="", package_version="0",
            )
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def compared(project):
    return costs(project, "compare", "small", "--requests", "100k..10M", "--years", "1", "--page", "costs.html")


def test_options_are_compared_in_one_sentence_each(compared):
    assert compared.code == 0, compared.err
    assert "small: 1M requests a month, over 12 months; measured: one row 4 ms, 1,000 rows 20 ms" in compared.out
    assert "a vendor's API" in compared.out
    assert "does not fit: answers come with the next run, and have to come within 0.2 s" in compared.out
    assert "it would be overturned by" in compared.out
    assert "a month today: USD " in compared.out
    assert " of the revenue, cost centre mobility" in compared.out
    assert "within costs.max_per_1000 = USD 9.00" in compared.out
    assert "; engineers at 85 USD per engineer-hour;" in compared.out


def test_the_page_is_written(compared, project):
    page = (project / "costs.html").read_text("utf-8")
    assert "<title>small: costs</title>" in page
    assert "http" not in page.split("</style>")[1].replace("an own http server", "").replace("http://www.w3.org", "")


def test_a_simulation_tells_where_the_marginal_cost_turns(project):
    done = costs(project, "simulate", "small", "--requests", "1M..100M", "--years", "1", "--lever", "sampling")
    assert done.code == 0, done.err
    for part in (
        "the marginal cost rises from", "largest part: from 1M on", "What matters most", "Levers, each alone",
        "sampling at their assumed effect",
    ):  # fmt: skip
        assert part in done.out


def test_a_forecast_is_recorded_where_it_is_asked_for(project):
    done = costs(project, "simulate", "small", "--requests", "1M..10M", "--years", "1", "--record")
    assert done.code == 0, done.err
    assert "forecast recorded as #2" in done.out
    with Ledger.open(f"sqlite:///{project / '.airflow/stageline/ledger.db'}") as ledger:
        (record,) = ledger.records("small", kinds=("cost_forecast",))
    assert len(record.evidence["evidence"]["months"]) == 12
    assert "1,000,000 requests a month" in record.sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "small", "--requests", "1B..1k"), "--requests is '1B..1k'; expected two ascending loads above 0"),
        (("compare", "small", "--requests", "1k"), "'' is no number of requests a month"),
        (("compare", "small", "--load", "many"), "'many' is no number of requests a month; expected e.g. 500, 1k"),
        (("compare", "small", "--lever", "magic"), "unknown lever 'magic'; known: sampling"),
        (("simulate", "nobody"), "no pipeline 'nobody'"),
    ],
)
def test_what_cannot_be_computed_is_a_sentence(project, arguments, sentence):
    done = costs(project, *arguments)
    assert done.code == 1
    assert sentence in done.err


def test_prices_are_shown_with_where_they_were_read(project):
    (project / "config/prices.yaml").write_text("engineer_hour: 60\n", encoding="utf-8")
    try:
        shown = costs(project, "prices")
    finally:
        (project / "config/prices.yaml").unlink()
    assert shown.code == 0, shown.err
    assert "in USD" in shown.out
    assert "engineer_hour  60 USD per engineer-hour  config/prices.yaml" in shown.out
    assert "vcpu_hour  0.04048 USD per vCPU-hour  AWS Fargate price page, Linux on x86, us-east-1" in shown.out
