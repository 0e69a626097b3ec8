"""Contents of data-quality pages: the least, all passed, failed with quarantine, and any text everywhere."""

import random
from datetime import UTC, datetime, timedelta

from stageline.reporting.quality_content import QualityContent, QuarantinedRow, ReferenceView
from stageline.verdicts import Check, Mode, Report, Severity, Verdict

START = datetime(2026, 3, 21, 14, 5, tzinfo=UTC)
EARLIER = START - timedelta(days=1)


def facts(sort, count, nulls=0, **more):
    known = {"infinite": 0, "min": None, "max": None, "mean": None, "histogram": None} | more
    return {"type": sort, "count": count, "nulls": nulls, **known}


def numbers(least, most, mean, *, seed=1, bins=20, count=17_379, nulls=0, infinite=0, outside=0, sort="float64"):
    chance = random.Random(seed)
    edges = tuple(least + (most - least) * i / bins for i in range(bins + 1))
    counts = [0] * bins
    for _ in range(2_000):
        place = chance.gauss((mean - least) / (most - least), 0.17)
        counts[min(max(int(place * bins), 0), bins - 1)] += 1
    histogram = {"edges": edges, "values": [], "counts": counts, "outside": outside}
    return facts(sort, count - nulls, nulls, infinite=infinite, min=least, max=most, mean=mean, histogram=histogram)


def texts(counts, *, nulls=0, others=0):
    histogram = {"edges": [], "values": list(counts), "counts": list(counts.values()), "outside": others}
    return facts("str", sum(counts.values()) + others, nulls, histogram=histogram)


def check(
    name="n",
    *,
    verdict=Verdict.PASSED,
    message="m",
    code="SL-Q001",
    severity=Severity.CRITICAL,
    n=17_379,
    value=None,
    **details,
):
    return Check(
        code=code, name=name, verdict=verdict, message=message, severity=severity, n=n, value=value, details=details
    )


def between(column, *, verdict=Verdict.PASSED, low=0, high=1, examples=(), count=0, **more):
    wrong = f"{count:,} of 17,379 values ({100 * count / 17_379:.2g} %) are outside {low} to {high}, e.g. {', '.join(examples)}; allowed at most 0 %"
    return check(
        f"expect_column_values_to_be_between({column})",
        verdict=verdict,
        message=f"{column}: {wrong if examples else f'none of 17,379 values is outside {low} to {high}'}",
        arguments={"column": column, "min_value": low, "max_value": high},
        unexpected_count=count,
        unexpected_percent=100 * count / 17_379,
        examples=list(examples),
        **more,
    )


def not_null(column):
    return check(
        f"expect_column_values_to_not_be_null({column})",
        message=f"{column}: none of 17,379 values is null",
        arguments={"column": column},
        unexpected_count=0,
        examples=[],
    )


def row_count(verdict=Verdict.PASSED):
    return check(
        "expect_table_row_count_to_be_between",
        verdict=verdict,
        message="table: row count is 17379, expected at least 1000",
        arguments={"min_value": 1000},
        observed_value=17_379,
    )


def content(*checks, evidence=None, mode=Mode.ENABLED, sentence="", **changes):
    report = Report(step="quality", checks=checks, evidence=evidence or {}, mode=mode, sentence=sentence)
    fields = {
        "name": "bike_demand",
        "run_id": "scheduled__2026-03-21",
        "created_at": START,
        "source_uri": "data/bike_sharing_hour.csv",
        "source_digest": "sha256:9f2c41d0",
        "report": report,
    }
    return QualityContent.model_validate(fields | changes)


def statistics(shift=0.0, seed=1):
    return {
        "temp": numbers(0.02, 1.0, 0.50 + shift / 2, seed=seed),
        "atemp": numbers(0, 1, 0.47 + shift / 3, seed=seed + 1),
        "hum": numbers(0, 1, 0.55 + shift, seed=seed + 2, nulls=12 if shift else 0, outside=3 if shift else 0),
        "windspeed": numbers(0, 0.85, 0.19, seed=seed + 3),
        "hr": numbers(0, 24, 11.5, seed=seed + 4, bins=24, sort="int64"),
        "weathersit": texts({"clear": 11_413, "mist": 4_544, "light rain": 1_419}, others=3),
        "dteday": facts("datetime64[us]", 17_379, min="2011-01-01T00:00:00", max="2012-12-31T00:00:00"),
        "cnt": numbers(1, 977, 189.5, seed=seed + 5, sort="int64"),
    }


def reference(**changes):
    return ReferenceView(run_id="scheduled__2026-03-20", time=EARLIER, statistics=statistics(seed=20) | changes)


def series(*values, low=None, high=None, verdict="passed", last=None):
    points = [
        {
            "at": (START - timedelta(days=len(values) - 1 - i)).isoformat(),
            "value": value,
            "low": low,
            "high": high,
            "verdict": verdict,
        }
        for i, value in enumerate(values)
    ]
    points[-1]["verdict"] = last or verdict
    return points


def trend(*, moved=False):
    steady = [0.53, 0.55, 0.54, 0.56, 0.55, 0.54, 0.55]
    return {
        "temp: mean": series(*(value - 0.04 for value in steady), low=0.46, high=0.55),
        "hum: mean": series(*steady, 0.81 if moved else 0.55, low=0.5, high=0.6, last="warned" if moved else None),
        "hum: null share": series(0, 0, 0, 0, 0.0, 0.0007, low=0, high=0.001),
        "rows": series(17_210, 17_260, 17_244, 17_301, 17_322, 17_379, low=17_000, high=17_600),
    }


