"""From the rows that came in to the predictions that were good: how many are left at each stage."""

from dataclasses import dataclass

from stageline.reporting.monitor_content import FunnelView, WindowCounts
from stageline.verdicts import Verdict


@dataclass(frozen=True)
class Stage:
    """One stage.

    :param count: How many are left; none: not known.
    :param share: Of the stage before, 0 to 1.
    :param of_all: Of the rows that came in: the shares so far, multiplied; the last known one where this is not known.
    :param of_what: What the share is of, in words.
    :param before: Count and share in the window before, as far as they are known.
    :param unknown: Why the count is not known.
    """

    name: str
    count: int | None
    share: float | None
    of_all: float
    of_what: str
    before: tuple[int | None, float | None]
    note: str = ""
    unknown: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True)
class _Level:
    count: int | None
    of: int | None

    @property
    def share(self) -> float | None:
        if self.count is None or not self.of:
            return None
        # A late row may be predicted of one that no window held.
        return min(self.count / self.of, 1.0)


def funnel_stages(view: FunnelView) -> list[Stage]:
    """Return the five stages.

    Where a stage was counted over another time than the one before, its share is of its own time's predictions, so
    that the shares may be multiplied all the same.
    """
    now, before = _levels(view.now), _levels(view.before)
    same_rows = view.now.batch_in is not None and view.now.batch_in == view.now.rows
    told = (
        ("rows in", "", "", "The step drift counted no rows."),
        ("passed", "of rows in", view.batch_note, "No scoring run is on record."),
        ("scored", "of passed" if same_rows else "of rows in", "", "The step drift counted no predictions."),
        ("labelled", "of scored", view.labels_note, "No window's labels are on record."),
        ("KPI met", "of labelled", view.good_note, view.sentence or "No share of good predictions is on record."),
    )
    stages, of_all = [], 1.0
    for place, (name, of_what, note, unknown) in enumerate(told):
        share = now[place].share if place else None
        if share is not None:
            # What scoring left out of the window's own rows is not left out twice.
            of_all = share if place == 2 and not same_rows else of_all * share  # noqa: PLR2004 - third of five
        stages.append(
            Stage(
                name=name, count=now[place].count, share=share, of_all=of_all, of_what=of_what,
                before=(before[place].count, before[place].share if place else None), note=note,
                unknown=unknown if now[place].count is None else "",
                verdict=view.verdict if name == "KPI met" else None,
            )
        )  # fmt: skip
    return stages


def _levels(counts: WindowCounts) -> tuple[_Level, ...]:
    passed = None if counts.batch_in is None else counts.batch_in - (counts.batch_left_out or 0)
    same_rows = counts.batch_in is not None and counts.batch_in == counts.rows
    return (
        _Level(counts.rows, counts.rows),
        _Level(passed, counts.batch_in),
        _Level(counts.scored, passed if same_rows else counts.rows),
        _Level(counts.labelled, counts.predicted),
        _Level(counts.good, counts.judged),
    )
