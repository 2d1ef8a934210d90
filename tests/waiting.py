"""Waits for a condition instead of a time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_for(
    condition: Callable[[], Any], *, what: str = "what was to come", deadline_s: float = 60.0, every_s: float = 0.01
) -> Any:
    """The first true answer of `condition`."""
    deadline = time.monotonic() + deadline_s
    while True:
        if answer := condition():
            return answer
        assert time.monotonic() < deadline, f"waited {deadline_s:g} s for {what}"
        time.sleep(every_s)


def is_running(pid: int) -> bool:
    """It exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
