"""The same target on moto, where that is installed: a fake that we did not write.

It has no `UpdateEndpoint`, and what it has is in service at once: a first release, weights and the way out of them.
"""

import pytest
from fake_aws import REGION
from sagemaker_case import Case, session

from stageline.serving.sagemaker import Clients, of_session

moto = pytest.importorskip("moto.server", reason="moto is no dependency: it cannot update an endpoint, nor roll back")


@pytest.fixture
def moto_case(model_files):
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    clients = Clients.made_by(of_session(session(), region=REGION, endpoint_url=f"http://127.0.0.1:{port}"), tries=1)
    clients.files.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield Case(None, model_files), clients
    server.stop()


def test_a_first_release_and_a_shift_of_weights(moto_case):
    case, clients = moto_case
    target = case.target(clients=clients)
    head = case.head(canary=2, percent=5, position=6)
    for _ in range(3):
        served = target.converge(head)
    assert served.fault(head) == ""
    assert not served.pending
    more = case.head(canary=2, percent=25, position=7)
    for _ in range(3):
        served = target.converge(more)
    assert served.fault(more) == ""
    assert target.served() == served
