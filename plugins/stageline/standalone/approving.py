"""Answer a task's question in the place of a person."""

from datetime import UTC, datetime, timedelta

from stageline.standalone.airflow_api import AirflowApi, DagRun, TaskState

APPROVE, REJECT = "Approve", "Reject"

# Airflow fails a task that is answered in the moment in which it goes to wait.
_READING = timedelta(seconds=6)


def answer_when_read(api: AirflowApi, run: DagRun, task: TaskState, option: str) -> bool:
    """Answer a question that was asked long enough ago to be read; return whether this call did.

    :param option: `APPROVE` or `REJECT`.
    """
    question = api.question(run, task)
    if question.answered or datetime.now(UTC) - question.asked < _READING:
        return False
    api.answer(run, task, option)
    return True