def passed(**changes):
    columns = statistics()
    checks = [row_count(), *(not_null(name) for name in columns), *(between(name) for name in ("temp", "atemp", "hum"))]
    evidence = {"rows": 17_379, "columns": 17, "engine": "duckdb", "statistics": columns}
    return content(*checks, evidence=evidence, reference=reference(), trend=trend(), **changes)


def quarantined_row(number, **changes):
    fields = {
        "id": f"9f2c41d0b7aa{number:04}",
        "row": 400 + 731 * number,
        "expectations": ["expect_column_values_to_be_between(hum)"],
        "reasons": ["hum: 1.4 is outside 0 to 1"],
        "values": {"hum": 1.4, "temp": 0.24, "hr": number, "weathersit": "clear", "cnt": 16, "dteday": "2011-01-01"},
    }
    return QuarantinedRow.model_validate(fields | changes)


def failed(text=None, *, private=(), rows=20):
    """Content that fills every section; with a text, every string of it is this one.

    Its structure never depends on the text.
    """
    say = (lambda own: own) if text is None else (lambda own: text)
    hum, weather = say("hum"), (say("weathersit") if text is None else text + "2")
    checks = [
        row_count(),
        check("rows_conserved", code="SL-Q007", message="17,379 rows in = 17,342 passed + 37 quarantined"),
        check(
            "quarantined", code="SL-Q006", verdict=Verdict.FAILED,
            message="37 of 17,379 rows (0.21 %) are quarantined; max_quarantined = 0.001: mend the source, let rows in "
            "again with `stageline quarantine`, or allow more",
        ),
        between(hum, verdict=Verdict.FAILED, examples=[say("1.4"), say("1.27"), say("-0.2")], count=37),
        not_null(hum),
        check(
            f"expect_column_values_to_be_in_set({weather})", verdict=Verdict.FAILED, severity=Severity.WARNING,
            message=f"{weather}: 3 of 17,379 values (0.02 %) are not in 'clear', 'mist', 'light rain', e.g. {say(repr('hail'))}; allowed at most 0 %",
            arguments={"column": weather, "value_set": ["clear", say("mist")]}, unexpected_count=3, examples=[say("'hail'")],
        ),
        check(say("left its band"), code="SL-Q013", verdict=Verdict.WARNED, severity=Severity.WARNING, message=say("hum: mean is 0.811, its band is 0.5 to 0.6"), value=0.811, column=hum),
        *(not_null(name) for name in ("temp", "cnt")),
    ]  # fmt: skip
    shown = statistics(shift=0.25)
    shown |= {hum: shown.pop("hum"), weather: texts({say("clear"): 11_413, say("mist") + " ": 4_544}, others=3)}
    if text is not None:
        del shown["weathersit"]
        shown["dteday"] |= {"type": text, "min": text, "max": text}
    evidence = {
        "rows": 17_379, "columns": 17, "engine": say("duckdb"), "statistics": shown,
        "quarantine": {"rows_in": 17_379, "passed": 17_342, "quarantined": 37, "readmitted": 2, "table": say("tables/bike_demand/quarantine"), "version": 4},
    }  # fmt: skip
    rows_shown = [quarantined_row(number) for number in range(rows)]
    if text is not None:
        hostile = {
            "id": text,
            "reasons": [text],
            "expectations": [text],
            "values": {text: text, "k": [text], "m": {text: 1}},
        }
        rows_shown = [quarantined_row(number, **hostile) for number in range(rows)]
    before = {hum: statistics(seed=20)["hum"], weather: texts({say("clear"): 11_000, say("mist") + " ": 5_000})}
    return content(
        *checks,
        evidence=evidence,
        mode=Mode.DRY_RUN,
        sentence=say(""),
        name=say("bike_demand"),
        run_id=say("scheduled__2026-03-21"),
        source_uri=say("data/bike_sharing_hour.csv"),
        source_digest=say("sha256:9f2c41d0"),
        reference=reference(**before) if text is None else reference(**before).model_copy(update={"run_id": text}),
        trend=trend(moved=True) if text is None else {text: series(1, 2, 9, low=1, high=3, last="warned"), text + ": mean": series(1, 2), "rows": series(1, 2)},
        quarantined_rows=rows_shown,
        private=frozenset(private),
    )  # fmt: skip


def crowded(columns, *, verdict=Verdict.PASSED):
    """Content of many columns with four checks each."""
    names = [f"column_{number:03}" for number in range(columns)]
    stats = {name: numbers(-1, 1, 0.1, seed=i, sort="double") for i, name in enumerate(names)}
    checks = [
        made
        for name in names
        for made in (
            not_null(name),
            between(name),
            between(name, low=-1),
            between(name, verdict=verdict, examples=("1.5",) if verdict is Verdict.FAILED else (), count=2),
        )
    ]
    evidence = {"rows": 17_379, "columns": columns, "statistics": stats}
    before = ReferenceView(
        run_id="r", time=EARLIER, statistics={n: numbers(-1, 1, 0, seed=i + 900) for i, n in enumerate(names)}
    )
    return content(
        *checks,
        evidence=evidence,
        reference=before,
        trend={f"{name}: mean": series(1, 2, 3, low=0, high=4) for name in names},
    )
