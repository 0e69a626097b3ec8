"""What the model's answers mean: SL-V007 for the recorded example, SL-V008 for each edge case."""

from stageline.release.validation.answer import Answered, Raised
from stageline.release.validation.comparing import first_difference, flaw
from stageline.release.validation.probes import EXAMPLE, NO_ROWS, ONE_ROW, Probe
from stageline.training.recorded_example import ModelAnswer, RecordedExample
from stageline.verdicts import Check, Verdict

# scikit-learn's own way to say that it takes no empty table.
_REFUSES_NO_ROWS = "ValueError"
_CAUSES = {
    EXAMPLE: "it is not the model that was trained, the libraries compute otherwise, or it answers at random: "
    "train again here",
    ONE_ROW: "a row alone has to get the prediction that it gets among others: leave out what looks at other rows",
}


def judge_predictions(
    probe: Probe, answer: Answered | Raised | None, example: RecordedExample, *, private: bool
) -> Check:
    """Judge the answer to one probe.

    Of no rows a model predicts nothing, or refuses them with a `ValueError`, as scikit-learn's do. Every other
    probe it has to answer: with one usable prediction per row, and the recorded one where there is one.

    :param answer: What the clean process measured; none: nothing.
    :param private: Whether no prediction and no words of an exception may be quoted.
    """
    n = len(probe.rows)
    verdict, message = Verdict.FAILED, ""
    if answer is None:
        verdict, message = Verdict.ERRORED, f"{probe.name}: the clean process does not say; validate again"
    elif n == 0 and probe.name != NO_ROWS:
        verdict, message = Verdict.INCONCLUSIVE, f"{probe.name}: training recorded no rows to ask about; train again"
    elif isinstance(answer, Raised):
        if probe.name == NO_ROWS and answer.kind == _REFUSES_NO_ROWS:
            verdict, message = Verdict.PASSED, f"{probe.name}: it refuses them with a {answer.kind}"
        else:
            message = f"{probe.name}: predict raised {answer.told(private=private)}; {answer.remedy or _remedy(probe)}"
    elif (problem := flaw(answer, n, example.answer, private=private)) is not None:
        message = f"{probe.name}: {problem}; {_remedy(probe)}"
    elif (difference := _from_recorded(probe, answer, example.answer, private=private)) is not None:
        message = f"{probe.name}: {difference}; {_CAUSES[probe.name]}"
    else:
        verdict, message = Verdict.PASSED, _praise(probe, example)
    if probe.name == EXAMPLE:
        return Check(
            code="SL-V007", name="recorded_predictions", verdict=verdict, message=message, n=n,
        )  # fmt: skip
    return Check(code="SL-V008", name=f"edge_rows({probe.name})", verdict=verdict, message=message, n=n)


def _from_recorded(probe: Probe, answer: Answered, recorded: ModelAnswer, *, private: bool) -> str | None:
    if not probe.rows:
        return None
    if probe.name == EXAMPLE:
        return first_difference(answer, recorded, private=private)
    if probe.name == ONE_ROW:
        probabilities = recorded.probabilities
        alone = ModelAnswer(
            recorded.kind, recorded.values[:1], recorded.classes, None if probabilities is None else probabilities[:1]
        )
        return first_difference(answer, alone, private=private)
    return None


def _remedy(probe: Probe) -> str:
    if probe.name == NO_ROWS:
        return "of no rows it has to predict nothing, or refuse them with a ValueError"
    if probe.name in (EXAMPLE, ONE_ROW):
        return "train again"
    return "a row like this will come one day: put an imputer or an encoder that takes it before the estimator"


def _praise(probe: Probe, example: RecordedExample) -> str:
    if probe.name == EXAMPLE:
        return f"the recorded predictions on {len(probe.rows):,} of {example.of:,} training rows come out again"
    if probe.name == ONE_ROW:
        return f"{probe.name}: a row alone gets the prediction that it gets among others"
    return f"{probe.name}: the answer is usable"
