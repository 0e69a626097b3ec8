"""How AWS is reached: clients with bounds on time and tries, from whatever session the caller has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 5, 20, 4

# Makes a client of a service, e.g. `sagemaker`, with a botocore Config.
ClientFactory = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Clients:
    """Clients of the services that are used.

    :param reading: SageMaker, for calls that change nothing: tried again where AWS throttles or is slow.
    :param changing: SageMaker, for calls that change something: sent once, since one whose answer was lost is done.
    """

    reading: Any
    changing: Any
    metrics: Any
    files: Any

    @classmethod
    def made_by(cls, factory: ClientFactory, *, tries: int = _TRIES, read_seconds: float = _READ_SECONDS) -> "Clients":
        """Return clients of a factory.

        :param tries: Most times that a call that changes nothing is sent.
        :param read_seconds: How long an answer may take.
        """
        from botocore.config import Config

        def bounded(attempts: int) -> Any:
            return Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=read_seconds,
                retries={"mode": "adaptive" if attempts > 1 else "standard", "total_max_attempts": attempts},
            )

        return cls(
            reading=factory("sagemaker", bounded(tries)),
            changing=factory("sagemaker", bounded(1)),
            metrics=factory("cloudwatch", bounded(tries)),
            files=factory("s3", bounded(tries)),
        )


def of_session(session: Any = None, *, region: str, endpoint_url: str | None = None) -> ClientFactory:
    """Return a factory that makes clients of a boto3 session.

    :param session: As the Amazon provider's hook gives it; none: boto3's own default credentials.
    :param endpoint_url: Where the services answer; none: at AWS.
    """
    import boto3

    own = session or boto3.Session(region_name=region)

    def make(service: str, config: Any) -> Any:
        return own.client(service, region_name=region, endpoint_url=endpoint_url, config=config)

    return make
