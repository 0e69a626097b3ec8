"""What the models answered, from SageMaker's data capture on S3: CloudWatch does not know."""

import base64
import binascii
import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stageline.exceptions import TargetError
from stageline.serving.class_codes import as_array, code_of
from stageline.serving.sagemaker.failures import asking
from stageline.serving.sagemaker.traffic import whole_minutes
from stageline.traffic import Arm

# Of one arm and stretch: enough to compare distributions, and bounded in memory.
_MOST_ANSWERS = 50_000
_HOUR = timedelta(hours=1)


@dataclass
class Said:
    """What one variant answered in a stretch of time.

    :param values: Predictions, classes as codes.
    :param errors: Calls whose answer is none, by kind.
    """

    values: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def answers(self) -> int:
        """Number of predictions and of answers that are none."""
        return len(self.values) + self.errors.total()

    def add(self, answer: Mapping[str, Any]) -> None:
        """Add the answer to one call: its predictions, or one error where any of them is none."""
        try:
            values = [_number(value) for value in _predictions(answer)]
        except (ValueError, TypeError):
            self.errors["wrong_shape"] += 1
            return
        if all(map(math.isfinite, values)):
            self.values += values
        else:
            self.errors["not_finite"] += 1


class Answers:
    """The captured answers of one endpoint.

    :param client: boto3's of S3.
    :param uri: `s3://BUCKET/PREFIX` that they are written to.
    """

    def __init__(self, client: Any, uri: str, endpoint: str) -> None:
        self._client = client
        self._uri = uri
        self._bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        self._folder = "/".join(part for part in (prefix, endpoint) if part)

    def read(self, variant: str, start: datetime, end: datetime) -> Said:
        """Return what a variant answered, in whole minutes as CloudWatch counts them.

        :raises TargetError: A line is none of SageMaker's.
        :raises SageMakerOutage: S3 cannot be reached.
        """
        first, last = whole_minutes(start, end)
        said = Said()
        for key in self._keys(variant, first, last):
            with asking("GetObject", f"'s3://{self._bucket}/{key}'"):
                data = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            for line in data.splitlines():
                moment, answer = self._record(line, key)
                if first <= moment < last:
                    said.add(answer)
                if said.answers >= _MOST_ANSWERS:
                    return said
        return said

    def _keys(self, variant: str, first: datetime, last: datetime) -> Iterator[str]:
        """Yield the files of the hours; SageMaker keeps one folder an hour, in UTC."""
        hour = first.astimezone(UTC).replace(minute=0)
        while hour < last:
            prefix = f"{self._folder}/{variant}/{hour:%Y/%m/%d/%H}/"
            more: dict[str, str] = {}
            while True:
                with asking("ListObjectsV2", f"'s3://{self._bucket}/{prefix}'"):
                    answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
                yield from (each["Key"] for each in answer.get("Contents") or ())
                if not answer.get("NextContinuationToken"):
                    break
                more = {"ContinuationToken": answer["NextContinuationToken"]}
            hour += _HOUR

    def _record(self, line: bytes, key: str) -> tuple[datetime, Mapping[str, Any]]:
        try:
            record = json.loads(line)
            moment = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
            return moment, record["captureData"]["endpointOutput"]
        except (ValueError, KeyError, TypeError) as error:
            raise TargetError(
                f"'s3://{self._bucket}/{key}' holds a line that SageMaker's data capture does not write "
                f"({type(error).__name__}); look at who writes to {self._uri!r}"
            ) from error


def with_answers(arm: Arm, said: Said) -> Arm:
    """Return an arm with what its model answered."""
    errors = Counter(arm.errors) + said.errors
    return replace(arm, events=max(arm.events, errors.total()), errors=dict(errors), predictions=as_array(said.values))


def _predictions(answer: Mapping[str, Any]) -> list[Any]:
    """Return the predictions of one call, as MLflow's or AWS' container writes them.

    :raises ValueError: They are neither.
    :raises TypeError: They are neither.
    """
    text = answer.get("data", "")
    if answer.get("encoding") == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except binascii.Error as error:
            raise ValueError("not base64") from error
    if answer.get("encoding") == "CSV":
        found: Any = [_cell(value) for row in csv.reader(io.StringIO(text)) for value in row]
    else:
        found = json.loads(text)
    if isinstance(found, dict):
        found = found.get("predictions")
    if not isinstance(found, list) or not found:
        raise ValueError("no predictions")
    return found


def _number(value: Any) -> float:
    """Return a prediction as a number; a class, which a whole number is, as its code.

    :raises TypeError: It is a list or an object.
    """
    if value is None:
        return math.nan
    if isinstance(value, float):
        return value
    if not isinstance(value, bool | int | str):
        raise TypeError(type(value).__name__)
    return code_of(value)


def _cell(text: str) -> float | str:
    """Return a cell of a CSV answer: a whole number, another one, or the name of a class."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text
