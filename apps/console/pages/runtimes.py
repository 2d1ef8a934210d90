"""Runtimes: the languages Attune knows, which workers have them, and why others have not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.models import Runtime
from apps.workers.models import Worker


@dataclass(frozen=True)
class _OnWorkers:
    """`having`: worker and its versions, `missing`: worker and why."""

    runtime: Runtime
    definition: RuntimeDefinition
    having: list[tuple[Worker, list[str]]] = field(default_factory=list)
    missing: list[tuple[Worker, str]] = field(default_factory=list)


class RuntimesPage(Page):
    verbs = {"GET": Verb.RUNTIME_VIEW}
    template_name = "console/runtimes.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        living = Worker.objects.visible_to(self.identity).living().order_by("name")
        workers = list(living.only("name", "runtimes", "missing_runtimes", "status"))
        rows = Runtime.objects.visible_to(self.identity)
        return self.show("Runtimes", runtimes=[_on_workers(row, workers) for row in rows], worker_count=len(workers))


def _on_workers(runtime: Runtime, workers: Sequence[Worker]) -> _OnWorkers:
    told = _OnWorkers(runtime, runtime.parsed)
    for worker in workers:
        if found := worker.runtimes.get(runtime.name):
            told.having.append((worker, [item["version"] for item in found]))
        else:
            why = (worker.missing_runtimes or {}).get(
                runtime.name, "it has not looked yet, or was told not to serve it"
            )
            told.missing.append((worker, why))
    return told
