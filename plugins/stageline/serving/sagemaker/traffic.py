"""What CloudWatch counted of an endpoint's variants: numbers of calls and errors, nothing of single answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from stageline.serving.sagemaker.failures import SageMakerOutage, asking
from stageline.traffic import Arm

_MINUTE = timedelta(minutes=1)
_CALLS, _CLIENT, _SERVER, _MODEL = (
    "Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors",
)  # fmt: skip
_METRICS = (_CALLS, _CLIENT, _SERVER, _MODEL)


def whole_minutes(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return a stretch of time in whole minutes, both ends rounded down.

    Stretches that follow one another neither share a minute nor leave one out.
    """
    return start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)


def count(client: Any, endpoint: str, variants: Iterable[str], start: datetime, end: datetime) -> dict[str, Arm]:
    """Return the arm of each variant.

    :param client: boto3's of CloudWatch.
    :param start: With a time zone, as the end, which is not in it.
    :raises SageMakerOutage: CloudWatch cannot be reached, or does not give all numbers.
    """
    names = list(variants)
    first, last = whole_minutes(start, end)
    if last <= first:
        return {name: Arm(events=0) for name in names}
    queries = [
        {
            "Id": f"v{place}_{metric.lower()}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": endpoint},
                        {"Name": "VariantName", "Value": name},
                    ],
                },
                "Period": int(_MINUTE.total_seconds()),
                "Stat": "Sum",
            },
            "ReturnData": True,
        }
        for place, name in enumerate(names)
        for metric in _METRICS
    ]
    sums = _sums(client, endpoint, queries, first, last)
    return {
        name: _arm({metric: sums.get(f"v{place}_{metric.lower()}", 0.0) for metric in _METRICS})
        for place, name in enumerate(names)
    }


def _sums(
    client: Any, endpoint: str, queries: list[dict[str, Any]], first: datetime, last: datetime
) -> dict[str, float]:
    asked: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": first, "EndTime": last}
    sums: dict[str, float] = {}
    complete: set[str] = set()
    while True:
        with asking("GetMetricData", f"endpoint {endpoint!r}"):
            answer = client.get_metric_data(**asked)
        for result in answer.get("MetricDataResults") or ():
            values = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=True)
            own = sum(value for moment, value in values if first <= moment < last)
            sums[result["Id"]] = sums.get(result["Id"], 0.0) + own
            if result.get("StatusCode") == "Complete":
                complete.add(result["Id"])
        if not answer.get("NextToken"):
            break
        asked["NextToken"] = answer["NextToken"]
    missing = sorted({query["Id"] for query in queries} - complete)
    if missing:
        raise SageMakerOutage(
            f"CloudWatch gives no complete numbers of endpoint {endpoint!r}: {len(missing)} of {len(queries)} metrics "
            "are missing; the step tries again"
        )
    return sums


def _arm(sums: Mapping[str, float]) -> Arm:
    """Return what the sums say.

    A container's exception is an HTTP 400 with MLflow and an HTTP 500 with others; what is in neither, but counts
    as the model's error, gave no answer at all. Metrics arrive one by one: errors may be ahead of calls.
    """
    answered = round(sums[_CLIENT]) + round(sums[_SERVER])
    silent = max(0, round(sums[_MODEL]) - answered)
    errors = {name: number for name, number in (("exception", answered), ("unreachable", silent)) if number}
    return Arm(events=max(round(sums[_CALLS]), answered + silent), errors=errors)
