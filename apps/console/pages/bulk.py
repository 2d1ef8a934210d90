"""Cancels or runs again many executions: first shows which, then does it to exactly these."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, require
from apps.console.execution_filters import narrow
from apps.console.pages.base import Page, Parent
from apps.core.errors import FieldError, Invalid
from apps.executions.models import Execution
from apps.executions.querysets import ExecutionQuerySet
from apps.executions.services.bulk import MAX_BULK, Outcome, cancel_many, rerun_many
from apps.executions.states import CANCELABLE

#: Reasons told one by one; the rest is counted.
_MOST_REASONS = 3


class Deed(NamedTuple):
    """`fits` narrows to those it can be done to; the others are told of as `left_out`."""

    name: str
    title: str
    button: str
    explanation: str
    nothing: str
    left_out: str
    done: str
    verb: Verb
    fits: Callable[[ExecutionQuerySet], ExecutionQuerySet]
    do: Callable[[Identity, Sequence[int]], list[Outcome]]


DEEDS = {
    "cancel": Deed(
        "cancel", "Cancel executions", "Cancel", "What waits ends at once; what runs is told to stop, then killed.",
        "There is nothing to cancel: none of them is waiting or running.", "they have ended or are being canceled",
        "Canceled {}.", Verb.EXECUTION_CANCEL, lambda rows: rows.filter(status__in=CANCELABLE), cancel_many,
    ),
    "rerun": Deed(
        "rerun", "Run executions again", "Run again",
        "Each is asked for anew, with the same parameters, of its action as it is now, in the order in which they were "
        "asked for first.",
        "There is nothing to run again.", "they are no longer there", "Asked anew for {}.", Verb.EXECUTION_RUN,
        lambda rows: rows, rerun_many,
    ),
}  # fmt: skip


class BulkPage(Page):
    """`?deed=cancel|rerun` with `id` (repeated), or with `all=1`; `filters` is the query of the list, to narrow by and
    to go back to."""

    verbs = {"GET": Verb.EXECUTION_VIEW, "POST": Verb.EXECUTION_VIEW}
    template_name = "console/bulk.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        deed, filters = self._deed(request.GET), QueryDict(request.GET.get("filters", ""))
        rows = Execution.objects.visible_to(self.identity)
        chosen = None if request.GET.get("all") else ids_in(request.GET)
        if chosen is None:
            narrowed = narrow(rows, filters)
            if narrowed.errors:
                raise Invalid(" ".join(narrowed.errors.values()))
            rows = narrowed.rows
        else:
            rows = rows.filter(pk__in=chosen)
        found = list(_told(deed.fits(rows)).order_by("-pk")[: MAX_BULK + 1])
        shown = found[:MAX_BULK]
        return self.show(
            deed.title, parents=[Parent("Executions", reverse("admin:executions"))], deed=deed, rows=shown,
            is_cut=len(found) > MAX_BULK, left_out=len(chosen) - len(shown) if chosen is not None else 0,
            filters=filters.urlencode(), back=_list(filters),
        )  # fmt: skip

    def post(self, request: HttpRequest) -> HttpResponse:
        deed, filters = self._deed(request.POST), QueryDict(request.POST.get("filters", ""))
        self.acted_verb = deed.verb
        require(self.identity, deed.verb)
        outcomes = deed.do(self.identity, sorted(ids_in(request.POST)))
        refused = [outcome for outcome in outcomes if not outcome.ok]
        if refused:
            messages.warning(request, _refusals(refused))
        done = len(outcomes) - len(refused)
        if not done:
            return HttpResponseRedirect(_list(filters))
        return self.done(deed.done.format(f"{done} execution{'' if done == 1 else 's'}"), _list(filters))

    def fallback(self) -> str:
        return reverse("admin:executions")

    def _deed(self, query: QueryDict) -> Deed:
        deed = DEEDS.get(query.get("deed", ""))
        if deed is None:
            raise Invalid("Nothing was chosen that could be done to them.")
        return deed


def ids_in(query: QueryDict) -> list[int]:
    """The different ids of `id`. Raises `Invalid`."""
    texts = list(dict.fromkeys(query.getlist("id")))
    if len(texts) > MAX_BULK:
        raise Invalid(f"At most {MAX_BULK} executions are taken at once.")
    if wrong := [text for text in texts if not (text.isascii() and text.isdigit() and len(text) < 19)]:
        raise Invalid(f"{wrong[0][:40]!r} is no execution.", errors=[FieldError("/id", "invalid", "no number")])
    return [int(text) for text in texts]


def _told(rows: ExecutionQuerySet) -> "QuerySet[Execution, tuple[int, str, str, datetime]]":
    return rows.values_list("pk", "action_ref", "status", "created_at")


def _list(filters: QueryDict) -> str:
    url = reverse("admin:executions")
    return f"{url}?{filters.urlencode()}" if filters else url


def _refusals(refused: Sequence[Outcome]) -> str:
    """Each reason once, with how many it was for where that is not one."""
    reasons = Counter(outcome.detail for outcome in refused)
    told = [f"{text} ({count} times)" if count > 1 else text for text, count in reasons.most_common(_MOST_REASONS)]
    rest = sum(count for _, count in reasons.most_common()[_MOST_REASONS:])
    return " ".join([f"{len(refused)} could not be done:", *told, *([f"And {rest} more."] if rest else [])])
