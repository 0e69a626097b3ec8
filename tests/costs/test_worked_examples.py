"""What clouds publish as worked examples of their prices, and what can be worked out by hand, to the cent.

"Published" means that the page shows the steps and the result; "by hand" that the prices are the page's and the steps
stand here. Prices are those of the example, not today's.
"""

from decimal import Decimal

import numpy as np
import pytest

from stageline.costs import default_prices
from stageline.costs.hardware import Server, book_value
from stageline.costs.model import bill
from stageline.costs.money import Money, total
from stageline.costs.options import option_named
from stageline.costs.options.batch import machine_hours
from stageline.costs.plan import Batch, Machine, Plan, Traffic
from stageline.costs.price import Price
from stageline.costs.service_time import ServiceTime
from stageline.costs.state import Served, State
from stageline.costs.units import Quantity, gib_months


def price(unit, value=None, **more):
    return Price.model_validate({"unit": f"USD per {unit}", "value": value, "source": "the example's page", **more})


def with_prices(**changed):
    return default_prices().model_copy(update=changed)


def used(name, plan):
    state = State.of(plan)
    return option_named(name).use(plan, state, Served.of(plan, state))


def cents(*lines):
    """Add up lines as a bill does: each is rounded first."""
    return sum(line.cents for line in lines)


def test_storage_that_crosses_a_tier():
    # Published: Amazon S3 FAQs, "Storage example": 100 GB for 15 days, 100 TB for 16, a month of 744 hours.
    kept = gib_months(100 * 15 * 24 + 100 * 1_024 * 16 * 24, hours_in_month=744)
    assert round(kept.value) == 52_900
    assert default_prices()["storage_gib_month"].of(Quantity(round(kept.value), "GiB-month")).cents == Decimal(
        "1215.00"
    )


def test_data_sent_to_the_internet_in_three_tiers():
    # Published: Amazon S3 FAQs, "Data transfer out example": 62 TB, of which 1 GB was free.
    sent = default_prices()["transfer_out_gib"].model_copy(update={"free": 1.0})
    assert sent.of(Quantity(62, "TiB")).cents == Decimal("5263.27")


def test_requests_to_storage():
    # Published: Amazon S3 FAQs, "Request example": 310,000 PUT and 620,000 GET in March.
    lines = bill({("", "put_request"): np.array([310.0]), ("", "get_request"): np.array([620.0])}, default_prices())
    assert {name: line.cents for name, line in lines.items()} == {
        "put_request": Decimal("1.55"), "get_request": Decimal("0.25"),
    }  # fmt: skip


def test_storage_in_one_zone_with_its_requests():
    # Published: Amazon S3 FAQs, S3 Express One Zone, example 1 without the upload and retrieval: 1.10 + 1.13 + 0.27.
    own = with_prices(
        storage_gib_month=price("GiB-month", 0.11), put_request=price("1,000 requests", 0.00113),
        get_request=price("1,000 requests", 0.00003),
    )  # fmt: skip
    lines = bill(
        {
            ("", "storage_gib_month"): np.array([10.0]),
            ("", "put_request"): np.array([1e3]),
            ("", "get_request"): np.array([9e3]),
        },
        own,
    )
    assert cents(*lines.values()) == Decimal("2.50")


@pytest.mark.parametrize(
    ("tasks", "vcpus", "gib", "seconds", "cpu_price", "memory_price", "lines"),
    [
        (5, 1, 2, 600, 0.000011244, 0.000001235, ("1.01", "0.22")),
        (5, 1, 2, 600, 0.0000089944, 0.0000009889, ("0.81", "0.18")),
        (10, 0.25, 1, 3_600, 0.000011244, 0.000001235, ("3.04", "1.33")),
    ],
    ids=["x86", "arm", "pods"],
)
def test_containers_that_run_every_day(tasks, vcpus, gib, seconds, cpu_price, memory_price, lines):
    # Published: AWS Fargate price page, "Pricing examples" 1 to 3, 30 days, without ephemeral storage.
    ran = tasks * seconds * 30
    cpu = price("vCPU-second", cpu_price).of(Quantity(ran * vcpus, "vCPU-second"))
    memory = price("GiB-second", memory_price).of(Quantity(ran * gib, "GiB-second"))
    assert (cpu.cents, memory.cents) == tuple(map(Decimal, lines))


def test_batches_on_an_own_machine_are_such_containers():
    # The first of them as this package's option: 150 runs (5 a day) of 600 s on 1 vCPU and 2 GiB, 1.01 + 0.22.
    plan = Plan(
        Traffic(150), ServiceTime(0.0, 1e-9), batch=Batch(runs_per_month=150, start_seconds=600), machine=Machine(1, 2)
    )
    own = with_prices(vcpu_hour=price("vCPU-second", 0.000011244), memory_gib_hour=price("GiB-second", 0.000001235))
    lines = bill(used("batch", plan), own)
    assert (lines["vcpu_hour"].cents, lines["memory_gib_hour"].cents) == (Decimal("1.01"), Decimal("0.22"))


@pytest.mark.parametrize(
    ("gib", "runs", "seconds", "compute", "requests"),
    [(0.5, 3e6, 1.0, "18.34", "0.40"), (0.125, 30e6, 0.2, "5.83", "5.80")],
)
def test_functions_paid_by_the_gib_second(gib, runs, seconds, compute, requests):
    # Published: AWS Lambda price page, examples 1 and 2, with 400,000 GB-s and 1M requests free: 18.74 and 11.63.
    work = price("GiB-second", 0.00001667, free=400_000.0).of(Quantity(runs * seconds * gib, "GiB-second"))
    asked = price("1,000,000 requests", 0.20, free=1.0).of(Quantity(runs, "request"))
    assert (work.cents, asked.cents) == (Decimal(compute), Decimal(requests))


