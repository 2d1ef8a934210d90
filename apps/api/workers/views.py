"""Workers over REST."""

from typing import Any

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.views import ListView
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.states import ACTIVE
from apps.workers.models import Worker


class WorkerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    status = serializers.CharField()
    refusal = serializers.CharField(allow_null=True, help_text="why it takes nothing of its own accord")
    host = serializers.CharField()
    pid = serializers.IntegerField()
    pool = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    runtimes = serializers.JSONField()
    queues = serializers.ListField(child=serializers.CharField())
    slots = serializers.IntegerField()
    running = serializers.IntegerField()
    version = serializers.CharField()
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
        running = _running_on([row.pk for row in rows])
        return [_represent(row, running.get(row.pk, 0)) for row in rows]

    @extend_schema(responses=WorkerPageSerializer, operation_id="workers_list")
    def get(self, request: Request) -> Response:
        """Workers, newest first; those that ended too, until they are collected."""
        return self.page(request)


def _running_on(worker_ids: list[int]) -> dict[int, int]:
    found = Execution.objects.filter(worker__in=worker_ids, status__in=ACTIVE).values("worker").annotate(n=Count("id"))
    return {row["worker"]: row["n"] for row in found.order_by()}


def _represent(worker: Worker, running: int) -> JsonObject:
    return {
        "name": worker.name,
        "status": worker.status,
        "refusal": worker.refusal or None,
        "host": worker.host,
        "pid": worker.pid,
        "pool": worker.pool,
        "labels": worker.labels,
        "runtimes": worker.runtimes,
        "queues": worker.queues,
        "slots": worker.slots,
        "running": running,
        "version": worker.version,
        "started_at": worker.started_at,
        "last_heartbeat": worker.last_heartbeat,
        "ended_at": worker.ended_at,
    }
