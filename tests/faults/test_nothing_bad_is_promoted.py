"""Whatever a gate measures: where it is missing, empty, not finite, 0/0 or raises, nothing is promoted."""

import itertools
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from operator_fixtures import RUN_AFTER, point_at
from planted_judging import PLANTS, STEPS, Planting, approved, found

from stageline.ledger import Entry, Ledger
from stageline.operators import ReleaseOperator
from stageline.operators.release_evidence import APPROVAL, ReleaseEvidence, entry_of
from stageline.operators.resolving import resolve_run
from stageline.operators.run_context import RunContext
from stageline.verdicts import Report, Verdict

pytestmark = pytest.mark.xdist_group("pilot")

APPROVING, RELEASING = "what a person answered", "what a release rests on"
GATES = (*STEPS, APPROVING, RELEASING)
# What `ReleaseEvidence` and the candidate read from the records, by step.
RESTS_ON = {
    "features": [("snapshot", "version")],
    "train": [("model", "digest"), ("model", "id"), ("mlflow_run",)],
    "evaluate": [("model_digest",), ("gate", "generation")],
    "validate": [("model_digest",)],
}


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@dataclass(frozen=True)
class Court:
    """A run that has all but its release behind it, and how often the head moves on what its gates say.

    :param records: What the real steps recorded, by step.
    :param folder: Of ledgers.
    """

    run: RunContext
    records: dict[str, Entry]
    folder: Path

    def promotions(self, gate: str, plant: Planting) -> int:
        """Let one gate judge anew, record what it says, have it approved, and try to release."""
        judged = self._judged_at(gate)
        file = self.folder / f"{uuid4()}.db"
        shutil.copy(self._ledger_without(judged), file)
        with Ledger.open(f"sqlite:///{file}") as ledger:
            run = replace(self.run, ledger=ledger)
            for step in judged:
                # A step that raises leaves no record.
                with suppress(Exception):
                    ledger.append(self._entry(step, gate, plant))
            with suppress(Exception):
                self._approve(run, plant if gate == APPROVING else Planting())
            with suppress(Exception):
                ReleaseOperator(task_id="release", pipeline="small")._conclude(run)
            assert ledger.verify() == []
            promoted = [each for each in ledger.records("small") if each.kind == "promotion"]
            assert len(promoted) == ledger.head("small").generation
        file.unlink()
        return len(promoted)

    def _judged_at(self, gate):
        """Return the steps whose records a gate's plants change."""
        if gate in STEPS:
            return (STEPS[gate][0],)
        return tuple(self.records) if gate == RELEASING else ()

    def _ledger_without(self, steps):
        """Return a ledger with the records of all other steps."""
        file = self.folder / f"without {' '.join(steps)}.db"
        if not file.exists():
            with Ledger.open(f"sqlite:///{file}") as ledger:
                for step, entry in self.records.items():
                    if step not in steps:
                        ledger.append(entry)
        return file

    def _entry(self, step, gate, plant):
        entry = self.records[step]
        if gate == RELEASING:
            found = {"verdict": plant(f"verdict of {step}", entry.verdict), "evidence": self._planted(step, plant)}
        else:
            report = STEPS[gate][1](plant).model_copy(update={"evidence": entry.evidence["evidence"]})
            found = {"verdict": report.verdict, "sentence": report.sentence, "evidence": report.as_json()}
        return Entry.model_validate(entry.model_dump() | found)

    def _planted(self, step, plant):
        report = Report.model_validate(self.records[step].evidence).model_dump(mode="json")
        for path in RESTS_ON.get(step, ()):
            *above, last = path
            section = report["evidence"]
            for key in above:
                section = section[key]
            section[last] = plant(f"{step}: {'.'.join(path)}", section[last])
        return report

    def _approve(self, run, plant):
        digest = ReleaseEvidence.of(run).digest
        entry = entry_of(
            run, kind=APPROVAL, step="approve", verdict=approved(plant, digest), sentence="approved by mo",
            evidence={"evidence": plant("digest on record", digest), "by": "mo"}, key=digest,
        )  # fmt: skip
        run.ledger.append(entry)


@pytest.fixture
def court(shelf, stores, execute, tmp_path):
    """Bring a real pilot run up to its approval, once for all tests."""
    shelf.go_to("first approved", execute)
    task = SimpleNamespace(dag_id="small", run_id="run-1", task_id="release", map_index=-1, try_number=1)
    context = {
        "ti": task, "dag_run": SimpleNamespace(run_after=RUN_AFTER, run_type="manual"), "params": {},
        "dag": SimpleNamespace(fileloc=str(stores.project / "dags/by_hand.py")),
    }  # fmt: skip
    records = {each.step: each for each in stores.records() if each.kind == "step"}
    entries = {
        step: Entry.model_validate({name: getattr(record, name) for name in Entry.model_fields})
        for step, record in records.items()
    }
    with resolve_run("small", context) as run:
        yield Court(run, entries, tmp_path)


def places_of(court, gate):
    plant = Planting()
    assert court.promotions(gate, plant) == 1
    return sorted(plant.places)


@pytest.mark.parametrize("gate", GATES)
def test_with_nothing_planted_there_is_one_promotion(court, gate):
    assert len(places_of(court, gate)) > 3


@pytest.mark.parametrize("gate", STEPS)
def test_no_judge_lets_a_single_one_through(gate):
    _, judge = STEPS[gate]
    unplanted = Planting()
    assert judge(unplanted).verdict.advances
    let_through = []
    for place, what in itertools.product(unplanted.places, PLANTS):
        plant = Planting({place: what})
        # A judge that raises leaves no verdict.
        with suppress(Exception):
            if judge(plant).verdict.advances and plant.changed:
                let_through.append((place, what))
    assert let_through == []


def test_nothing_is_promoted_on_what_is_no_measurement(court):
    places = {gate: places_of(court, gate) for gate in GATES}
    planted = st.sampled_from(GATES).flatmap(
        lambda gate: st.tuples(
            st.just(gate),
            st.dictionaries(st.sampled_from(places[gate]), st.sampled_from(sorted(PLANTS)), min_size=1, max_size=3),
        )
    )

    @settings(max_examples=100)
    @given(planted)
    def law(case):
        gate, plants = case
        plant = Planting(plants)
        promotions = court.promotions(gate, plant)
        assume(plant.changed)
        assert promotions == 0

    law()


@given(st.sampled_from(sorted(PLANTS)), st.data())
def test_a_slice_nobody_declared_never_passes_on_them_either(what, data):
    unplanted = Planting()
    assert found(unplanted).verdict is Verdict.PASSED
    places = sorted(place for place in unplanted.places if place != "rows of the slice")
    with suppress(Exception):
        assert found(Planting({data.draw(st.sampled_from(places)): what})).verdict is not Verdict.PASSED
