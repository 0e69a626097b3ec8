"""Whether what is scored may be what the champion was trained on: such predictions look better than they are."""

from typing import TYPE_CHECKING

from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

_CODE, _NAME = "SL-B009", "rows_after_training"


def rows_until(times: "pa.ChunkedArray", watermark: str) -> int:
    """Return how many rows are no newer than the champion's data.

    :param times: Event times in microseconds, shape (n,); without a zone they are in UTC.
    :param watermark: Newest event time of the champion's data, as `moment_text` writes it.
    """
    from datetime import UTC, datetime

    import pyarrow as pa
    import pyarrow.compute as pc

    moment = datetime.fromisoformat(watermark).astimezone(UTC)
    microseconds = pa.scalar(moment, pa.timestamp("us", "UTC")).cast(pa.int64())
    return int(pc.sum(pc.less_equal(times.cast(pa.int64()), microseconds)).as_py() or 0)


def check_overlap(known: int, rows: int, *, watermark: str, own_source: bool) -> Check:
    """Tell how many of the rows scored are no newer than the champion's data; any such row warns.

    :param known: Rows that are no newer.
    :param rows: All rows that were scored; none: there is nothing to judge.
    :param own_source: Whether the pipeline scores its own source, where they are expected: then it is only told.
    """
    if not rows:
        verdict, message = Verdict.INCONCLUSIVE, "no row was scored, so none can be compared with the champion's data"
    elif known:
        verdict = Verdict.FAILED
        message = (
            f"{known:,} of {rows:,} rows are no newer than the champion's data, which end at {watermark}: it may have "
            "been trained on them, so do not measure it by their predictions"
        )
    else:
        verdict, message = Verdict.PASSED, f"all {rows:,} rows are newer than the champion's data ({watermark})"
    return Check(
        code=_CODE, name=_NAME, verdict=verdict, severity=Severity.INFO if own_source else Severity.WARNING,
        message=message, value=known, limit=0, n=rows,
    )  # fmt: skip
