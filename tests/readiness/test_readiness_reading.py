"""What is read of a ledger: whatever may still count, however much was recorded after it."""

import pytest
from full_evidence import spec_of

from stageline.ledger import Entry, Ledger
from stageline.readiness import read_facts
from stageline.verdicts import Mode, Verdict


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def append(ledger, kind, step, **evidence):
    number = append.number = getattr(append, "number", 0) + 1
    return ledger.append(
        Entry(
            pipeline="small", kind=kind, step=step, verdict=Verdict.PASSED, sentence=f"{kind} {step}", evidence=evidence,
            stage="pilot", mode=Mode.ENABLED, dag_id="small", run_id=f"run-{number}", task_id=step,
            idempotency_key=f"{kind}/{number}", spec_digest="", package_version="1",
        )
    )  # fmt: skip


def read(ledger, **given):
    return read_facts(ledger, "small", spec_of("pilot"), **given)


def test_the_steps_of_canaries_push_nothing_else_out(ledger):
    append(ledger, "promotion", "rollout", records={})
    append(ledger, "attestation", "attestation", code="SL-L105")
    append(ledger, "earned", "earn", evidence={"code": "SL-L301"})
    for _ in range(250):
        append(ledger, "canary", "rollout")
    facts = read(ledger)
    assert facts.attested("SL-L105") is not None
    assert facts.earned("SL-L301") is not None
    assert next(facts.of_kind("promotion"), None) is not None


def test_windows_that_wait_for_labels_do_not_hide_the_judged_one(ledger):
    checks = [{"code": "SL-M013", "name": "kpi", "verdict": "passed", "message": "good"}]
    append(ledger, "step", "performance", checks=checks, evidence={"window": {"end": "2026-11-01T00:00:00"}})
    for _ in range(60):
        append(ledger, "step", "performance", checks=[], evidence={"window": {"end": "2026-11-02T00:00:00"}})
    assert sum(bool(fact.with_code("SL-M013")) for fact in read(ledger).windows("performance")) == 1


def test_what_came_after_a_moment_takes_no_place_of_what_came_before(ledger):
    first = append(ledger, "step", "quality", evidence={"rows": 1})
    for _ in range(40):
        append(ledger, "step", "quality", evidence={"rows": 2})
    assert [fact.position for fact in read(ledger, until=first.position).facts] == [first.position]
