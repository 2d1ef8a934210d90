"""All metrics as the text Prometheus reads."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from apps.core.metrics import publishing
from apps.core.metrics.catalogue import BUCKETS_S, BUILD, ENDED, METRICS, UP, Metric
from apps.core.metrics.counting import REST, SUM
from apps.core.redis import RedisAway, is_reachable
from apps.core.version import VERSION
from apps.executions import tally
from apps.executions.states import TERMINAL
from apps.monitoring.facts import Sample, database_facts, gate_facts

logger = logging.getLogger(__name__)

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
#: Of one metric: the values of its labels and the part (see `counting.Key`) → the number.
Series = dict[tuple[tuple[str, ...], str], float]

_BOUNDS = [*map(str, BUCKETS_S), REST]


def exposition() -> bytes:
    """Never raises for a database or a Redis that is away: what they know is left out, and `attune_up` says so."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(gather()))
    return generate_latest(registry)


def gather() -> Mapping[str, Series]:
    """Everything there is to tell, by metric."""
    found: dict[str, Series] = defaultdict(dict)
    is_database_up = _from_database(found)
    found[UP.name] = {(("database",), ""): float(is_database_up), (("redis",), ""): float(is_reachable())}
    found[BUILD.name] = {((VERSION,), ""): 1.0}
    try:
        counted = publishing.read()
    except RedisAway:
        return found
    _add_zeros(found, "process")
    for (name, labels, part), value in counted.items():
        found[name][labels, part] = value
    return found


def _from_database(found: dict[str, Series]) -> bool:
    sources: tuple[Callable[[], Iterable[Sample]], ...] = (database_facts, gate_facts)
    try:
        for source in sources:
            for metric, labels, value in source():
                found[metric.name][labels, ""] = value
        tallied = tally.read()
    except DatabaseError as error:
        logger.warning("what the database knows is left out: %s", str(error).strip().partition("\n")[0])
        return False
    _add_zeros(found, "tally")
    found[ENDED.name] = {((status.value,), ""): 0.0 for status in TERMINAL}
    for (name, key), value in tallied.items():
        found[name][((key,), "") if name == ENDED.name else ((), key)] = value
    return True


def _add_zeros(found: dict[str, Series], source: str) -> None:
    """A counter that stands at nothing is told, or the first count would look like no increase."""
    for metric in METRICS:
        if metric.source == source and not metric.labels:
            found[metric.name][(), SUM if metric.kind == "histogram" else ""] = 0.0


class _Gathered(Collector):
    """What prometheus-client asks for the families it is to write."""

    def __init__(self, found: Mapping[str, Series]) -> None:
        self._found = found

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            if series := self._found.get(metric.name):
                yield _family(metric, series)


def _family(metric: Metric, series: Series) -> Family:
    if metric.kind == "histogram":
        family = HistogramMetricFamily(metric.name, metric.help)
        counts = accumulate(series.get(((), bound), 0.0) for bound in _BOUNDS)
        family.add_metric([], list(zip(_BOUNDS, counts, strict=True)), series[(), SUM])
        return family
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    numbers = make(metric.name, metric.help, labels=metric.labels)
    for (labels, _), value in sorted(series.items()):
        numbers.add_metric(labels, value)
    return numbers
