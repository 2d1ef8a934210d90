"""What this process has counted and not told yet. A count costs a microsecond; `publishing` tells it to Redis."""

import threading
from bisect import bisect_left
from collections import defaultdict

from apps.core.metrics.catalogue import BUCKETS_S, Metric

#: Metric, the values of its labels, and the part of it: "" for a counter; a bucket's bound or "sum" for a histogram.
Key = tuple[str, tuple[str, ...], str]

#: Different sets of labels of one metric that a process tells apart; what comes later is counted as `other`.
MOST_SERIES = 500
OTHER = "other"
SUM = "sum"
REST = "+Inf"

_lock = threading.Lock()
_counted: dict[Key, float] = defaultdict(float)
_seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)


def count(metric: Metric, *labels: str, by: float = 1) -> None:
    """Adds to a counter; `labels` in the order of the catalogue. Safe from any thread."""
    assert len(labels) == len(metric.labels), metric.name
    if by:
        with _lock:
            _counted[metric.name, _bounded(metric, labels), ""] += by


def observe(metric: Metric, value: float) -> None:
    """Puts one value into a histogram."""
    with _lock:
        _counted[metric.name, (), bucket_of(value)] += 1
        _counted[metric.name, (), SUM] += value


def bucket_of(value: float) -> str:
    """The bound of the smallest bucket that takes `value`."""
    at = bisect_left(BUCKETS_S, value)
    return str(BUCKETS_S[at]) if at < len(BUCKETS_S) else REST


def take() -> dict[Key, float]:
    """All that was counted since the last call."""
    with _lock:
        taken = dict(_counted)
        _counted.clear()
    return taken


def put_back(taken: dict[Key, float]) -> None:
    """For what could not be told; it goes with the next."""
    with _lock:
        for key, value in taken.items():
            _counted[key] += value


def _bounded(metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
    seen = _seen[metric.name]
    if labels not in seen:
        if len(seen) >= MOST_SERIES:
            return (OTHER,) * len(labels)
        seen.add(labels)
    return labels
