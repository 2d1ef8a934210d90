"""When a run is tried again. Pure."""

from collections.abc import Callable
from datetime import timedelta

from apps.actions.definition import RetryRule
from apps.executions.states import Status


def may_retry(rule: RetryRule, *, ended: Status, retries: int) -> bool:
    """`retries` counts those before; losses of workers are counted apart and do not use retries up."""
    return ended.value in rule.on and retries + 1 < rule.max_attempts


def delay_before(rule: RetryRule, *, retry: int, random: Callable[[], float]) -> timedelta:
    """The pause before the `retry`-th retry (1 is the first). `random` gives [0, 1); jitter spreads by that share."""
    factor = {"constant": 1, "linear": retry, "exponential": 2 ** min(retry - 1, 62)}[rule.backoff]
    seconds = min(rule.delay_s * factor, rule.max_delay_s)
    return timedelta(seconds=seconds * (1 + rule.jitter * (2 * random() - 1)))
