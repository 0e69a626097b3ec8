"""Errors of AWS: which are worth a retry, which are refused, and that no message holds a secret."""

import boto3
import pytest
from botocore import exceptions as aws_errors
from fake_aws import REGION
from sagemaker_case import SECRET, TOKEN, clients_of

from stageline.exceptions import Outage, TargetError
from stageline.serving.sagemaker import Clients, SageMakerOutage, of_session
from stageline.serving.sagemaker.failures import NotAcceptedError, NotThereError, asking, without_secrets

RETRIED = [
    ("ThrottlingException", 400, "throttles"),
    ("Throttling", 400, "throttles"),
    ("RequestLimitExceeded", 503, "throttles"),
    ("SlowDown", 503, "throttles"),
    ("TooMany", 429, "throttles"),
    ("InternalFailure", 500, "failed at"),
    ("ServiceUnavailable", 503, "failed at"),
    ("ConflictException", 409, "failed at"),
]
REFUSED = [
    ("ExpiredTokenException", 400, r"credentials have expired .* renew those of the connection"),
    ("ExpiredToken", 403, r"credentials have expired"),
    ("UnrecognizedClientException", 400, r"does not know these credentials .* check those of the connection"),
    ("SignatureDoesNotMatch", 403, r"does not know these credentials"),
    ("AccessDeniedException", 400, r"may not do this .* allow DescribeEndpoint on it .* AWS says: no"),
    ("ResourceLimitExceeded", 400, r"above a quota of the account .* raise it"),
    ("ValidationException", 400, r"is not accepted \(ValidationException\). AWS says: no"),
    ("SomethingNew", 400, r"is not accepted \(SomethingNew\)"),
]


@pytest.mark.parametrize(("code", "status", "words"), RETRIED)
def test_what_passes_is_retried(case, aws, code, status, words):
    case.serving(case.head())
    aws.fail("DescribeEndpoint", code, status=status)
    for ask in (lambda: case.target().converge(case.head()), case.target().served):
        with pytest.raises(SageMakerOutage, match=rf"{words}.*DescribeEndpoint of endpoint 'bike-demand'"):
            ask()


@pytest.mark.parametrize(("code", "status", "words"), REFUSED)
def test_what_does_not_pass_is_refused_with_what_to_do(case, aws, code, status, words):
    case.serving(case.head())
    aws.fail("DescribeEndpoint", code, status=status)
    with pytest.raises(TargetError, match=rf"DescribeEndpoint of endpoint 'bike-demand'.*{words}"):
        case.target().converge(case.head())


