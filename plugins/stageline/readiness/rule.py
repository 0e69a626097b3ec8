"""A test and its judgement: which evidence counts, for how long, and how many points it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from stageline.readiness.evidence import FULL, HALF, Evidence, Kind, Section
from stageline.readiness.facts import Fact, Facts
from stageline.spec import PipelineSpec, Stage
from stageline.spec.durations import format_duration
from stageline.spec.values import Role

Find = Callable[[Facts], Evidence | None]
Counts = Callable[[Fact, Facts], bool]


def nothing(facts: Facts) -> None:
    """Find nothing: only a person can say it."""
    del facts


def always(said: Fact, facts: Facts) -> bool:
    """Let every attestation count."""
    del said, facts
    return True


@dataclass(frozen=True)
class ReadinessTest:
    """One of the 28 tests of the ML Test Score (Breck et al. 2017).

    :param code: Stable: `SL-L`, the section's digit, two of the test's number.
    :param title: What the paper asks for.
    :param full: What counts as 1.
    :param most: Most points there are: a half where only a person can say it.
    :param most_in_poc: Most points in a POC, which serves nothing and stops at nothing.
    :param half: What else counts as 0.5, beside an attestation.
    :param lifetime: How long evidence holds.
    :param owner: Role that owes it.
    :param minutes: Rough effort of a person, by which to-dos are ordered.
    :param earn: One command or one line of YAML; `{name}` is the pipeline's, `{train}`, `{score}`, `{monitor}` and
        `{drill}` what starts that DAG.
    :param find: Returns the newest evidence of a check, or none.
    :param since: Stage from which on it can be earned.
    :param needs: Keys of the spec without which it cannot be earned.
    :param trained: Whether it is earned on the newest trained model.
    :param in_use: Whether it can be earned only once a model is in use.
    :param counts: Whether an attestation is of what there is today.
    :param adds: Whether an attestation adds its half to a half that a check gives.
    """

    code: str
    section: Section
    number: int
    title: str
    lifetime: timedelta
    owner: Role
    minutes: int
    earn: str
    find: Find = nothing
    full: str = ""
    half: str = ""
    most: float = FULL
    most_in_poc: float = FULL
    since: Stage = Stage.POC
    needs: tuple[str, ...] = ()
    trained: bool = False
    in_use: bool = False
    counts: Counts = always
    adds: bool = False

    @property
    def name(self) -> str:
        """Section and number as the paper counts them, e.g. `Data 1`."""
        return f"{self.section.value.capitalize()} {self.number}"


class State(StrEnum):
    """Why a test has the points it has."""

    EARNED = "earned"
    HALF = "half"
    FAILED = "failed"
    EXPIRED = "expired"
    MISSING = "missing"


@dataclass(frozen=True)
class Result:
    """What a test comes to.

    :param points: 0, 0.5 or 1.
    :param evidence: What it rests on, or what speaks against it; the deciding one first.
    :param message: What was found, with its numbers.
    :param until: When the points end unless something is recorded anew.
    """

    test: ReadinessTest
    points: float
    state: State
    message: str
    evidence: tuple[Evidence, ...] = ()
    until: datetime | None = None


def judge_test(test: ReadinessTest, facts: Facts, now: datetime, *, grace: timedelta = timedelta(0)) -> Result:
    """Judge one test: the newest evidence speaks, and only as long as it holds.

    :param grace: For how long after its lifetime evidence still counts.
    """
    checked, said = test.find(facts), attestation_of(test, facts)
    own = _points(checked, test, now, grace)
    by_hand = _points(said, test, now, grace)
    if _overruled(checked, said, test, now, grace):
        by_hand = 0.0
    points = min(FULL, own + by_hand) if test.adds else max(own, by_hand)
    counted = [each for each, worth in ((checked, own), (said, by_hand)) if each is not None and worth]
    if not points:
        return _without(test, checked, said, now, grace)
    if not test.adds:
        counted = counted[:1] if own >= by_hand else counted[-1:]
    return Result(
        test, points, State.EARNED if points >= FULL else State.HALF, "; ".join(each.detail for each in counted),
        tuple(counted), min(_end(each, test) for each in counted),
    )  # fmt: skip


def attestation_of(test: ReadinessTest, facts: Facts) -> Evidence | None:
    """Return the newest attestation of a test: a person's word, dated and on record."""
    fact = facts.attested(test.code)
    if fact is None or not test.counts(fact, facts):
        return None
    return Evidence(
        code=test.code, kind=Kind.ATTESTED, at=fact.at, position=fact.position, digest=fact.digest,
        verdict=fact.verdict, detail=fact.sentence, worth=HALF,
    )  # fmt: skip


def how_to_earn(test: ReadinessTest, spec: PipelineSpec) -> str:
    """Return what to do, for this pipeline in its stage."""
    return filled(test.earn, spec)


def filled(earn: str, spec: PipelineSpec) -> str:
    """Return a way to earn with the pipeline's own name and DAGs."""
    name = spec.pipeline
    train = f"stageline run {name}" if spec.stage is Stage.POC else f"airflow dags trigger {name}.train"
    dags = {part: f"airflow dags trigger {name}.{part}" for part in ("score", "monitor", "drill")}
    for key, value in {"name": name, "train": train, **dags}.items():
        earn = earn.replace(f"{{{key}}}", value)
    return earn


def _end(evidence: Evidence, test: ReadinessTest) -> datetime:
    return evidence.at + (test.lifetime if evidence.lifetime is None else evidence.lifetime)


def _fresh(evidence: Evidence | None, test: ReadinessTest, now: datetime, grace: timedelta) -> bool:
    return evidence is not None and now <= _end(evidence, test) + grace


def _points(evidence: Evidence | None, test: ReadinessTest, now: datetime, grace: timedelta) -> float:
    return evidence.worth if evidence and evidence.holds and _fresh(evidence, test, now, grace) else 0.0


def _overruled(
    checked: Evidence | None, said: Evidence | None, test: ReadinessTest, now: datetime, grace: timedelta
) -> bool:
    """Whether a check found the opposite after a person had said so."""
    if checked is None or said is None or checked.holds or not _fresh(checked, test, now, grace):
        return False
    return checked.position > said.position


def _without(
    test: ReadinessTest, checked: Evidence | None, said: Evidence | None, now: datetime, grace: timedelta
) -> Result:
    """Return why a test has no points."""
    if checked is not None and not checked.holds and _fresh(checked, test, now, grace):
        return Result(test, 0.0, State.FAILED, checked.detail, (checked,))
    newest = max((each for each in (checked, said) if each), key=lambda each: each.position, default=None)
    if newest is None:
        return Result(test, 0.0, State.MISSING, "nothing is on record")
    end = _end(newest, test)
    holds = format_duration(end - newest.at)
    message = f"{newest.detail}: recorded {newest.at:%Y-%m-%d}, holds {holds}, expired {end:%Y-%m-%d %H:%M} UTC"
    return Result(test, 0.0, State.EXPIRED if newest.holds else State.FAILED, message, (newest,))
