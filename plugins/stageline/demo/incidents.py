"""The scripted incidents of the demo, with their true causes: twelve of the second year, and one of a table."""

from datetime import datetime
from functools import partial

from stageline.demo import effects
from stageline.demo.incident import FailureReason, Finder, Incident

__all__ = ["CONTRACTS_JOIN", "SCRIPTED_INCIDENTS", "FailureReason", "Finder", "Incident"]

_at = datetime.fromisoformat

SCRIPTED_INCIDENTS: tuple[Incident, ...] = (
    Incident(
        name="wind_gauge_dropout",
        reason=FailureReason.BAD_DATA,
        start=_at("2025-03-04"),
        end=_at("2025-03-11"),
        columns=("wind_speed_mps",),
        share=0.55,
        description="The wind gauge's radio link is loose; more than half of its readings never arrive.",
        truth=(
            "wind_speed_mps is null in 55 % of the rows; nothing else changed, so mend the gauge's link "
            "and do not retrain."
        ),
        found_within={Finder.DRIFT: 1},
        effect=partial(effects.blank, column="wind_speed_mps", share=0.55),
    ),
    Incident(
        name="summer_time_clock",
        reason=FailureReason.BAD_DATA,
        start=_at("2025-03-30T01:00"),
        end=_at("2025-04-13"),
        columns=("ride_hour",),
        share=1.0,
        description=("A new export host keeps summer time; its timestamps run an hour ahead until it is set to UTC."),
        truth=(
            "ride_hour is one hour ahead: 01:00 on 30 March is missing, 00:00 on 13 April comes twice, "
            "and the daily peaks come an hour late; set the export host to UTC and load the window again."
        ),
        found_within={Finder.PERFORMANCE: 2, Finder.QUALITY: 3},
        effect=partial(effects.shift_clock, column="ride_hour", hours=1),
    ),
    Incident(
        name="transit_strike",
        reason=FailureReason.MISSING_FEATURE,
        start=_at("2025-05-12"),
        end=_at("2025-05-17"),
        columns=("rides",),
        clock=tuple(range(5, 23)),
        share=18 / 24,
        description="Bus and tram drivers are on strike from Monday to Friday, and the city takes to bikes.",
        truth=(
            "A transit strike doubled the demand between 05:00 and 22:59 and no column says so; add a "
            "feature for strikes, and keep these days out of training until it exists."
        ),
        found_within={Finder.PERFORMANCE: 1},
        effect=partial(effects.scale_rides, factor=2.0),
    ),
    Incident(
        name="fahrenheit_feed",
        reason=FailureReason.BAD_DATA,
        start=_at("2025-05-27"),
        end=_at("2025-06-05"),
        columns=("temperature_c",),
        share=1.0,
        description="The weather provider's new interface defaults to °F for nine days.",
        truth=(
            "temperature_c holds °F: values of 60 to 90 while rides are as ever; convert with (x - 32) / "
            "1.8, load the window again and do not retrain."
        ),
        found_within={Finder.QUALITY: 1, Finder.DRIFT: 1, Finder.PERFORMANCE: 1},
        effect=partial(effects.to_fahrenheit, column="temperature_c"),
    ),
    Incident(
        name="stuck_humidity_sensor",
        reason=FailureReason.BAD_DATA,
        start=_at("2025-06-16"),
        end=_at("2025-06-26"),
        columns=("humidity",),
        share=1.0,
        description="The humidity sensor froze and repeats its last reading for ten days.",
        truth=(
            "humidity is one constant, plausible value for 240 hours; every range check passes, so look "
            "at its variance, and replace the sensor."
        ),
        found_within={Finder.DRIFT: 1},
        effect=partial(effects.stick, column="humidity"),
    ),
    Incident(
        name="heat_wave",
        reason=FailureReason.EXTRAPOLATION,
        start=_at("2025-07-08"),
        end=_at("2025-07-16"),
        columns=("temperature_c", "humidity", "weather", "rides"),
        share=1.0,
        description="Eight days of desert air; afternoons are hotter than any before them.",
        truth=(
            "In the afternoons temperature_c lies above everything in the training data and is true; "
            "trees predict as if it were the warmest hour they know and expect too many rides; collect "
            "such days before trusting the model on them."
        ),
        found_within={Finder.DRIFT: 1, Finder.PERFORMANCE: 1},
        effect=partial(effects.warm_up, degrees=15.0),
    ),
    Incident(
        name="double_delivery",
        reason=FailureReason.BAD_DATA,
        start=_at("2025-08-12"),
        end=_at("2025-08-13"),
        columns=(),
        share=1.0,
        added_rows=24,
        description="The upstream job was run twice for 12 August and appended the day again.",
        truth=(
            "24 rows of 12 August are exact copies under the same ride_hour; drop the copies and make the "
            "upstream load idempotent."
        ),
        found_within={Finder.QUALITY: 1},
        effect=effects.deliver_twice,
    ),
    Incident(
        name="free_ride_campaign",
        reason=FailureReason.WRONG_Y,
        start=_at("2025-08-25"),
        end=_at("2025-09-22"),
        columns=("rides",),
        share=1.0,
        description="A sponsor pays the first half hour of every ride; the price list stays as it is.",
        truth=(
            "Rides no longer fall as price_per_ride rises, and leisure hours grew most; the inputs are as "
            "before and the answer to them changed, so retrain on the campaign's rows or sit it out with "
            "a correction."
        ),
        found_within={Finder.PERFORMANCE: 1},
        effect=partial(effects.forget_price, felt_price=1.3),
    ),
    Incident(
        name="fleet_recall",
        reason=FailureReason.MISSING_FEATURE,
        start=_at("2025-09-29"),
        end=_at("2025-10-04"),
        columns=("rides",),
        clock=tuple(range(6, 23)),
        share=17 / 24,
        description="Most of the fleet is recalled for a brake check, so bikes run out in busy hours.",
        truth=(
            "Supply and not demand limited the rides: the busier the hour, the larger the shortfall; add "
            "the number of available bikes as a feature, and keep these days out of training until it "
            "exists."
        ),
        found_within={Finder.PERFORMANCE: 1},
        effect=partial(effects.run_short, capacity=900),
    ),
    Incident(
        name="morning_fog",
        reason=FailureReason.LIMITED_REPRESENTATION,
        start=_at("2025-10-13"),
        end=_at("2025-10-27"),
        columns=("humidity", "wind_speed_mps", "weather", "rides"),
        clock=tuple(range(4, 11)),
        share=7 / 24,
        description="Two weeks of dense fog between 04:00 and 10:59, the first since the service began.",
        truth=(
            "weather has the category 'fog', which the training data never held, and rides are lower in "
            "it; quarantine or mark such rows now and retrain once enough of them are labelled."
        ),
        found_within={Finder.DRIFT: 1},
        effect=effects.spread_fog,
    ),
    Incident(
        name="warm_november",
        reason=FailureReason.INTERPOLATION,
        start=_at("2025-11-06"),
        end=_at("2025-11-13"),
        columns=("temperature_c", "humidity", "weather", "rides"),
        share=1.0,
        description="A week of spring weather in November, and everyone wants to be outside once more.",
        truth=(
            "Each value lies within its training range but warm hours in November do not occur there "
            "together, and the model underfits them: rides are higher than predicted; gather or weigh "
            "such rows, nothing is broken."
        ),
        found_within={Finder.PERFORMANCE: 1},
        effect=partial(effects.warm_up, degrees=11.0),
    ),
    Incident(
        name="night_bus_launch",
        reason=FailureReason.WRONG_Y,
        start=_at("2025-11-24"),
        end=_at("2026-01-01"),
        columns=("rides",),
        clock=(19, 20, 21, 22, 23, 0, 1, 2, 3, 4),
        share=10 / 24,
        description="Night buses start for good, from seven in the evening; late riders leave the bikes for them.",
        truth=(
            "Since 24 November rides between 19:00 and 04:59 are 70 % lower while every input is as "
            "before; the change is lasting, so retrain on rows after it."
        ),
        found_within={Finder.PERFORMANCE: 1},
        effect=partial(effects.scale_rides, factor=0.3),
    ),
)

# Of a table and not of the world: it was built anew, and lasts until it is built right again.
CONTRACTS_JOIN = Incident(
    name="contracts_join",
    reason=FailureReason.BAD_DATA,
    start=_at("2024-01-01"),
    end=_at("2026-01-01"),
    columns=("rides",),
    share=1.0,
    description="The table was built anew, by a join with the riders' contracts; three in ten riders have two of them.",
    truth=(
        "rides holds 30 % more than were made, in every hour of two years, since the join finds two contracts for "
        "some riders; join with the contract that was valid at the time, build the table again, and train anew."
    ),
    found_within={Finder.PERFORMANCE: 1},
    effect=partial(effects.count_twice, share=0.3),
)
