"""The part of AWS that the SageMaker target calls: what it holds, and what comes of it.

What an update comes to is set beforehand; `settle` lets it come to that.
"""

import copy
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

ACCOUNT, REGION = "123456789012", "eu-central-1"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
IN_PROGRESS = "Cannot update in-progress endpoint"


class Answer(Exception):  # noqa: N818 - an answer that is an error
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class Fault:
    """What goes wrong with calls of one name.

    :param times: With how many of them.
    :param lost: The call is done, but nobody hears so.
    """

    code: str = ""
    status: int = 400
    message: str = "no"
    times: int = 10**6
    lost: bool = False


@dataclass
class FakeAws:
    """All that the fake holds; read and set by tests.

    :param outcome: What the next update comes to: `done`, `rolled back`, `failed`, `mixed`, `stuck`.
    """

    now: datetime = START
    models: dict = field(default_factory=dict)
    configs: dict = field(default_factory=dict)
    endpoints: dict = field(default_factory=dict)
    objects: dict = field(default_factory=dict)
    tags: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    metric_status: str = "Complete"
    outcome: str = "done"
    calls: list = field(default_factory=list)
    updates: list = field(default_factory=list)
    shifts: list = field(default_factory=list)
    creations: list = field(default_factory=list)
    faults: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    # Time and what comes of it.

    def tick(self, seconds=1.0):
        with self.lock:
            self.now += timedelta(seconds=seconds)

    def settle(self):
        """Let what is under way come to its end."""
        with self.lock:
            self.tick(60)
            for endpoint in self.endpoints.values():
                self._settle(endpoint)

    def _settle(self, endpoint):
        if endpoint["EndpointStatus"] not in ("Creating", "Updating", "RollingBack") or self.outcome == "stuck":
            return
        target = endpoint.pop("_target", None)
        endpoint.pop("PendingDeploymentSummary", None)
        endpoint["LastModifiedTime"] = self.now
        if self.outcome == "failed":
            endpoint |= {
                "EndpointStatus": "Failed",
                "FailureReason": "The container did not pass the ping health check",
            }
            return
        if self.outcome == "mixed":
            endpoint |= {"EndpointStatus": "UpdateRollbackFailed", "FailureReason": "No capacity for ml.m5.large"}
            return
        endpoint["EndpointStatus"] = "InService"
        if self.outcome == "rolled back":
            endpoint["FailureReason"] = "One or more CloudWatch alarms went off: bike-demand-5xx"
            endpoint["_desired"] = dict(endpoint["_current"])
            return
        if target:
            endpoint["EndpointConfigName"] = target
            weights = {v["VariantName"]: v["InitialVariantWeight"] for v, _ in variants_of(self.configs[target])}
            endpoint["_current"], endpoint["_desired"] = weights, dict(weights)
        endpoint["_current"] = dict(endpoint["_desired"])

    def answer(self, name, asked, fault):
        if fault and not fault.lost:
            raise Answer(fault.code, fault.message, fault.status)
        return getattr(self, name)(asked)

    # SageMaker.

    def create_model(self, asked):
        name = asked["ModelName"]
        if name in self.models:
            raise Answer("ValidationException", f'Cannot create already existing model "{_arn("model", name)}".')
        self.models[name] = {**asked, "CreationTime": self.now, "ModelArn": _arn("model", name)}
        return {"ModelArn": _arn("model", name)}

    def describe_model(self, asked):
        return _untagged(self._one(self.models, "model", asked["ModelName"]))

    def create_endpoint_config(self, asked):
        name = asked["EndpointConfigName"]
        arn = _arn("endpoint-config", name)
        if name in self.configs:
            raise Answer("ValidationException", f'Cannot create already existing endpoint configuration "{arn}".')
        if asked.get("ShadowProductionVariants") and len(asked["ProductionVariants"]) != 1:
            raise Answer("ValidationException", "One production variant is allowed beside a shadow variant")
        if not any(variant["InitialVariantWeight"] for variant in asked["ProductionVariants"]):
            raise Answer("ValidationException", "The sum of the weights must be above 0")
        for variant, _ in variants_of(asked):
            self._one(self.models, "model", variant["ModelName"])
        self.configs[name] = {**asked, "CreationTime": self.now, "EndpointConfigArn": arn}
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", ())}
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, asked):
        return _untagged(self._one(self.configs, "endpoint configuration", asked["EndpointConfigName"]))

    def delete_endpoint_config(self, asked):
        self._one(self.configs, "endpoint configuration", asked["EndpointConfigName"])
        del self.configs[asked["EndpointConfigName"]]
        return {}

    def list_endpoint_configs(self, asked):
        """Answer one entry a page: whoever asks has to follow."""
        found = sorted(name for name in self.configs if asked.get("NameContains", "") in name)
        place = int(asked.get("NextToken", 0))
        page = [
            {key: self.configs[name][key] for key in ("EndpointConfigName", "EndpointConfigArn", "CreationTime")}
            for name in found[place : place + 1]
        ]
        return {"EndpointConfigs": page} | ({"NextToken": str(place + 1)} if place + 1 < len(found) else {})

    def list_tags(self, asked):
        tags = self.tags.get(asked["ResourceArn"], {})
        return {"Tags": [{"Key": name, "Value": value} for name, value in tags.items()]}

    def add_tags(self, asked):
        self.tags.setdefault(asked["ResourceArn"], {}).update({tag["Key"]: tag["Value"] for tag in asked["Tags"]})
        return {"Tags": asked["Tags"]}

    def create_endpoint(self, asked):
        name, config = asked["EndpointName"], asked["EndpointConfigName"]
        arn = _arn("endpoint", name)
        if name in self.endpoints:
            raise Answer("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        self._one(self.configs, "endpoint configuration", config)
        self.creations.append(config)
        self.endpoints[name] = {
            "EndpointName": name, "EndpointArn": arn, "EndpointConfigName": config, "EndpointStatus": "Creating",
            "CreationTime": self.now, "LastModifiedTime": self.now, "_current": {}, "_desired": {}, "_target": config,
        }  # fmt: skip
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", ())}
        return {"EndpointArn": arn}

    def update_endpoint(self, asked):
        endpoint = self._one(self.endpoints, "endpoint", asked["EndpointName"])
        config = asked["EndpointConfigName"]
        self._one(self.configs, "endpoint configuration", config)
        if endpoint["EndpointStatus"] != "InService":
            raise Answer("ValidationException", f'{IN_PROGRESS} "{endpoint["EndpointArn"]}".')
        self.updates.append((config, asked.get("DeploymentConfig")))
        self.tick()
        endpoint.pop("FailureReason", None)
        endpoint |= {
            "EndpointStatus": "Updating", "LastModifiedTime": self.now, "_target": config,
            "PendingDeploymentSummary": {"EndpointConfigName": config, "StartTime": self.now},
        }  # fmt: skip
        return {"EndpointArn": endpoint["EndpointArn"]}

    def update_endpoint_weights_and_capacities(self, asked):
        endpoint = self._one(self.endpoints, "endpoint", asked["EndpointName"])
        if endpoint["EndpointStatus"] != "InService":
            raise Answer("ValidationException", f'{IN_PROGRESS} "{endpoint["EndpointArn"]}".')
        weights = {each["VariantName"]: each["DesiredWeight"] for each in asked["DesiredWeightsAndCapacities"]}
        self.shifts.append(weights)
        self.tick()
        endpoint["_desired"] = {**endpoint["_desired"], **weights}
        endpoint |= {"EndpointStatus": "Updating", "LastModifiedTime": self.now}
        return {"EndpointArn": endpoint["EndpointArn"]}

    def describe_endpoint(self, asked):
        endpoint = self._one(self.endpoints, "endpoint", asked["EndpointName"])
        answer = {name: value for name, value in endpoint.items() if not name.startswith("_")}
        if not endpoint["_current"]:
            return answer
        running = {False: [], True: []}
        for variant, shadow in variants_of(self.configs.get(endpoint["EndpointConfigName"], {})):
            name = variant["VariantName"]
            image = self.models[variant["ModelName"]]["PrimaryContainer"]["Image"]
            running[shadow].append(
                {
                    "VariantName": name,
                    "CurrentWeight": endpoint["_current"][name],
                    "DesiredWeight": endpoint["_desired"][name],
                    "CurrentInstanceCount": variant["InitialInstanceCount"],
                    "DesiredInstanceCount": variant["InitialInstanceCount"],
                    "DeployedImages": [{"SpecifiedImage": image, "ResolutionTime": self.now}],
                    **endpoint.get("_more", {}).get(name, {}),
                }
            )
        shown = {"ProductionVariants": running[False], "ShadowProductionVariants": running[True]}
        return answer | {name: found for name, found in shown.items() if found}

    def _one(self, held, kind, name):
        if name not in held:
            raise Answer("ValidationException", f'Could not find {kind} "{_arn(kind.replace(" ", "-"), name)}".')
        return held[name]

    # CloudWatch.

    def get_metric_data(self, asked):
        """Answer one metric a page."""
        place = int(asked.get("NextToken", 0))
        start, end = (datetime.fromtimestamp(asked[name], UTC) for name in ("StartTime", "EndTime"))
        query = asked["MetricDataQueries"][place]
        metric = query["MetricStat"]["Metric"]
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        key = (dimensions["EndpointName"], dimensions["VariantName"], metric["MetricName"])
        points = [(moment, value) for moment, value in self.metrics.get(key, {}).items() if start <= moment < end]
        result = {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [moment for moment, _ in points],
            "Values": [float(value) for _, value in points],
            "StatusCode": self.metric_status,
        }
        more = place + 1 < len(asked["MetricDataQueries"])
        return {"MetricDataResults": [result], "Messages": []} | ({"NextToken": str(place + 1)} if more else {})

    # How tests ask.

    def state(self):
        return copy.deepcopy({name: getattr(self, name) for name in _HELD})

    def restore(self, state):
        for name, value in copy.deepcopy(state).items():
            setattr(self, name, value)

    def count(self, call):
        return Counter(self.calls)[call]

    def change(self, name="bike-demand", **values):
        """Change an endpoint by another hand, at another time."""
        self.tick()
        self.endpoints[name] |= {"LastModifiedTime": self.now, **values}

    def fail(self, call, code="", **about):
        self.faults[call] = Fault(code, **about)

    def fault_of(self, call):
        fault = self.faults.get(call) or self.faults.get("*")
        if fault is None or fault.times <= 0:
            return None
        fault.times -= 1
        return fault


_HELD = ("now", "models", "configs", "endpoints", "objects", "tags", "updates", "shifts", "creations")


def _arn(kind, name):
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind.replace('endpoint-configuration', 'endpoint-config')}/{name}"


def _untagged(held):
    return {name: value for name, value in held.items() if name != "Tags"}


def variants_of(config):
    return [
        *((variant, False) for variant in config.get("ProductionVariants", ())),
        *((variant, True) for variant in config.get("ShadowProductionVariants", ())),
    ]
