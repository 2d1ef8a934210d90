"""Operations: long administrative work, how far it is, what it said, how it ended."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.pages.base import Page, Parent
from apps.console.pages.pack_tests import facts_of
from apps.console.paging import page_of
from apps.core.errors import NotFound
from apps.core.types import JsonObject
from apps.operations import kinds
from apps.operations.models import Operation
from apps.packs.content_text import content_text
from apps.packs.operations import INSTALL, ROLLBACK, UPGRADE
from apps.packs.sources.address import Kind


class OperationsPage(Page):
    verbs = {"GET": Verb.OPERATION_VIEW}
    template_name = "console/operations.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Operation.objects.visible_to(self.identity).select_related("requested_by").defer("log", "input", "steps")
        known = kinds.known()
        status, kind = request.GET.get("status", ""), request.GET.get("kind", "")
        if status in Operation.Status.values:
            rows = rows.filter(status=status)
        if kind in known:
            rows = rows.filter(kind=kind)
        return self.show(
            "Operations",
            page=page_of(rows, request.GET),
            statuses=Operation.Status.values,
            kinds=known,
            wanted={"status": status, "kind": kind},
        )


class OperationPage(Page):
    verbs = {"GET": Verb.OPERATION_VIEW}
    template_name = "console/operation.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = Operation.objects.visible_to(self.identity).select_related("requested_by")
        operation = rows.filter(pk=pk).first()
        if operation is None:
            raise NotFound(f"There is no operation {pk}, or it is not yours to see.")
        facts = {
            "steps": [_step(step) for step in operation.steps],
            "inputs": _inputs(operation),
            "errors": [_error(item) for item in (operation.error or {}).get("errors", ())],
            **self._pack(operation),
            **facts_of(operation),
        }
        title = f"{operation.kind} #{operation.pk}"
        return self.show(
            title, parents=[Parent("Operations", reverse("admin:operations"))], operation=operation, **facts
        )

    def _pack(self, operation: Operation) -> dict[str, Any]:
        """What an installation leads to: the pack, or the form again."""
        if operation.kind not in (INSTALL, UPGRADE, ROLLBACK):
            return {}
        facts: dict[str, Any] = {}
        outcome, given = operation.outcome, operation.input
        if outcome:
            is_trial = bool(given.get("dry_run"))
            facts["outcome_text"] = _outcome_text(outcome, is_trial=is_trial)
            facts["pack_ref"] = "" if is_trial else outcome["ref"]
            facts["diff"] = [(name.replace("_", " "), lists) for name, lists in outcome.get("diff", {}).items()]
            facts["has_diff"] = "diff" in outcome
        if operation.kind != INSTALL:
            is_tried = bool(outcome and given.get("dry_run") and outcome["change"] != "unchanged")
            facts["upgrade"] = given if is_tried and may(self.identity, Verb.PACK_INSTALL) else None
            return facts
        is_gone = given.get("kind") == Kind.UPLOAD  # an archive that was sent is not kept
        if operation.is_ended and not is_gone and may(self.identity, Verb.PACK_INSTALL):
            values = {name: given[name] for name in ("source", "ref") if given.get(name)}
            values |= {"force": "on"} if given.get("force") else {}
            facts["again_url"] = f"{reverse('admin:pack_install')}?{urlencode(values)}"
            facts["again_label"] = "Install it" if outcome and given.get("dry_run") else "Install again"
        return facts


def _inputs(operation: Operation) -> list[tuple[str, object]]:
    """What was asked for, for people: not what only the handler needs."""
    given = {name: value for name, value in operation.input.items() if name not in _INTERNAL and value != ""}
    return [("of", operation.subject), *((name.replace("_", " "), value) for name, value in given.items())]


#: Told by the subject already, or handed over from one process to another.
_INTERNAL = frozenset({"kind", "source", "ref", "pack", "version", "digest", "origin", "candidate", "is_proven"})

_CHANGES = {
    "installed": "is installed",
    "upgraded": "is the current version",
    "downgraded": "serves in the place of a higher version",
    "rolled_back": "serves again",
    "replaced": "is replaced",
    "unchanged": "was installed already; nothing changed",
}
_TRIALS = {
    "installed": "would be installed",
    "upgraded": "would become the current version",
    "downgraded": "would serve in the place of a higher version",
    "replaced": "would be replaced",
    "unchanged": "is installed already",
}


def _outcome_text(outcome: JsonObject, *, is_trial: bool) -> str:
    deed = (_TRIALS if is_trial else _CHANGES).get(outcome["change"], outcome["change"])
    held = content_text(outcome["content"])
    trial = " Nothing was changed." if is_trial else ""
    return f"{outcome['ref']} {outcome['version']} {deed}{f' ({held})' if held else ''}.{trial}"


def _step(step: JsonObject) -> JsonObject:
    started, ended = (datetime.fromisoformat(step[name]) if step[name] else None for name in ("started_at", "ended_at"))
    return {**step, "duration_s": (ended - started).total_seconds() if started and ended else None}


def _error(item: JsonObject) -> JsonObject:
    """One line of the list: of a file (`file`, `line`) or of a field (`pointer`)."""
    where = item.get("file") or item.get("pointer", "")
    return {
        "where": f"{where}:{item['line']}" if item.get("line") else where,
        "detail": item.get("detail", ""),
        "hint": item.get("hint", ""),
    }
