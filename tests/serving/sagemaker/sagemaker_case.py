"""A target on the fake of AWS, and heads that name models whose files are there."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from fake_aws import REGION

from stageline.ledger import Canary, Head
from stageline.serving.sagemaker import Clients, SageMakerTarget, of_session
from stageline.spec.sagemaker_target import SageMaker

# What no message may hold.
SECRET, TOKEN = "not-a-real-secret-9f2c", "not-a-real-token-71bd"
SETTINGS = SageMaker.model_validate(
    {
        "endpoint": "bike-demand",
        "region": REGION,
        "role": "arn:aws:iam::123456789012:role/serving",
        "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mlflow-pyfunc:3.17.2",
        "archives": "s3://models/stageline",
        "champion": {"instance_type": "ml.m5.large", "instance_count": 2},
        "canary": {"instance_type": "ml.m5.large", "instance_count": 1},
        "guardrails": {"alarms": ["bike-demand-5xx"]},
    }
)


@cache
def session():
    """Return one session: it reads the descriptions of the services once."""
    return boto3.Session(
        region_name=REGION, aws_access_key_id="test", aws_secret_access_key=SECRET, aws_session_token=TOKEN
    )


@cache
def shared_clients(url):
    return Clients.made_by(of_session(session(), region=REGION, endpoint_url=url), tries=1)


def clients_of(aws, **about):
    """Return clients of their own."""
    about.setdefault("tries", 1)
    return Clients.made_by(of_session(session(), region=REGION, endpoint_url=aws.url), **about)


@dataclass
class Case:
    """A target on the fake, and heads."""

    aws: Any
    files: dict
    fetched: list = field(default_factory=list)

    def file_of(self, version):
        self.fetched.append(version.version)
        return self.files[version.version][1]

    def target(self, settings=SETTINGS, clients=None):
        return SageMakerTarget(settings, clients or self.clients, file_of=self.file_of)

    @property
    def clients(self):
        return shared_clients(self.aws.url)

    def model(self, number):
        return self.files[number][0]

    def head(self, champion=1, canary=None, percent=0, position=5, sequence=6):
        return Head(
            pipeline="bike_demand",
            generation=1,
            champion=self.model(champion),
            canary=Canary(model=self.model(canary), percent=percent, sequence=sequence) if canary else None,
            position=position,
        )

    def serving(self, head):
        """Bring the endpoint to a head, to its end."""
        target = self.target()
        for _ in range(9):
            served = target.converge(head)
            if not served.pending:
                return served
            self.aws.settle()
        raise AssertionError(served.pending)
