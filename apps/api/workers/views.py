"""Workers over REST: how they are, and what operators ask of them."""

from typing import Any, ClassVar

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.views import ListView, View, sparse
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.states import ACTIVE
from apps.workers.duty import Duty, UnknownWorker, set_duty
from apps.workers.models import Worker


class WorkerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    status = serializers.CharField()
    refusal = serializers.CharField(allow_null=True, help_text="why it takes nothing of its own accord")
    is_stopping = serializers.BooleanField(help_text="its process was told to end; it cannot be taken back")
    host = serializers.CharField()
    pid = serializers.IntegerField()
    pool = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    runtimes = serializers.JSONField()
    missing_runtimes = serializers.DictField(
        child=serializers.CharField(), help_text="those it looked for and does not have: why"
    )
    queues = serializers.ListField(child=serializers.CharField())
    slots = serializers.IntegerField()
    running = serializers.IntegerField()
    version = serializers.CharField()
    runs_as = serializers.CharField(help_text="user of actions and builds")
    is_apart = serializers.BooleanField(help_text="that user is not the worker's own")
    started_at = serializers.DateTimeField()
    last_heartbeat = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class WorkerPageSerializer(serializers.Serializer[Any]):
    results = WorkerSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class WorkersView(ListView):
    verbs = {"GET": Verb.WORKER_VIEW}
    shape = WorkerSerializer
    filters = (
        Filter(
            "status",
            "active, cordoned, draining, lost, stopped",
            lambda rows, value: rows.filter(status__in=value),
            filtering.one_of(*Worker.Status.values),
        ),
        Filter("pool", "name of a pool", lambda rows, value: rows.filter(pool=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Worker.objects.visible_to(self.identity(request))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return _represent(rows)

    @extend_schema(responses=WorkerPageSerializer, operation_id="workers_list")
    def get(self, request: Request) -> Response:
        """Workers, newest first; those that ended too, until they are collected."""
        return self.page(request)


class WorkerView(View):
    verbs = {"GET": Verb.WORKER_VIEW}

    @extend_schema(responses=WorkerSerializer, operation_id="workers_retrieve")
    def get(self, request: Request, name: str) -> Response:
        """The living worker of this name, else the newest that had it."""
        self.only_parameters(request, "fields")
        rows = Worker.objects.visible_to(self.identity(request)).filter(name=name)
        worker = rows.living().first() or rows.first()
        if worker is None:
            raise UnknownWorker(f"There is no worker called {name!r}.")
        return Response(sparse(request, _represent([worker])[0]))


class DutyView(View):
    """Asks a living worker for `duty`; it obeys within a heartbeat. 409 `worker_stopping`: its process ends anyway."""

    verbs = {"POST": Verb.WORKER_MANAGE}
    duty: ClassVar[Duty]

    def ask(self, request: Request, name: str, *, status: int = 200) -> Response:
        self.only_parameters(request)
        self.no_body(request)
        return Response(_represent([set_duty(self.identity(request), name, self.duty)])[0], status=status)


class CordonView(DutyView):
    duty = Duty.CORDON

    @extend_schema(request=None, responses=WorkerSerializer, operation_id="workers_cordon")
    def post(self, request: Request, name: str) -> Response:
        """The worker takes nothing new; what it runs goes on."""
        return self.ask(request, name)


class UncordonView(DutyView):
    duty = Duty.UNCORDON

    @extend_schema(request=None, responses=WorkerSerializer, operation_id="workers_uncordon")
    def post(self, request: Request, name: str) -> Response:
        """The worker takes work again; this ends a drain too."""
        return self.ask(request, name)


class DrainView(DutyView):
    duty = Duty.DRAIN

    @extend_schema(request=None, responses={202: WorkerSerializer}, operation_id="workers_drain")
    def post(self, request: Request, name: str) -> Response:
        """The worker takes nothing new; what still runs after `ATTUNE_DRAIN_S` is interrupted and goes back to its
        place. `running` counts what is left.
        """
        return self.ask(request, name, status=202)


def _running_on(worker_ids: list[int]) -> dict[int, int]:
    found = Execution.objects.filter(worker__in=worker_ids, status__in=ACTIVE).values("worker").annotate(n=Count("id"))
    return {row["worker"]: row["n"] for row in found.order_by()}


def _represent(workers: list[Worker]) -> list[JsonObject]:
    running = _running_on([worker.pk for worker in workers])
    return [_one(worker, running.get(worker.pk, 0)) for worker in workers]


def _one(worker: Worker, running: int) -> JsonObject:
    return {
        "name": worker.name,
        "status": worker.status,
        "refusal": worker.refusal or None,
        "is_stopping": worker.is_stopping,
        "host": worker.host,
        "pid": worker.pid,
        "pool": worker.pool,
        "labels": worker.labels,
        "runtimes": worker.runtimes,
        "missing_runtimes": worker.missing_runtimes or {},
        "queues": worker.queues,
        "slots": worker.slots,
        "running": running,
        "version": worker.version,
        "runs_as": worker.runs_as,
        "is_apart": worker.is_apart,
        "started_at": worker.started_at,
        "last_heartbeat": worker.last_heartbeat,
        "ended_at": worker.ended_at,
    }
