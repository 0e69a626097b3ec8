"""From a recorded cost report to its page: the comparison as it is now, and what the months came to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.exceptions import CostError
from stageline.reporting import cost_content as views

if TYPE_CHECKING:
    from stageline.operators.cost_analysis import Analysis
    from stageline.operators.run_context import RunContext

_NOTE = "Machines and storage only: what is metered, and what stands there all the time by the plan."


def cost_report_page(run: "RunContext", evidence: Mapping[str, Any], analysis: "Analysis | None" = None) -> str:
    """Return the page as HTML; empty where nothing that it compares was measured yet.

    :param analysis: Where the report was made just now; none: it was on record already, and is looked at as of now.
    """
    from stageline.operators.cost_forecast import analysis_of
    from stageline.operators.cost_page_content import cost_page_content
    from stageline.reporting.cost_page import render_cost_page

    try:
        looked_at = analysis or analysis_of(run)[0]
    except CostError:
        return ""
    content = cost_page_content(looked_at, datetime.now(UTC))
    return render_cost_page(content.model_copy(update=spent_content(evidence)))


def spent_content(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of the page's content that tell what was spent."""
    tracked = [
        (month["forecast"], _known(month)) for month in (*evidence["months"], *evidence["coming"]) if month["forecast"]
    ]
    return {
        "first_month": None,
        "forecast_note": _NOTE,
        "forecast": tuple(
            views.MonthView(number=number, forecast=views.BandView(**band), actual=actual)
            for number, (band, actual) in enumerate(tracked, start=1)
        ),
        "spent_months": tuple(
            views.SpentMonthView(
                month=month["month"], ended=month["share"] >= 1, machines=month["metered"] + month["served"],
                said=month["said"], total=month["total"], predictions=month["predictions"],
                per_1000=month["per_1000"], purposes=tuple(month["purposes"].items()),
            )
            for month in reversed(evidence["months"])
        ),
        "spent_runs": tuple(
            views.SpentRunView(
                dag_id=each["dag_id"], run_id=each["run_id"], at=datetime.fromisoformat(each["at"]), cost=each["cost"],
                steps=each["steps"],
            )
            for each in evidence["runs"]
        ),
    }  # fmt: skip


def _known(month: Mapping[str, Any]) -> float | None:
    """Return what a month cost; none before it is over."""
    return month["metered"] + month["served"] if month.get("share", 0) >= 1 else None
