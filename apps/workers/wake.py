"""Brings on a worker's next heartbeat, so that it sees at once what changed about it. A lost hint costs a heartbeat."""

from contextlib import suppress

from apps.core.redis import RedisAway, channel, client, guarded

#: The message is a worker's id.
CHANNEL = channel("worker")


def wake(worker_id: int) -> None:
    with suppress(RedisAway), guarded():
        client().publish(CHANNEL, str(worker_id))
