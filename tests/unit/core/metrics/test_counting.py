import threading
from collections.abc import Iterator

import pytest

from apps.core.metrics import counting
from apps.core.metrics.catalogue import BUCKETS_S, HINTS, HTTP_REQUESTS, HTTP_SECONDS, METRICS


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """What other tests have counted is not told here."""
    before, seen = counting.take(), dict(counting._seen)
    counting._seen.clear()
    yield
    counting.take()
    counting._seen.clear()
    counting._seen.update(seen)
    counting.put_back(before)


def test_what_is_taken_is_counted_once() -> None:
    counting.count(HINTS, by=2)
    counting.count(HINTS)
    assert counting.take() == {(HINTS.name, (), ""): 3}
    assert counting.take() == {}


def test_what_could_not_be_told_goes_with_the_next() -> None:
    counting.count(HINTS, by=2)
    taken = counting.take()
    counting.count(HINTS)
    counting.put_back(taken)
    assert counting.take() == {(HINTS.name, (), ""): 3}


def test_nothing_is_lost_between_threads() -> None:
    def many() -> None:
        for _ in range(2_000):
            counting.count(HINTS)

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    total = 0.0
    while any(thread.is_alive() for thread in threads):
        total += sum(counting.take().values())
    assert total + sum(counting.take().values()) == 16_000


def test_there_are_never_more_series_than_a_process_tells_apart() -> None:
    for number in range(2 * counting.MOST_SERIES):
        counting.count(HTTP_REQUESTS, f"/{number}", "GET", "200")
    taken = counting.take()
    assert len(taken) == counting.MOST_SERIES + 1
    other = (HTTP_REQUESTS.name, (counting.OTHER,) * 3, "")
    assert taken[other] == counting.MOST_SERIES


@pytest.mark.parametrize(("value", "bound"), [(0.0, "0.005"), (0.005, "0.005"), (0.006, "0.01"), (7200.1, "+Inf")])
def test_a_value_falls_into_the_smallest_bucket_that_takes_it(value: float, bound: str) -> None:
    assert counting.bucket_of(value) == bound
    counting.observe(HTTP_SECONDS, value)
    taken = counting.take()
    assert taken[HTTP_SECONDS.name, (), bound] == 1
    assert taken[HTTP_SECONDS.name, (), "sum"] == value


def test_metrics_are_named_as_prometheus_wants_it() -> None:
    assert list(BUCKETS_S) == sorted(set(BUCKETS_S))
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("attune_")
        assert metric.name.endswith("_total") is (metric.kind == "counter"), metric.name
        assert metric.help
        assert not metric.help.endswith(".")
