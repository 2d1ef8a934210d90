"""Past executions in any number, to see how Attune bears them. Only ended ones: nothing starts because of them.

They do not come through `transitions`: a million moves would take an hour, and none of them ever happened.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Identity
from apps.actions.models import ActionDefinition
from apps.executions.models import Execution, Gate, Policy
from apps.workers.models import Worker

#: Rows written by one statement.
CHUNK = 50_000
#: So far back the first one lies.
PERIOD = timedelta(days=30)
_SQL = Path(__file__).with_name("executions.sql").read_text(encoding="utf-8")
_IDENTITIES = ("amelie", "bruno", "chiara", "deniz", "emre")
_GATES = 20
_WORKERS = 6


def seed_executions(count: int) -> Iterator[int]:
    """Writes `count` executions with their history, evenly over the last 30 days; yields how many there are so far.

    Never before the newest there is: ids follow time, and readers rely on that.
    """
    until = timezone.now()
    since = max(until - PERIOD, _newest() or until - PERIOD)
    step = (until - since) / count
    others = {**_others(), "until": until}
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        _write(size, start=since + step * first, step=step, others=others)
        yield first + size
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE executions_execution, executions_history")


def _newest() -> datetime | None:
    return Execution.objects.order_by("-pk").values_list("created_at", flat=True).first()


@transaction.atomic(durable=True)
def _write(size: int, *, start: datetime, step: timedelta, others: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"size": size, "start": start, "step": step, **others}
        cursor.execute(_SQL, values)


@transaction.atomic(durable=True)
def _others() -> dict[str, Any]:
    """What executions refer to: people, workers that are gone, gates of a policy, one definition."""
    definition, _ = ActionDefinition.objects.get_or_create(digest="5eed" * 16, defaults={"body": {"name": "seed"}})
    people = [Identity.objects.get_or_create(username=name)[0].pk for name in _IDENTITIES]
    policy, _ = Policy.objects.get_or_create(
        name="seeded", source=Policy.Source.OPERATOR,
        defaults={"scope": Policy.Scope.PACK, "subject": "billing", "limit": 5, "key": "customer"},
    )  # fmt: skip
    gates = [_gate(policy, number) for number in range(_GATES)]
    workers = [_worker(number) for number in range(1, _WORKERS + 1)]
    return {"definition": definition.pk, "people": people, "gates": gates, "workers": workers}


def _gate(policy: Policy, number: int) -> int:
    gate, _ = Gate.objects.get_or_create(
        policy=policy, key_hash=f"{number:064}", defaults={"key_text": f"customer-{number}"}
    )
    return gate.pk


def _worker(number: int) -> int:
    """It ran all the time, and stopped just now."""
    began = timezone.now() - PERIOD
    worker, _ = Worker.objects.get_or_create(
        name=f"seeded-{number}",
        host="seeded",
        pool="default",
        defaults={
            "pid": number,
            "slots": 10,
            "version": "0",
            "volume_id": "seeded",
            "status": Worker.Status.STOPPED,
            "started_at": began,
            "last_heartbeat": timezone.now(),
            "ended_at": timezone.now(),
        },
    )
    return worker.pk
