import socket

import pytest

from stageline.standalone.ports import LOOPBACK, choose_port, is_free


@pytest.fixture(params=[LOOPBACK, ""], ids=["loopback", "every address"])
def taken_port(request):
    with socket.create_server((request.param, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_somebody_listens_on_is_not_free(taken_port):
    assert not is_free(taken_port)


def test_a_taken_port_is_replaced_by_a_free_one(taken_port):
    chosen = choose_port(taken_port)
    assert chosen != taken_port
    assert is_free(chosen)


def test_a_free_preferred_port_is_kept():
    free = choose_port(1, taken=[1])
    assert choose_port(free) == free


def test_a_port_promised_to_another_server_is_not_given_twice():
    free = choose_port(1, taken=[1])
    assert choose_port(free, taken=[free]) != free


def test_connections_closed_a_moment_ago_do_not_hold_a_port():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            accepted, _ = server.accept()
            # The side that closes first keeps the port in TIME_WAIT.
            accepted.close()
    assert is_free(port)
