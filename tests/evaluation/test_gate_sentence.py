from stageline.evaluation.gate import gate_sentence
from stageline.verdicts import Check, Verdict


def check(message, verdict, severity="critical"):
    return Check(code="SL-G001", name="x", verdict=verdict, message=message, severity=severity)


def test_what_stops_is_said_alone():
    better, worse = check("better", Verdict.PASSED), check("worse in winter", Verdict.FAILED)
    assert gate_sentence("Value.", (better, worse)) == "Value. Gate: worse in winter."


def test_what_only_warns_comes_after_the_answer():
    better, unsure = check("better", Verdict.PASSED), check("snow is rare", Verdict.WARNED)
    assert gate_sentence("Value.", (better, unsure)) == "Value. Gate: better; snow is rare."


def test_the_first_of_all_that_passed_is_said():
    assert gate_sentence("Value.", (check("better", Verdict.PASSED), check("fair", Verdict.PASSED))) == (
        "Value. Gate: better."
    )
