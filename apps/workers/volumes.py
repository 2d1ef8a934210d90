"""Asks workers for something that concerns their volume: one worker on each, since they share it."""

import logging
from collections.abc import Callable

from celery import current_app

from apps.core.redis import RedisAway, guarded
from apps.workers.choosing import fits
from apps.workers.models import Worker
from apps.workers.queues import build_queue

logger = logging.getLogger(__name__)


def ask_each_volume(
    task: str,
    arguments: tuple[object, ...],
    *,
    runtime: str | None = None,
    wanted: str = "",
    note: Callable[[str], None] = lambda _: None,
) -> int:
    """How many volumes were asked, of those whose workers have the `runtime` in a version that is `wanted`; `note` is
    told each volume before.

    Best effort: with no worker there, or Redis away, nobody is asked.
    """
    asked: set[str] = set()
    for worker in Worker.objects.taking():
        queue = _queue_of(worker, runtime)
        has_it = runtime is None or fits(worker.runtimes, runtime, wanted)
        if queue is None or worker.volume_id in asked or not has_it:
            continue
        try:
            with guarded():
                note(worker.volume_id)
                current_app.send_task(task, arguments, queue=queue, retry=False)
        except RedisAway:
            logger.info("%s was not asked for: Redis is away", task)
            break
        asked.add(worker.volume_id)
    return len(asked)


def _queue_of(worker: Worker, runtime: str | None) -> str | None:
    """One for builds; of any runtime if it does not matter which."""
    if runtime is None:
        return next((queue for queue in sorted(worker.queues) if queue.startswith(build_queue(worker.pool, ""))), None)
    queue = build_queue(worker.pool, runtime)
    return queue if queue in worker.queues else None
