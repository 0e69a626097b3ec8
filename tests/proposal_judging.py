"""How tests of proposals ask whether a table keeps to them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stageline.quality import ProposedExpectation, check_quality
from stageline.quality.engines import open_arrow, open_frame
from stageline.verdicts import Mode, Verdict

if TYPE_CHECKING:
    import pandas as pd


def broken(frame: "pd.DataFrame", proposals: Iterable[ProposedExpectation]) -> list[str]:
    """Return the messages of the proposals that a table does not keep to, of every engine that finds other ones."""
    import pyarrow as pa

    # Arrow takes a zone from pandas in a way that pandas warns about.
    plain = {name: values.dt.tz_localize(None) for name, values in frame.items() if getattr(values.dtype, "tz", None)}
    arrow = pa.Table.from_pandas(frame.assign(**plain), preserve_index=False)
    expectations = [proposal.expectation for proposal in proposals]
    messages: dict[str, None] = {}
    for opened in (open_frame(frame), open_arrow(arrow)):
        with opened as table:
            report = check_quality(table, expectations, mode=Mode.ENABLED)
        messages |= dict.fromkeys(check.message for check in report.checks if check.verdict is not Verdict.PASSED)
    return list(messages)
