"""Says which attempt of an execution is meant, and why there were more than its tries. Pure."""

from collections.abc import Mapping
from typing import Any


def is_one_of_several(execution: Mapping[str, Any]) -> bool:
    """Whether there was, or may be, another attempt."""
    return bool(execution["attempt"] > 1 or execution["max_attempts"] > 1)


def attempt_text(execution: Mapping[str, Any]) -> str:
    """`2`; `2 of 3` where there may be several tries; `4, try 2 of 3` where some were cut off, which uses up no try."""
    attempt, tried, tries = execution["attempt"], execution["retries"] + 1, execution["max_attempts"]
    if tried != attempt:
        return f"{attempt}, try {tried} of {tries}" if tries > 1 else str(attempt)
    return f"{attempt} of {tries}" if tries > 1 else str(attempt)


def cut_offs_text(execution: Mapping[str, Any]) -> str:
    """How often it went back to its place because its worker or process was lost, or a stopping worker cut it off."""
    losses = execution["losses"]
    interrupted = max(0, execution["attempt"] - 1 - execution["retries"] - losses)
    counted = ((losses, "lost with its worker or process"), (interrupted, "interrupted by a stopping worker"))
    return ", ".join(f"{text} {_times(count)}" for count, text in counted if count)


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
