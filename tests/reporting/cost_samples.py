"""Contents of the page about costs, for its tests."""

from datetime import UTC, datetime

from stageline.reporting import cost_content as views
from stageline.verdicts import Check, Verdict


def band(mean, spread=0.2):
    return views.BandView(low=mean * (1 - spread), mean=mean, high=mean * (1 + spread))


def gate(verdict, message="1,000 predictions cost EUR 1.40"):
    return Check(code="SL-C001", name="cost_per_1000", verdict=verdict, message=message)


def curve(words, per_1000, *, fits_until=1e12):
    loads = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
    points = [
        views.PointView(
            load=load, per_1000=band(per_1000 * 1e6 / load), marginal=per_1000 / 10 if place else None,
            fits=load <= fits_until,
        )
        for place, load in enumerate(loads)
    ]  # fmt: skip
    return views.CurveView(words=words, points=tuple(points), dominant=((1e3, "development"), (1e6, "compute")))


def content(say=lambda text: text, **changes):
    """Return a content in which everything is there; each text goes through `say`."""
    given = {
        "pipeline": say("bikes"),
        "created_at": datetime(2026, 3, 21, 6, tzinfo=UTC),
        "currency": "EUR",
        "months": 36,
        "requests_per_month": 1e6,
        "recommendation": say("Use an own http server: it is the cheapest."),
        "chosen": say("an own http server"),
        "total": band(50_000.0),
        "per_1000": band(1.4),
        "gate": gate(Verdict.PASSED),
        "parts": (
            views.PartView(name=say("development"), amount=600.0, share=0.6, fixed=True),
            views.PartView(name=say("compute"), amount=400.0, share=0.4, fixed=False),
        ),
        "cost_centre": say("mobility"),
        "per_customer": 8.5,
        "of_revenue": 0.03,
        "options": (
            views.OptionView(
                words=say("an own http server"), total=band(50_000.0), per_1000=band(1.4), cheapest_in=0.7
            ),
            views.OptionView(
                words=say("a vendor"), total=band(60_000.0), per_1000=band(1.7), cheapest_in=0.3, late_share=0.02
            ),
            views.OptionView(
                words=say("batches"), total=band(1.0), per_1000=band(1.0), cheapest_in=None, misfit=say("too late")
            ),
        ),
        "curve": curve(say("an own http server"), 0.5),
        "rivals": (curve(say("a vendor"), 1.0, fits_until=1e6),),
        "turn": views.TurnView(rises_from=1e5, falls_from=1e7, lowest=0.01, highest=0.2),
        "break_evens": (
            views.BreakEvenView(load=862_000.0, before=say("a vendor"), after=say("an own http server")),
            views.BreakEvenView(load=5e6, before=say("x"), after=say("y"), because=say("200 are the most")),
        ),
        "building": views.BuildingView(probabilities=((1e3, 0.0), (1e8, 1.0)), pays_from=9e5, pays_surely_from=2e6),
        "swings": (
            views.SwingView(words=say("engineers' hours"), at_low=40_000.0, at_high=80_000.0),
            views.SwingView(words=say("peak rate"), at_low=50_000.0, at_high=50_000.0),
        ),
        "savings": (views.SavingView(lever=say("smaller_model"), saved=500.0, share=0.01),),
        "first_month": band(20_000.0),
        "forecast": tuple(
            views.MonthView(number=month, forecast=band(1_000.0), actual=actual)
            for month, actual in ((2, 1_100.0), (3, 1_900.0), (4, None))
        ),
        "spent_months": tuple(
            views.SpentMonthView(
                month=say(name),
                ended=ended,
                machines=12.5,
                said=1_000.0,
                total=1_012.5,
                predictions=made,
                per_1000=1_012.5 / made * 1_000 if made else None,
                purposes=(("build", 0.0), ("improve", 800.0), ("serve", 12.0), ("maintain", 200.5)),
            )
            for name, ended, made in (("2026-11", False, 0), ("2026-10", True, 50_000))
        ),
        "spent_runs": (
            views.SpentRunView(
                dag_id=say("bikes.score"), run_id=say("r7"), at=datetime(2026, 11, 3, tzinfo=UTC), cost=0.002, steps=1
            ),
        ),
        "measured": (say("one row 4 ms"),),
        "assumed": (say("a peak of 3 times the mean"),),
        "prices": (say("vcpu_hour: 0.04 EUR per vCPU-hour (a page)"),),
        "warning": say("the prices are old"),
    }
    return views.CostContent(**{**given, **changes})


def undrawn(say=lambda text: text, **changes):
    """Return the same without what is drawn, which takes its time."""
    bare = {"curve": curve(say("nowhere"), 0.5, fits_until=0), "rivals": (), "swings": (), "forecast": (), "turn": None}
    points = tuple(point.model_copy(update={"marginal": None, "load": float("nan")}) for point in bare["curve"].points)
    bare["curve"] = bare["curve"].model_copy(update={"points": points})
    return content(say, **{**bare, **changes})
