"""Ports to listen at."""

import itertools
import os
import random
import socket

#: Below those that Linux gives to whoever connects, or listens anywhere; a range for each process of pytest-xdist.
_FIRST, _EACH = 10_000, 1_500
_offsets = itertools.count(random.randrange(_EACH))


def free_port() -> int:
    """One at which nobody listens, and that nobody else is given until somebody does: that may take a start's time."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = _FIRST + process * _EACH + next(_offsets) % _EACH
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
