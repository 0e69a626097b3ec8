"""What a spec says about servers: where a rollout asks them, and what they log."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stageline.spec.values import Section, SomeTime

_DEFAULT_URL = "http://127.0.0.1:8500"


def _address(value: str) -> str:
    parts = urlsplit(value)
    try:
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{value!r} is no server's address; expected one such as {_DEFAULT_URL!r}")
    if parts.username is not None or parts.password is not None:
        # The value stands in the repository: it is not shown again.
        raise ValueError("the address holds credentials; leave them out, and set STAGELINE_SERVE_TOKEN")
    return value


Address = Annotated[str, AfterValidator(_address)]


class Http(Section):
    """Servers that were started with `stageline serve`.

    :param urls: Where a rollout asks them; all of them have to serve what the ledger says.
    :param timeout: How long one may take to answer a rollout.
    :param log_private: Whether the values of private features are logged with the answers.
    """

    urls: Annotated[tuple[Address, ...], Field(min_length=1, strict=False)] = (_DEFAULT_URL,)
    timeout: SomeTime = timedelta(seconds=5)
    log_private: bool = False
