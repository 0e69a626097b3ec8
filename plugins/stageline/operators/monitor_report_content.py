"""From the records of a monitoring run, and of those before, to what the monitoring page shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from stageline import __version__
from stageline.exceptions import ArtifactError
from stageline.operators.monitor_records import checks_of, evidence_of, watched_model, window_end
from stageline.operators.monitor_throughput import throughput
from stageline.reporting import monitor_content as views
from stageline.reporting.content import StepLine
from stageline.spec.metrics import METRICS
from stageline.verdicts import Check

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

STEPS = ("drift", "performance", "objectives", "cause")
# Records of earlier windows: more than a chart shows, as some windows are looked at more than once.
_EARLIER = 400
_OF_A_WINDOW = ("kpi", "expected", "released", "loss", "smoothed")

T = TypeVar("T")


def shown_window(run: "RunContext") -> dict[str, Any]:
    """Return model and window that the page is about, as evidence has them.

    They are those of the first step that tells both. If none does, it is the window that the run stands for, and the
    champion, if there is one: a rollback may have come between.
    """
    records = [record for step in STEPS if (record := run.earlier(step)) is not None]
    if told := watched_model(records):
        return told
    from stageline.operators.watched_time import window_of

    window = window_of(run, None)
    evidence: dict[str, Any] = {"window": {"start": window.start.isoformat(), "end": window.end.isoformat()}}
    champion = run.ledger.head(run.name).champion
    return evidence | ({"model": {"version": champion.version, "digest": champion.digest}} if champion else {})


def pages_of(run: "RunContext", shown: Mapping[str, Any]) -> list[str]:
    """Return the paths under which a window's page is logged.

    It is the latest unless a later window's page was made before: a window may be looked at again.
    """
    end = datetime.fromisoformat(shown["window"]["end"])
    clock = f"T{end:%H%M}" if (end.hour, end.minute) != (0, 0) else ""
    own = f"monitoring/{end:%Y-%m-%d}{clock}.html"
    model = shown.get("model", {}).get("digest")
    made = (
        at
        for record in run.ledger.records(run.name, step="monitor_report", limit=_EARLIER)
        if (at := window_end(record)) is not None and evidence_of(record).get("model", {}).get("digest") == model
    )
    return [own] if max(made, default=end) > end else [own, "monitoring/latest.html"]


def monitor_content(run: "RunContext", shown: Mapping[str, Any]) -> views.MonitorContent:
    """Return the page's content.

    :param shown: What `shown_window` gave.
    """
    return _Collected(run, shown).content()


class _Collected:
    """What one run and those before left, and what of it could not be read."""

    def __init__(self, run: "RunContext", shown: Mapping[str, Any]) -> None:
        self.run, self.shown = run, shown
        self.records = {step: record for step in STEPS if (record := run.earlier(step)) is not None}
        self.unread: list[str] = []

    def content(self) -> views.MonitorContent:
        run, spec = self.run, self.run.spec
        performance = evidence_of(self.records.get("performance"))
        distributions, why_none = self._distributions()
        incidents, as_of = self._incidents()
        model = self.shown.get("model") or {}
        objectives = self._part("objectives", "objectives", tuple[views.ObjectiveView, ...]) or ()
        return views.MonitorContent(
            pipeline=run.name, stage=run.stage, run_id=run.run_id, created_at=run.run_after,
            package_version=__version__,
            window=views.SpanView.model_validate(self.shown["window"]),
            model_version=model.get("version"), model_digest=model.get("digest", ""),
            steps=tuple(
                StepLine(step=step, verdict=record.verdict, mode=record.mode, sentence=record.sentence)
                for step, record in self.records.items()
            ),
            funnel=throughput(
                run, self.records, end=self._end, objectives=objectives,
                labels=self._part("performance", "labels", views.LabelsView),
                kpi=self._part("performance", "kpi", views.BoundsView),
                matured=self._part("performance", "window", views.SpanView),
            ),
            drift=self._checks("drift"),
            distributions=distributions, no_distributions=why_none, private=frozenset(spec.source.private),
            goal=views.GoalView(
                metric=spec.kpi.metric, greater_is_better=METRICS[spec.kpi.metric].greater_is_better,
                goal=spec.kpi.goal,
                unit=spec.target.column if METRICS[spec.kpi.metric].in_target_units else None,
                max_loss=spec.monitor.performance.max_loss if spec.monitor else None,
            ),
            performance=self._checks("performance"),
            matured=self._part("performance", "window", views.SpanView) if performance.get("labels") else None,
            labels=self._part("performance", "labels", views.LabelsView),
            history=self._history(), marks=self._marks(),
            estimated=self._part("performance", "estimated", views.EstimatedView),
            money=self._part("performance", "value", views.MoneyView),
            objectives=objectives, objectives_checks=self._checks("objectives"),
            incidents=incidents, incidents_as_of=as_of,
            links={"Airflow run": run.airflow_url} if run.airflow_url else {},
            unread=tuple(dict.fromkeys(self.unread)),
        )  # fmt: skip

    def _part(self, step: str, key: str, kind: type[T]) -> T | None:
        """Return a part of a step's evidence; one of another shape is named as unread, not left out unsaid."""
        given = evidence_of(self.records.get(step)).get(key)
        return self._read(given, kind, f"{step}: {key}") if given else None

    def _read(self, given: Any, kind: type[T], name: str) -> T | None:
        try:
            return TypeAdapter(kind).validate_python(given)
        except ValidationError:
            self.unread.append(name)
            return None

    def _checks(self, step: str) -> tuple[Check, ...]:
        return checks_of(self.records.get(step))

    def _distributions(self) -> tuple[dict[str, views.DistributionView], str]:
        from stageline.operators.window_distributions import read_distributions

        evidence = evidence_of(self.records.get("drift"))
        digest = evidence.get("distributions")
        if not digest:
            return {}, "Their distributions were not kept" if evidence.get("rows") else ""
        try:
            columns = read_distributions(self.run, digest).columns
        except ArtifactError as error:
            return {}, f"Their distributions cannot be shown: {error}"
        return {name: views.DistributionView.model_validate(each.model_dump()) for name, each in columns.items()}, ""

    def _incidents(self) -> tuple[tuple[views.IncidentView, ...], datetime | None]:
        """Return the open incidents, and when the newest alert was recorded; before the first, none are known."""
        from stageline.operators.incident_log import IncidentLog

        newest = IncidentLog(self.run.ledger, self.run.name).newest()
        alert = self.run.ledger.newest(self.run.name, step="alert")
        shown = tuple(
            views.IncidentView(
                id=one.id, topic=one.topic, role=logged.role, owner=logged.owner or None, state=one.change,
                since=one.since, windows=one.windows, sentence=one.sentence,
            )
            for logged in newest.values()
            if (one := logged.incident).is_open
        )  # fmt: skip
        return shown, alert.recorded_at if alert else None

    def _history(self) -> tuple[views.PerformancePoint, ...]:
        """Return each window that the step `performance` looked at, by its newest record."""
        points: dict[datetime, views.PerformancePoint] = {}
        for record in self.run.ledger.records(self.run.name, step="performance", limit=_EARLIER):
            evidence = evidence_of(record)
            if not evidence.get("window") or not evidence.get("labels"):
                continue
            given = {edge: evidence["window"].get(edge) for edge in ("start", "end")}
            given |= {"version": (evidence.get("model") or {}).get("version")}
            given |= {key: evidence[key] for key in _OF_A_WINDOW if evidence.get(key)}
            point = self._read(given, views.PerformancePoint, f"performance of record #{record.position}")
            if point is not None:
                points.setdefault(point.end, point)
        return tuple(points[end] for end in sorted(points) if end <= self._end)

    @property
    def _end(self) -> datetime:
        return datetime.fromisoformat(self.shown["window"]["end"])

    def _marks(self) -> tuple[views.ReleaseMark, ...]:
        from stageline.ledger.head import ROLLBACK
        from stageline.ledger.releases import releases

        return tuple(
            views.ReleaseMark(
                at=release.record.recorded_at, version=release.change.after.version, words=release.sentence,
                kind="rollback" if release.record.kind == ROLLBACK else "release",
            )
            for release in releases(self.run.ledger, self.run.name)
        )  # fmt: skip
