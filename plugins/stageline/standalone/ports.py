"""Choose a port on 127.0.0.1 that nobody uses."""

import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server can listen on this port of 127.0.0.1."""
    with socket.socket() as client:
        # A server on every address does not always hinder a second one on 127.0.0.1: knock first.
        client.settimeout(1)
        if client.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as server:
        # Connections that were closed a minute ago do not hold the port.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_port(preferred: int, *, taken: Collection[int] = ()) -> int:
    """Return the preferred port when it is free, otherwise one that the system picks.

    :param taken: Ports already promised to somebody else.
    """
    if preferred not in taken and is_free(preferred):
        return preferred
    while True:
        with socket.socket() as server:
            server.bind((LOOPBACK, 0))
            port: int = server.getsockname()[1]
        if port not in taken:
            return port
