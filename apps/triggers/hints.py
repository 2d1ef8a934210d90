"""The hint that events wait: to a conductor, which processes them. Losing one costs a round of the sweep."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

from apps.core import streaming
from apps.core.redis import RedisAway, client, guarded

logger = logging.getLogger(__name__)

#: What processes events stands in a room above.
PROCESS_TASK = "rules.process"
#: Set while a hint is on its way to a conductor, so that a thousand events send one and not a thousand.
_FLAG = "attune:processing"
#: A hint that was lost blocks the next one for no longer than this.
_FLAG_S = 5


def hint(*, changed: str | None = None) -> None:
    """After commit. Cheap when a conductor has been asked already; readers of streams hear in the same round trip what
    kind of thing has `changed`."""
    try:
        with guarded(), client().pipeline(transaction=False) as pipeline:
            if changed is not None:
                pipeline.publish(streaming.CHANNEL, changed)
            pipeline.set(_FLAG, "1", nx=True, ex=_FLAG_S)
            if pipeline.execute()[-1]:
                current_app.send_task(PROCESS_TASK, queue="control", retry=False)
    except RedisAway:
        logger.debug("no hint for events: Redis is away")


def taken() -> None:
    """By who begins to process: what comes from now on asks for another conductor."""
    try:
        with guarded():
            client().delete(_FLAG)
    except RedisAway:
        logger.debug("processing without Redis")


def hint_after_commit() -> None:
    transaction.on_commit(hint)


def tell_after_commit() -> None:
    """That there are new events: to a conductor, and to the readers of streams."""
    transaction.on_commit(partial(hint, changed="event"))
