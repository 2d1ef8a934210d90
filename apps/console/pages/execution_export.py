"""The list of executions as a file, narrowed as it is shown."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from apps.accounts.permissions import Verb
from apps.console.execution_filters import narrow
from apps.console.execution_list import with_error
from apps.console.pages.base import Page
from apps.core.errors import Invalid
from apps.executions.models import Execution

#: A few megabytes, put together at once.
MOST_EXPORTED = 10_000
_FIELDS = (
    "id", "action", "status", "error", "labels", "attempt", "requested_by", "worker", "created_at", "started_at",
    "ended_at",
)  # fmt: skip
_COLUMNS = (
    "pk", "action_ref", "status", "error_message", "labels", "attempt", "requested_by__username", "worker__name",
    "created_at", "started_at", "ended_at",
)  # fmt: skip
#: A spreadsheet takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExecutionsExportPage(Page):
    """`csv` or `json`; the newest first."""

    verbs = {"GET": Verb.EXECUTION_VIEW}

    def get(self, request: HttpRequest, form: str) -> HttpResponse:
        if form not in ("csv", "json"):
            raise Http404
        narrowed = narrow(Execution.objects.visible_to(self.identity), request.GET)
        if narrowed.errors:
            raise Invalid(" ".join(narrowed.errors.values()))
        rows = list(with_error(narrowed.rows).order_by("-pk").values_list(*_COLUMNS)[:MOST_EXPORTED])
        body, kind = (_csv(rows), "text/csv") if form == "csv" else (_json(rows), "application/json")
        name = f"executions-{timezone.now():%Y%m%d-%H%M%S}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(body, content_type=f"{kind}; charset=utf-8", headers=headers)


def _json(rows: Iterable[Sequence[Any]]) -> bytes:
    return orjson.dumps([dict(zip(_FIELDS, row, strict=True)) for row in rows], option=orjson.OPT_INDENT_2)


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_FIELDS)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = " ".join(f"{name}:{text}" for name, text in value.items())
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