CALLS = [
    "AddTags", "CreateEndpointConfig", "CreateModel", "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel",
    "HeadObject", "ListEndpointConfigs", "ListTags", "PutObject", "UpdateEndpoint",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_credentials_that_expire_at_any_call_are_told_and_nothing_is_half_done(case, aws, call):
    case.serving(case.head())
    head = case.head(champion=2, position=6)
    aws.fail(call, "ExpiredToken", status=403 if "Object" in call else 400)
    with pytest.raises(TargetError) as refused:
        case.target().converge(head)
    said = str(refused.value)
    assert call in said
    assert ("is refused" in said) or call == "HeadObject"
    assert aws.updates == []
    aws.faults.clear()
    aws.tick(300)
    assert case.serving(head).champion == case.model(2).digest
    assert len(aws.updates) == 1


@pytest.mark.parametrize("call", CALLS)
def test_any_call_may_be_throttled_and_the_step_goes_on_later(case, aws, call):
    case.serving(case.head())
    head = case.head(champion=2, position=6)
    aws.fail(call, "SlowDown" if "Object" in call else "ThrottlingException", status=503 if "Object" in call else 400)
    with pytest.raises(SageMakerOutage, match=call):
        case.target().converge(head)
    aws.faults.clear()
    aws.tick(300)
    assert case.serving(head).champion == case.model(2).digest
    assert len(aws.updates) == 1


def test_reading_is_tried_again_and_changing_is_sent_once(case, aws):
    case.serving(case.head())
    target = case.target(clients=clients_of(aws, tries=3))
    aws.calls.clear()
    aws.fail("DescribeEndpoint", "ThrottlingException", times=1)
    assert target.converge(case.head()).pending == ""
    assert aws.count("DescribeEndpoint") == 2
    aws.fail("UpdateEndpoint", "ThrottlingException")
    with pytest.raises(SageMakerOutage, match="UpdateEndpoint"):
        target.converge(case.head(champion=2, position=6))
    assert aws.count("UpdateEndpoint") == 1


def test_nobody_there_is_an_outage(case, aws):
    factory = of_session(boto3.Session("k", "s"), region=REGION, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(Outage, match=r"cannot be reached for DescribeEndpoint of endpoint 'bike-demand'"):
        case.target(clients=Clients.made_by(factory, tries=1)).served()


def test_no_credentials_at_all_are_told(case, aws, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    factory = of_session(region=REGION, endpoint_url=aws.url)
    with pytest.raises(TargetError, match=r"no usable credentials \(NoCredentialsError\); give the spec a connection"):
        case.target(clients=Clients.made_by(factory, tries=1)).served()
    assert aws.calls == []


LEAKS = (
    f"The Canonical String for this request should have been 'POST / host:x x-amz-security-token:{TOKEN}'",
    f"secret={SECRET}, token: {TOKEN}",
    f"see http://user:{SECRET}@proxy/",
    f"Credential={TOKEN}/20260301, Signature={SECRET}",
)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDeniedException", "ValidationException", "Odd"])
@pytest.mark.parametrize("message", LEAKS)
def test_no_message_and_no_cause_holds_a_secret(case, aws, code, message):
    aws.fail("DescribeEndpoint", code, message=message)
    with pytest.raises(TargetError) as refused:
        case.target().served()
    error, said = refused.value, ""
    while error is not None:
        said += str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert SECRET not in said
    assert TOKEN not in said


def test_keys_are_cut_out_of_words_and_words_have_an_end():
    key = "ASIA" + "Q" * 16
    assert key not in without_secrets(f"the key {key} is old")
    assert len(without_secrets("x" * 5000)) == 400
    assert without_secrets("two\n  lines") == "two lines"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aws_errors.ReadTimeoutError(endpoint_url="http://x"), SageMakerOutage),
        (aws_errors.ConnectTimeoutError(endpoint_url="http://x"), SageMakerOutage),
        (aws_errors.EndpointConnectionError(endpoint_url="http://x"), SageMakerOutage),
        (aws_errors.SSLError(endpoint_url="http://x", error="e"), SageMakerOutage),
        (aws_errors.ParamValidationError(report="bad"), TargetError),
        (aws_errors.NoRegionError(), TargetError),
        (aws_errors.UnauthorizedSSOTokenError(), TargetError),
        (aws_errors.CredentialRetrievalError(provider="p", error_msg="e"), TargetError),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_errors_on_the_way_are_told_apart(error, kind):
    with pytest.raises(kind, match="DescribeEndpoint of it") as raised, asking("DescribeEndpoint", "it"):
        raise error
    assert isinstance(raised.value, Outage) is (kind is SageMakerOutage)


def test_what_is_no_error_of_aws_is_left_alone():
    with pytest.raises(ZeroDivisionError), asking("DescribeEndpoint", "it"):
        raise ZeroDivisionError


def test_what_is_missing_is_a_refusal_of_its_own(case, aws):
    aws.fail("UpdateEndpoint", "ValidationException", message='Could not find endpoint configuration "x".', times=1)
    case.serving(case.head())
    with pytest.raises(SageMakerOutage, match="not visible yet, or was taken over"):
        case.target().converge(case.head(champion=2, position=6))
    assert issubclass(NotThereError, TargetError)
    assert issubclass(NotAcceptedError, TargetError)
