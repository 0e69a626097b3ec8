"""What an error of AWS means: worth a retry, or a refusal that says what to do; never with a secret in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from stageline.exceptions import Outage, StagelineError, TargetError


class SageMakerOutage(Outage):
    """AWS cannot be reached, throttles, or fails itself."""


class NotThereError(TargetError):
    """What a call names does not exist."""


class NotAcceptedError(TargetError):
    """AWS does not do what was asked: what it is asked of is not in the state for it, or the request is wrong."""


_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded", "LimitExceededException", "PriorRequestNotComplete", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling", "ThrottledException",
        "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip
_PASSING = frozenset({"ConflictException", "OperationAborted", "RequestTimeout", "RequestTimeoutException"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_UNKNOWN = frozenset(
    {
        "AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
        "InvalidToken", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)  # fmt: skip
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation", "403"})
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "ResourceNotFound", "ResourceNotFoundException"})
_QUOTA = frozenset({"ResourceLimitExceeded", "ServiceQuotaExceededException"})
_SERVER_ERROR = 500
_SHOWN_CHARACTERS = 400
_SECRETS = (
    (re.compile(r"//[^/@\s]*@"), "//"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}\b"), "…"),
    (re.compile(r"(?i)encoded authorization failure message:?\s*\S+"), ""),
    (re.compile(r"(?i)(token|secret|signature|credential|password)(\s*[=:]\s*)[^\s,;&]+"), r"\1\2…"),
)


@contextmanager
def asking(call: str, resource: str) -> Iterator[None]:
    """Turn what goes wrong with a call into errors of ours.

    :param call: The operation's name, e.g. `DescribeEndpoint`.
    :param resource: What it is asked of, e.g. `endpoint 'bike-demand'`.
    :raises SageMakerOutage: It could not be reached, throttles, or fails itself.
    :raises NotThereError: There is no such thing.
    :raises NotAcceptedError: It does not accept the request.
    :raises TargetError: It accepts these credentials not at all, or not for this.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        # Not raised from it: AWS quotes headers in its own words, the session's token among them.
        raise _of_answer(f"{call} of {resource}", call, error) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise _of_way(f"{call} of {resource}", error) from None


def without_secrets(words: object) -> str:
    """Return words on one line, without what looks like a credential, cut where they go on too long."""
    shown = " ".join(str(words).split())
    for pattern, instead in _SECRETS:
        shown = pattern.sub(instead, shown)
    return shown[:_SHOWN_CHARACTERS].strip()


def _of_answer(what: str, call: str, error: Any) -> StagelineError:
    found = error.response.get("Error", {})
    code = str(found.get("Code", "")) or "no code"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = without_secrets(found.get("Message", ""))
    said = f". AWS says: {words}" if words else ""
    meanings: tuple[tuple[bool, type[StagelineError], str], ...] = (
        (
            code in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS,
            SageMakerOutage,
            f"AWS throttles {what} ({code}); the step tries again later",
        ),
        (
            code in _EXPIRED,
            TargetError,
            f"{what} is refused: the credentials have expired ({code}); renew those of the connection",
        ),
        (
            code in _UNKNOWN,
            TargetError,
            f"{what} is refused: AWS does not know these credentials ({code}); check those of the connection",
        ),
        (
            code in _DENIED or status == HTTPStatus.UNAUTHORIZED,
            TargetError,
            f"{what} is refused: who asks may not do this ({code}); allow {call} on it to the connection's role{said}",
        ),
        (
            code in _QUOTA,
            TargetError,
            f"{what} is above a quota of the account ({code}); raise it, or ask for fewer instances{said}",
        ),
        (
            code in _PASSING or status >= _SERVER_ERROR,
            SageMakerOutage,
            f"AWS failed at {what} ({code}, HTTP {status}); the step tries again",
        ),
        (
            code in _ABSENT or words.lower().startswith("could not find"),
            NotThereError,
            f"{what} finds nothing of that name ({code}){said}",
        ),
        (True, NotAcceptedError, f"{what} is not accepted ({code}){said or '; AWS gives no reason'}"),
    )
    return next(kind(sentence) for meant, kind, sentence in meanings if meant)


def _of_way(what: str, error: Any) -> StagelineError:
    from botocore import exceptions as found
    from botocore.parsers import ResponseParserError

    words, kind = without_secrets(error), type(error).__name__
    no_credentials = (
        found.NoCredentialsError, found.PartialCredentialsError, found.CredentialRetrievalError,
        found.TokenRetrievalError, found.SSOError, found.ProfileNotFound, found.RefreshWithMFAUnsupportedError,
    )  # fmt: skip
    if isinstance(error, no_credentials):
        return TargetError(
            f"{what} cannot be asked: there are no usable credentials ({kind}); give the spec a connection, or the "
            "worker a role"
        )
    on_the_way = (
        found.HTTPClientError, found.ConnectionError, found.IncompleteReadError, found.MetadataRetrievalError,
        ResponseParserError,
    )  # fmt: skip
    if isinstance(error, on_the_way):
        return SageMakerOutage(f"AWS cannot be reached for {what}: {words} ({kind}); the step tries again")
    return TargetError(f"{what} cannot be asked: {words} ({kind})")
