"""Monitoring 3: what serving would make of the source's rows, beside what training made of them."""

from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Severity, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.serving.reference import Reference


def run(run: "RunContext") -> Finding:
    """Read the rows as scoring does, make their features, and compare columns, kinds, features and shares."""
    from stageline.serving import open_rows
    from stageline.serving.features import feature_rows
    from stageline.serving.row_parts import RaggedLines, read_part
    from stageline.serving.skew import SkewLimits, check_columns, check_skew
    from stageline.serving.skew_watch import SkewWatch

    trained = Trained.newest(run, fits=False)
    reference = _reference(trained)
    batch = run.spec.release.batch if run.spec.release else None
    uri = batch.uri if batch else run.spec.source.uri
    source = open_rows(uri, run.project, reference.csv_types)
    checks = [check_columns(source.schema, reference, name=uri)]
    watch = SkewWatch(reference)
    if checks[0].verdict.advances:
        with source.unchanged():
            for part in source.parts:
                for read in read_part(uri, part, reference.columns.read, RaggedLines()):
                    watch.see(feature_rows(read, reference.columns, reference.integers))
        if watch.counts.rows:
            checks += check_skew(watch.counts, reference, SkewLimits(), frozenset(run.spec.source.private))
    rows = watch.counts.rows
    parts = [(check.name, _verdict(check.verdict, check.severity), check.message) for check in checks]
    if len(checks) == 1 and checks[0].verdict.advances:
        parts.append(("rows", Verdict.INCONCLUSIVE, f"{uri!r} holds no row that could be scored"))
    bad = [text for _, verdict, text in parts if not verdict.advances]
    sentence = bad[0] if bad else f"{rows:,} rows of {uri!r} read as scoring does: {checks[1].message}"
    return Finding(sentence, parts, {"rows": rows, "uri": uri}, n=rows)


def _reference(trained: Trained) -> "Reference":
    from stageline.serving.reference import reference_of

    features = trained.features
    return reference_of(
        trained.snapshot, trained.spec, version=features["snapshot"]["version"],
        numeric=tuple(features["numeric"]), categorical=tuple(features["categorical"]),
    )  # fmt: skip


def _verdict(verdict: Verdict, severity: Severity) -> Verdict:
    """Return what a check counts for here: what only warns in scoring only warns here."""
    return Verdict.WARNED if severity is Severity.WARNING and verdict is Verdict.FAILED else verdict
