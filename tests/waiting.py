"""Waits for a condition instead of a time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_for(
    condition: Callable[[], Any],
    *,
    what: str | Callable[[], str] = "what was to come",
    deadline_s: float = 60.0,
    every_s: float | None = None,
) -> Any:
    """The first true answer of `condition`.

    It is asked ever more rarely, unless `every_s` says how often: each time may cost a whole Attune a request, and take
    the processor from what is waited for.
    """
    began = time.monotonic()
    while True:
        if answer := condition():
            return answer
        waited_s = time.monotonic() - began
        assert waited_s < deadline_s, f"waited {deadline_s:g} s for {what() if callable(what) else what}"
        time.sleep(every_s or min(max(waited_s / 10, 0.01), 0.1))


def is_running(pid: int) -> bool:
    """It exists and is no zombie."""
    return state_of(pid) not in ("", "Z", "X")


def state_of(pid: int) -> str:
    """`R`, `S` and so on, as `ps` says; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
