"""From a first run to production: by real steps and checks alone, each to-do followed as it is written."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from pilot_moments import RUN_2, STEPS, approve, score, take
from pilot_project import DAY
from production_project import production
from small_project import write_spec

from stageline.operators import ReleaseOperator
from stageline.operators.aliases import tracking_of
from stageline.operators.configuration import load_settings
from stageline.operators.earning import earn
from stageline.operators.run_context import RunContext
from stageline.readiness import Section, judge_readiness, read_facts
from stageline.readiness.graduation import NotEarnedError, Signed, attest, graduate
from stageline.spec import Stage, load_spec

pytestmark = pytest.mark.xdist_group("climbing")
SIGNED = Signed("dana", "it has shown its worth", "dana")


class Climb:
    """A pipeline, and what a person does with its to-do list."""

    def __init__(self, stores, execute):
        self.stores, self.execute, self.runs = stores, execute, 0
        self.path = stores.project / "config/pipelines/small.yaml"

    def judge(self):
        with self.stores.ledger() as ledger:
            return judge_readiness(read_facts(ledger, "small", load_spec(self.path).spec), datetime.now(UTC))

    def train(self):
        self.runs += 1
        after = datetime(2026, 11, self.runs, tzinfo=UTC)
        take(self.execute, *STEPS[:4], run_id=f"poc-{self.runs}", run_after=after)

    def earn(self, code):
        loaded, moment, settings = load_spec(self.path), datetime.now(UTC), load_settings()
        with self.stores.ledger() as ledger:
            run = RunContext(
                name="small", loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
                tracking=tracking_of(settings), dag_id="", run_id=f"earn__{moment.isoformat()}", task_id="readiness",
                map_index=-1, try_number=1, run_after=moment, actor="dana",
            )  # fmt: skip
            return earn(run, code, moment)

    def follow(self, todo):
        """Do what a to-do says."""
        if found := re.search(r"--earn (SL-L\d{3})", todo.how):
            if "after committing" in todo.how:
                self.commit()
            record = self.earn(found[1])
            assert record.verdict.advances, record.sentence
        elif found := re.match(r"stageline attest small (SL-L\d{3})", todo.how):
            with self.stores.ledger() as ledger:
                attest(ledger, load_spec(self.path), found[1], SIGNED, datetime.now(UTC))
        elif todo.how.startswith("stageline run small"):
            for _ in range(2):
                self.train()
        else:
            raise AssertionError(todo.how)

    def commit(self):
        """Commit what another person wrote."""
        for arguments in (
            ["init", "-q"], ["add", "config"],
            ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "spec", "--author", "Bea <bea@example.com>"],
        ):  # fmt: skip
            subprocess.run(["git", "-C", str(self.stores.project), *arguments], check=True, capture_output=True)

    def graduate(self, to):
        with self.stores.ledger() as ledger:
            return graduate(ledger, load_spec(self.path), to, SIGNED, self.judge())


@pytest.fixture
def climb(stores, execute):
    lines = ["id,at,x,colour,y"]
    for row in range(480):
        x, colour, at = row * 37 % 101, row % 3, DAY + timedelta(hours=3 * row)
        lines.append(f"{row},{at:%Y-%m-%dT%H:%M:%S},{x},{'rgb'[colour]},{3 * x + 40 * colour + row * 7 % 11}")
    (stores.project / "data/small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # The thresholds are above the paper's, so that more of the list has to be followed.
    write_spec(stores.project, **production(stage="poc", readiness="{min_pilot: 2, min_production: 3}"))
    return Climb(stores, execute)


def test_from_the_first_run_to_production(climb):
    before = climb.path.read_text("utf-8")
    first = climb.judge()
    assert first.score.value == 0.0
    assert {each.how.split(" (")[0] for each in first.stage(Stage.PILOT).todo if each.code == "SL-L002"} == {
        "stageline run small"
    }

    climb.train()
    begun = climb.judge()
    # What one run of a POC is worth: nothing of the infrastructure but a model that was judged.
    assert begun.score.sections[Section.INFRASTRUCTURE] == 0.5
    assert begun.score.sections[Section.MONITORING] == 2.0
    with pytest.raises(NotEarnedError, match="stage 'pilot' is not earned"):
        climb.graduate(Stage.PILOT)

    scores = [begun.score.value]
    while not (judged := climb.judge()).stage(Stage.PILOT).earned:
        todo = next(each for each in judged.stage(Stage.PILOT).todo if each.needed)
        climb.follow(todo)
        after = climb.judge()
        section = next(each.test.section for each in judged.results if each.test.code == todo.code)
        assert after.score.sections[section] > judged.score.sections[section], todo
        scores.append(after.score.value)
    assert scores == sorted(scores)
    climb.graduate(Stage.PILOT)
    assert climb.path.read_text("utf-8") == before.replace("stage: poc", "stage: pilot")

    take(climb.execute, *STEPS, **RUN_2)
    approve(climb.execute, **RUN_2)
    # The pipeline has graduated: a release asks whether the stage is still earned.
    climb.execute(ReleaseOperator, **RUN_2)
    score(climb.execute)
    assert {each.requirement.code for each in climb.judge().stage(Stage.PRODUCTION).unmet} == {"SL-L003", "SL-L004"}
    while not (judged := climb.judge()).stage(Stage.PRODUCTION).earned:
        todo = next(each for each in judged.stage(Stage.PRODUCTION).todo if each.needed)
        climb.follow(todo)
        assert todo.code not in [each.code for each in climb.judge().stage(Stage.PRODUCTION).todo if each.needed], todo
    climb.graduate(Stage.PRODUCTION)

    end = climb.judge()
    assert end.score.value >= 3.0
    assert load_spec(climb.path).spec.stage is Stage.PRODUCTION
    assert end.stage().earned
    with climb.stores.ledger() as ledger:
        assert ledger.verify("small") == []
        by_digest = {record.digest: record for record in ledger.records("small")}
        attested = {record.evidence["code"] for record in ledger.records("small", kinds=("attestation",))}
        steps = [record.sentence for record in ledger.records("small", kinds=("graduation",), newest_first=False)]
    for result in end.results:
        for found in result.evidence:
            assert by_digest[found.digest].position == found.position
    assert attested <= {"SL-L105", "SL-L207", "SL-L305"}
    assert steps == [
        "from poc to pilot by dana: it has shown its worth", "from pilot to production by dana: it has shown its worth",
    ]  # fmt: skip
