"""Waits for conditions of other processes instead of sleeping."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, what: str, deadline_s: float = 30.0) -> None:
    """Return once `condition()` is true; fail the test with `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {deadline_s:.0f} s: {what}")
        time.sleep(0.02)
