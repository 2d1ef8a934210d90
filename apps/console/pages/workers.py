"""Workers: whether they live, how busy they are, what they can run and what they run now; and taking them out of
service."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import Invalid, NotFound
from apps.executions.models import Execution
from apps.executions.states import ACTIVE
from apps.workers.duty import Duty, set_duty
from apps.workers.models import Worker

#: Executions named in a worker's row of the list, and on its own page.
_NAMED_IN_LIST = 3
_SHOWN = 100
#: Earlier runs under the same name, on a worker's page.
_EARLIER = 20


class WorkersPage(Page):
    """Those that live; `?show=all` also those that ended."""

    verbs = {"GET": Verb.WORKER_VIEW}
    template_name = "console/workers.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Worker.objects.visible_to(self.identity)
        shows_all = request.GET.get("show") == "all"
        page = page_of(rows if shows_all else rows.living(), request.GET)
        used, named = _used([row.pk for row in page.rows]), self._named(page.rows)
        workers = [(worker, used.get(worker.pk, 0), named.get(worker.pk, ())) for worker in page.rows]
        manages = may(self.identity, Verb.WORKER_MANAGE)
        return self.show("Workers", page=page, workers=workers, shows_all=shows_all, may_manage=manages)

    def _named(self, workers: Iterable[Worker]) -> Mapping[int, list[Execution]]:
        """The newest few on each worker, as far as they are this identity's to see."""
        place = Window(RowNumber(), partition_by=F("worker"), order_by=F("id").desc())
        rows = Execution.objects.visible_to(self.identity).filter(worker__in=list(workers), status__in=ACTIVE)
        newest = rows.annotate(place=place).filter(place__lte=_NAMED_IN_LIST).only("action_ref", "worker_id", "status")
        named: dict[int, list[Execution]] = defaultdict(list)
        for row in newest.order_by("-pk"):
            named[row.worker_id or 0].append(row)
        return named


class WorkerPage(Page):
    verbs = {"GET": Verb.WORKER_VIEW}
    template_name = "console/worker.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        worker = Worker.objects.visible_to(self.identity).filter(pk=pk).first()
        if worker is None:
            raise NotFound(f"There is no worker {pk}; those that ended are forgotten after a while.")
        running = Execution.objects.visible_to(self.identity).filter(worker=worker, status__in=ACTIVE)
        earlier = Worker.objects.filter(name=worker.name).exclude(pk=worker.pk)
        return self.show(
            worker.name,
            parents=[Parent("Workers", reverse("admin:workers"))],
            worker=worker,
            used=_used([worker.pk]).get(worker.pk, 0),
            running=running.order_by("-pk")[:_SHOWN],
            runtimes=sorted(worker.runtimes.items()),
            missing=sorted((worker.missing_runtimes or {}).items()),
            earlier=earlier[:_EARLIER],
            may_manage=may(self.identity, Verb.WORKER_MANAGE),
        )


class DutyPage(Page):
    """What operators ask of a worker; back to the page the button stood on."""

    verbs = {"POST": Verb.WORKER_MANAGE}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        given = request.POST.get("duty", "")
        if given not in tuple(Duty):
            raise Invalid("Say what is asked of it: cordon, uncordon or drain.")
        worker = Worker.objects.visible_to(self.identity).filter(pk=pk).first()
        if worker is None or worker.status not in Worker.LIVING:
            raise NotFound("This worker has ended; one that was started again has a page of its own.")
        set_duty(self.identity, worker.name, Duty(given))
        return self.done(f"{worker.name} {_SAID[Duty(given)]}.")

    def fallback(self) -> str:
        return reverse("admin:workers")


_SAID = {
    Duty.CORDON: "takes nothing new",
    Duty.UNCORDON: "takes work again",
    Duty.DRAIN: "takes nothing new and is emptied",
}


def _used(worker_ids: Sequence[int]) -> dict[int, int]:
    counted = (
        Execution.objects.filter(worker__in=worker_ids, status__in=ACTIVE).values("worker").annotate(n=Count("id"))
    )
    return {row["worker"]: row["n"] for row in counted.order_by() if row["worker"] is not None}
