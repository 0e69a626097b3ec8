"""What a check is about: its topic, who answers for it, and what they should do."""

from typing import Final

from stageline.monitoring.outputs import CONFIDENCE, PREDICTION, RECONSTRUCTION
from stageline.spec.models import Owners
from stageline.spec.values import Role
from stageline.verdicts import Check, Verdict

# Code and name of a check.
Subject = tuple[str, str]
INPUTS, OUTPUTS, PERFORMANCE, KPI, LABELS, MONITORING = (
    "inputs", "outputs", "performance", "kpi", "labels", "monitoring",
)  # fmt: skip
COSTS = "costs"
# Followed by an alert in a DAG of their own, at times of its own.
ELSEWHERE = frozenset({COSTS})
_OBJECTIVE = "objective:"
# Of the checks that a failed one of these raises, `details` names the first.
PERSISTENT = ("SL-M009", "SL-M017")
CAUSE = "SL-M018"
ROLLED_BACK = "SL-P003"
WATCHED = "SL-M021"
# Losses of the model against its release; what else a window's performance may fail by is none.
LOSSES = ("SL-M014", "SL-M015")
# Of what was due and did not come nothing is known: that is the fault.
TRAFFIC, SCORED = "SL-M008", "SL-M011"
LABELLED = "SL-M012"
# A step's refusal of what it was to read.
REFUSED = "SL-S001"
# Made in a topic only where they fail: where they are not, and something else is good, that is over.
ONLY_WRONG: Final = {("inputs", REFUSED), ("performance", LABELLED)}
_UNSEEN_CLASSES = "unseen_classes"
_BY_CODE: Final = {
    "SL-M001": INPUTS, "SL-M002": INPUTS, "SL-M003": INPUTS, "SL-M004": INPUTS, TRAFFIC: INPUTS,
    "SL-M005": OUTPUTS, "SL-M006": OUTPUTS, "SL-M007": OUTPUTS, SCORED: OUTPUTS,
    LABELLED: LABELS, "SL-M013": KPI,
    "SL-M014": PERFORMANCE, "SL-M015": PERFORMANCE, "SL-M016": PERFORMANCE, "SL-M017": PERFORMANCE, CAUSE: PERFORMANCE,
    ROLLED_BACK: PERFORMANCE, WATCHED: MONITORING,
    "SL-C001": COSTS, "SL-C002": COSTS, "SL-C003": COSTS, "SL-C004": COSTS,
}  # fmt: skip
_OF_THE_MODEL = (PREDICTION, CONFIDENCE, RECONSTRUCTION)
_ROLES: Final[dict[str, Role]] = {
    INPUTS: "data", LABELS: "data", KPI: "business", COSTS: "business", MONITORING: "operations",
    f"{_OBJECTIVE}kpi": "business",
}  # fmt: skip
_SCORE = "Look at the scoring DAG first: until it runs again, nobody gets a prediction and nobody watches the model"
_NEW_CLASSES = "Retrain on rows that have the new classes, or mend the coding of the labels"
_ROLL_BACK = "Roll back to the champion before: the release is judged the cause"
_WAS_ROLLED_BACK = "The release is undone: look whether the loss ends with it before anything is released again"
_ADVICE: Final = {
    INPUTS: "Look at the source first and mend what is broken; retrain only if the change is there to stay",
    OUTPUTS: "Compare with the inputs: if they are as before, look at what was released last",
    PERFORMANCE: "Find out whether the data, the release or the world changed before you retrain or roll back",
    KPI: "Decide whether the model may go on: retrain it, roll it back, or change the goal",
    LABELS: "Bring the missing labels: until then nobody knows how good the model is",
    COSTS: "Look at what the dearest run's steps took, pull a lever or allow more: stageline costs simulate NAME",
    MONITORING: "Mend what stopped the step, its task's log says what: until then nobody watches the model",
}


def topic_of(check: Check, step: str) -> str:
    """Return what a check is about; one of a code that is not ours is about the step that made it.

    :param step: Step of the report that holds the check.
    """
    if check.code.startswith("SL-O"):
        return f"{_OBJECTIVE}{check.details.get('sli') or _inner(check.name)}"
    code, name = subject_of(check)
    if code == LABELLED and check.details.get("reason") == _UNSEEN_CLASSES:
        return PERFORMANCE
    topic = _BY_CODE.get(code)
    if topic is None:
        return step
    column = check.details.get("column") or _inner(name)
    return OUTPUTS if topic == INPUTS and column in _OF_THE_MODEL else topic


def subject_of(check: Check) -> Subject:
    """Return code and name of what a check is about: of the one that came back, if it tells of such a one."""
    if check.code in PERSISTENT and check.details.get("code"):
        return str(check.details["code"]), str(check.details.get("name") or check.name)
    return check.code, check.name


def is_wrong(check: Check) -> bool:
    """Whether a check says that something is wrong: it failed, or what was due did not come."""
    return check.effect is Verdict.FAILED or _did_not_come(check)


def is_loss(check: Check) -> bool:
    """Whether a check is about a loss, or says that one came back; a model that answers otherwise has lost itself."""
    return subject_of(check)[0] in LOSSES and check.details.get("reason") != "answers_changed"


def role_of(topic: str) -> Role:
    """Return who answers for a topic."""
    default: Role = "operations" if topic.startswith(_OBJECTIVE) else "model"
    return _ROLES.get(topic, default)


def owner_of(role: Role, owners: Owners) -> str:
    """Return who is told: the role's owner, else that of operations, else that of the model; empty for none."""
    return getattr(owners, role) or owners.operations or owners.model or ""


def advice(topic: str, codes: frozenset[str]) -> str:
    """Return what to do about a topic.

    :param codes: Of the checks that failed, and of what was done about it.
    """
    if ROLLED_BACK in codes:
        return _WAS_ROLLED_BACK
    if topic == PERFORMANCE and CAUSE in codes:
        return _ROLL_BACK
    if topic == PERFORMANCE and LABELLED in codes:
        return _NEW_CLASSES
    if topic == OUTPUTS and SCORED in codes:
        return _SCORE
    if topic.startswith(_OBJECTIVE):
        return "Spend no more of the budget: put risky changes off and mend what makes bad events"
    return _ADVICE.get(topic, "Look at the check and mend what it names")


def _did_not_come(check: Check) -> bool:
    """Whether rows were due and none came, or rows came and not one prediction was made of them."""
    if check.verdict is not Verdict.INCONCLUSIVE:
        return False
    if check.code == SCORED:
        # It only warns in its own report: the step has other things to judge.
        return bool(check.n) and not check.value
    return check.code == TRAFFIC and check.effect is Verdict.INCONCLUSIVE and not check.n


def _inner(name: str) -> str:
    """Return what stands in a check's name between the brackets; the name if there are none."""
    return name.partition("(")[2].rpartition(")")[0] or name