def test_serverless_inference_of_2_gib():
    # By hand, SageMaker price page: 10M requests of 100 ms at 0.00004 a second, 10 GB in and out at 0.016: 40 + 0.16.
    plan = Plan(Traffic(10e6, request_kib=10 * 1_024**2 / 10e6, answer_kib=0.0), ServiceTime(0.1, 0.0), memory_gib=2.0)
    lines = bill(used("sagemaker_serverless", plan), default_prices())
    assert {name: line.cents for name, line in lines.items() if line.amount} == {
        "serverless_gib_second": Decimal("40.00"), "processed_gib": Decimal("0.16"),
    }  # fmt: skip


def test_serverless_inference_of_a_language_model():
    # Published: AWS Machine Learning Blog, DistilBERT with SageMaker against Lambda: 1M requests of 48 ms with 6,144 MB
    # at 0.00012 a second; compute alone, 5.76 of its 5.78.
    plan = Plan(Traffic(1e6, request_kib=0, answer_kib=0), ServiceTime(0.048, 0.0), memory_gib=6.0)
    assert bill(used("sagemaker_serverless", plan), default_prices())["serverless_gib_second"].cents == Decimal("5.76")


def test_two_real_time_instances_of_a_month_of_31_days():
    # By hand, SageMaker price page: 24 · 31 · 2 hours of ml.c5.xlarge at 0.204; 3.1 GB in, 0.31 GB out at 0.016.
    own = with_prices(instance_hour=price("instance-hour", 0.204))
    lines = bill({("", "instance_hour"): np.array([24.0 * 31 * 2]), ("", "processed_gib"): np.array([3.41])}, own)
    assert {name: line.cents for name, line in lines.items()} == {
        "instance_hour": Decimal("303.55"), "processed_gib": Decimal("0.05"),
    }  # fmt: skip


def test_a_real_time_endpoint_of_two_instances_for_a_mean_month():
    # By hand: so little traffic needs the least number of replicas, 2 · 730 h · 0.115.
    plan = Plan(Traffic(1_000, request_kib=0, answer_kib=0), ServiceTime(0.01, 0.0))
    assert bill(used("sagemaker_realtime", plan), default_prices())["instance_hour"].cents == Decimal("167.90")


def test_a_staging_endpoint_left_running():
    # Published: AWS Machine Learning Blog, "Use Serverless Inference to reduce testing costs": about 166 a month.
    lines = bill({("", "instance_hour"): np.array([720.0])}, with_prices(instance_hour=price("instance-hour", 0.23)))
    assert total(lines.values(), "USD").cents == Decimal("165.60")


def test_an_asynchronous_endpoint_of_two_busy_hours_a_day():
    # By hand, SageMaker price page: 2 busy hours and half an hour's cooldown a day, ml.c5.xlarge at 0.204:
    # 2.5 · 365 / 12 h of a mean month (the page's 31 days have 77.5 h, 15.81).
    own = with_prices(instance_hour=price("instance-hour", 0.204))
    plan = Plan(Traffic(1e6, active_share=2 / 24, peak_to_mean=1), ServiceTime(0.3, 0.0), instance=Machine(2, 8))
    assert bill(used("sagemaker_async", plan), own)["instance_hour"].cents == Decimal("15.51")
    assert own["instance_hour"].of(Quantity(77.5, "instance-hour")).cents == Decimal("15.81")


def test_four_batch_transforms_on_three_instances():
    # By hand, SageMaker price page: 4 runs of 15 min on 3 ml.m4.4xlarge at 0.96.
    own = price("instance-hour", 0.96)
    assert own.of(Quantity(4 * 3 * 15 * 60, "instance-second")).cents == Decimal("2.88")
    # The same from the rows: each machine starts for 60 s and scores for 840 s.
    plan = Plan(
        Traffic(4 * 3 * 840), ServiceTime(0.0, 1.0), batch=Batch(runs_per_month=4, start_seconds=60, finish_seconds=900)
    )
    state = State.of(plan)
    hours = machine_hours(
        plan, state, Served.of(plan, state), at_once=1, start_seconds=60, shortest_seconds=0
    )  # fmt: skip
    assert own.of(Quantity(float(hours.sum()), "instance-hour")).cents == Decimal("2.88")


def test_labels_in_two_tiers():
    # By hand, SageMaker Ground Truth price page: 50,000 objects at 0.08 and 10,000 at 0.04.
    assert default_prices()["label"].of(Quantity(60_000, "label")).cents == Decimal("4400.00")


def test_a_vendor_in_three_tiers():
    # By hand, Amazon Rekognition price page: 1M at 0.001, 4M at 0.0008, 5M at 0.0006.
    assert default_prices()["vendor_request"].of(Quantity(10, "1,000,000 requests")).cents == Decimal("7200.00")


def test_a_server_written_off_to_its_resale():
    # By hand: 4,000 less 15 % over 48 months is 70.83 a month; after three years 1,450 are left, at the end 600.
    server = Server(life_months=48, resale_share=0.15)
    assert Money(4_000 * server.monthly_share, "USD").cents == Decimal("70.83")
    assert Money(book_value(4_000, server, 36), "USD").cents == Decimal("1450.00")
    assert Money(book_value(4_000, server, 60), "USD").cents == Decimal("600.00")
