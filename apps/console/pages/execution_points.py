"""The points of the chart over the list of executions, as JSON."""

from datetime import datetime

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.accounts.permissions import Verb
from apps.console.execution_filters import narrow
from apps.console.pages.base import Page
from apps.executions.models import Execution

#: More do not fit the eye, nor one answer of 20 ms.
MOST_POINTS = 2000


class ExecutionPointsPage(Page):
    """`{ids, created, durations, statuses, actions, is_cut}`: the newest of the list that have started, oldest first.

    Times in seconds since 1970, durations in seconds; what still runs has the duration it has reached. 400 with
    `{errors}` while a filter is wrong.
    """

    verbs = {"GET": Verb.EXECUTION_VIEW}

    def get(self, request: HttpRequest) -> HttpResponse:
        narrowed = narrow(Execution.objects.visible_to(self.identity), request.GET)
        if narrowed.errors:
            return _json({"errors": narrowed.errors}, status=400)
        columns = ("pk", "created_at", "started_at", "ended_at", "status", "action_ref")
        rows = list(narrowed.rows.order_by("-pk").values_list(*columns)[: MOST_POINTS + 1])
        is_cut = len(rows) > MOST_POINTS
        started = [row for row in rows[MOST_POINTS - 1 :: -1] if row[2] is not None]
        now = timezone.now()
        return _json(
            {
                "ids": [row[0] for row in started],
                "created": [row[1].timestamp() for row in started],
                "durations": [_seconds(row[2], row[3] or now) for row in started],
                "statuses": [row[4] for row in started],
                "actions": [row[5] for row in started],
                "is_cut": is_cut,
            }
        )


def _seconds(start: datetime, end: datetime) -> float:
    return round(max(0.0, (end - start).total_seconds()), 3)


def _json(body: object, *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), content_type="application/json", status=status)
