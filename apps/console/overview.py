"""What Home shows: the last day and what stands now, each read once, at a cost that does not grow with the history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, may
from apps.console.execution_list import listed
from apps.core.types import JsonObject
from apps.executions.busy_gates import gates_with_a_line
from apps.executions.models import Execution, Gate, History
from apps.executions.states import ACTIVE, WAITING, Status
from apps.executions.statistics import FAILED, ExecutionStats, execution_stats, gate_stats
from apps.operations.models import Operation
from apps.triggers.models import Timer
from apps.workers.models import Worker

PERIOD = timedelta(hours=24)
#: Rows of each part; behind each stands a page with all.
_MOST = 8
#: Changes are announced within a second; after so long nobody does it.
_UNANNOUNCED_AFTER = timedelta(seconds=15)
_MOST_COUNTED = 1000
_WAITS_FOR = ((Status.DELAYED, "in line"), (Status.SCHEDULED, "for a worker"), (Status.REQUESTED, "for later"))


@dataclass(frozen=True)
class Alarm:
    """Something that does not mend itself."""

    text: str
    url: str = ""
    link: str = ""
    is_grave: bool = False


@dataclass(frozen=True)
class Overview:
    """`lines` are gates with what `gate_stats` tells of each; `unannounced` counts up to `_MOST_COUNTED`."""

    stats: ExecutionStats
    failures: Sequence[Execution]
    workers: Sequence[Worker]
    lines: Sequence[JsonObject]
    operations: Sequence[Operation]
    timers: Sequence[Timer]
    unannounced: int
    is_fresh: bool

    @property
    def running(self) -> int:
        return sum(self.stats.by_status[status] for status in ACTIVE)

    @property
    def waiting(self) -> int:
        return sum(self.stats.by_status[status] for status in WAITING)

    @property
    def waits_for(self) -> str:
        """`3 in line, 2 for a worker`."""
        counts = ((self.stats.by_status[status], what) for status, what in _WAITS_FOR)
        return ", ".join(f"{count:,} {what}" for count, what in counts if count)

    @property
    def living(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.status in Worker.LIVING]

    def alarms(self) -> Iterator[Alarm]:
        yield from self._worker_alarms()
        if self.unannounced:
            count = f"{self.unannounced:,}" if self.unannounced < _MOST_COUNTED else f"{_MOST_COUNTED:,} or more"
            yield Alarm(
                f"Changes that have not been announced: {count}. Pages are not live and operations do not begin. Is a "
                "conductor running?",
                is_grave=True,
            )
        for line in self.lines:
            if line["limit"] == 0:
                url = reverse("admin:gate", args=[line["gate"]])
                yield Alarm(
                    f"{line['waiting']:,} wait at {line['policy']}, which is paused (its limit is 0).", url, "Gate"
                )

    def _worker_alarms(self) -> Iterator[Alarm]:
        url = reverse("admin:workers")
        if not any(worker.status == Worker.Status.ACTIVE for worker in self.workers):
            yield Alarm("No worker is active: what is asked for waits until one is.", url, "Workers", is_grave=True)
        for worker in self.workers:
            if worker.status == Worker.Status.ACTIVE and worker.refusal:
                page = reverse("admin:worker", args=[worker.pk])
                yield Alarm(f"The worker {worker.name} takes nothing: {worker.refusal}", page, "Worker", is_grave=True)
        names = {worker.name for worker in self.living}
        for worker in self.workers:
            if worker.status == Worker.Status.LOST and worker.name not in names:
                yield Alarm(f"The worker {worker.name} was lost and has not come back.", url, "Workers")


def overview(identity: Identity) -> Overview:
    """For administrators of everything, for others of what is theirs. Nine queries; two more while somebody stands in
    a line, one more where nothing ever ran."""
    now = timezone.now()
    mine = Execution.objects.visible_to(identity)
    stats = execution_stats(mine, since=now - PERIOD, until=now + timedelta(minutes=1))
    failures = listed(mine.filter(status__in=FAILED, ended_at__gte=now - PERIOD)).order_by("-ended_at")
    return Overview(
        stats=stats,
        failures=list(failures[:_MOST]),
        workers=_workers(identity),
        lines=_lines(identity),
        operations=list(
            Operation.objects.visible_to(identity).filter(status=Operation.Status.FAILED, ended_at__gte=now - PERIOD)
            .defer("log", "input", "steps", "outcome")[:_MOST]
        ),
        timers=list(
            Timer.objects.visible_to(identity).filter(next_fire_at__isnull=False)
            .select_related("trigger__type").order_by("next_fire_at", "pk")[:_MOST]
        ),
        unannounced=_unannounced() if identity.is_administrator else 0,
        is_fresh=not any(stats.by_status.values()) and not mine.exists(),
    )  # fmt: skip


def _workers(identity: Identity) -> list[Worker]:
    """The living and those lost within the day, each with `used`, its busy slots."""
    busy = Execution.objects.filter(worker=OuterRef("pk"), status__in=ACTIVE).order_by().values("worker")
    used = Coalesce(Subquery(busy.annotate(count=Count("pk")).values("count")), 0, output_field=IntegerField())
    lost = Q(status=Worker.Status.LOST, last_heartbeat__gte=timezone.now() - PERIOD)
    rows = Worker.objects.visible_to(identity).filter(Q(status__in=Worker.LIVING) | lost)
    return list(rows.annotate(used=used).order_by("name", "-pk"))


def _lines(identity: Identity) -> list[JsonObject]:
    longest = gates_with_a_line()[:_MOST]
    if not longest or not may(identity, Verb.GATE_VIEW):
        return []
    gates = Gate.objects.visible_to(identity).select_related("policy").in_bulk(longest)
    return gate_stats([gates[pk] for pk in longest if pk in gates], reader=identity)


def _unannounced() -> int:
    """At most `_MOST_COUNTED`."""
    old = History.objects.filter(announced_at=None, at__lt=timezone.now() - _UNANNOUNCED_AFTER)
    return old.order_by()[:_MOST_COUNTED].count()
