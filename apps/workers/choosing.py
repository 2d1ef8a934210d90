"""Which workers a pack's range of versions leads to, and what is said where it leads to none."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from apps.core.types import JsonObject
from apps.runtimes.ranges import minor_of, newest_first, numbers_of, range_of
from apps.workers.models import Worker
from apps.workers.queues import run_queue

#: Of one worker, as its row has it: `{runtime: [{version, interpreter}]}`.
Runtimes = Mapping[str, Sequence[JsonObject]]


def queue_for(pool: str, runtime: str, wanted: str) -> str:
    """Where an execution of this runtime waits.

    With a range: the version that most workers of the pool have, the newest of equals, and those of workers that take
    nothing now (cordoned, draining) only where no other has one; the range itself where none has one, until
    `send_again` finds a worker that does.
    """
    if not wanted:
        return run_queue(pool, runtime)
    for workers in (Worker.objects.taking(), Worker.objects.living()):
        rows = workers.filter(pool=pool).values_list("runtimes", flat=True)
        found = Counter(version for row in rows for version in _fitting(row, runtime, wanted))
        if found:
            best = max(found, key=lambda version: (found[version], numbers_of(version)))
            return run_queue(pool, runtime, best)
    return run_queue(pool, runtime, str(range_of(wanted)))


def fits(runtimes: Runtimes, runtime: str, wanted: str) -> bool:
    """Whether a worker that has `runtimes` has this one in a version that is `wanted`; empty: any."""
    return not wanted or any(item["version"] in range_of(wanted) for item in runtimes.get(runtime, ()))


def why_nobody(workers: Iterable[Runtimes], runtime: str, wanted: str) -> str:
    """`no worker has python >=3.13; workers have 3.11.7, 3.9.16`"""
    there = newest_first(item["version"] for row in workers for item in row.get(runtime, ()))
    return f"no worker has {runtime} {wanted}" + (f"; workers have {', '.join(there)}" if there else ", nor any other")


def _fitting(runtimes: Runtimes, runtime: str, wanted: str) -> set[str]:
    """As far as the range tells them apart: of all that have 3.11, some may not have 3.11.7."""
    versions = [item["version"] for item in runtimes.get(runtime, ()) if item["version"] in range_of(wanted)]
    return set(versions) if range_of(wanted).is_fine else {minor_of(version) for version in versions}
