"""One execution: where it stands and why, what it was given, what it gave back, and all it wrote."""

from urllib.parse import quote

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.actions.definition import parsed
from apps.console.execution_story import story_of
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import Invalid
from apps.core.schema import MASK
from apps.core.types import JsonObject, JsonValue
from apps.executions.artifacts import artifacts_of, large_result_name
from apps.executions.attempts import attempts_of
from apps.executions.models import Execution, History
from apps.executions.models.pin import MOST_REASON_CHARS
from apps.executions.retention.told import artifacts_removed, logs_removed
from apps.executions.services.cancel import UnknownExecution, cancel_execution
from apps.executions.services.pin import pin_execution, unpin_execution
from apps.executions.states import CANCELABLE, TERMINAL, WAITING
from apps.executions.waiting import explain
from apps.rules.models import Enforcement

_RELATED = ("definition", "requested_by", "worker", "pin__pinned_by")
_TABS = {"overview": "Overview", "log": "Log", "attempts": "Attempts", "children": "Children", "artifacts": "Artifacts"}


class ExecutionPage(Page):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/execution.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = self._visible(pk)
        tab = request.GET.get("tab", "")
        tab = tab if tab in _TABS else "overview"
        parents = [Parent("Executions", reverse("admin:executions"))]
        return self.show(
            f"Execution {pk}", parents=parents, execution=execution, tab=tab, tabs=_TABS,
            is_live=execution.status not in TERMINAL, is_waiting=execution.status in WAITING,
            may_cancel=execution.status in CANCELABLE and may(self.identity, Verb.EXECUTION_CANCEL, on=execution),
            may_run=may(self.identity, Verb.EXECUTION_RUN, on=execution),
            may_pin=may(self.identity, Verb.EXECUTION_PIN, on=execution), pin=getattr(execution, "pin", None),
            waiting=explain([execution])[pk], **self._tab(tab, execution),
        )  # fmt: skip

    def _visible(self, pk: int) -> Execution:
        rows = Execution.objects.visible_to(self.identity).select_related(*_RELATED)
        execution = rows.filter(pk=pk).first()
        if execution is None:
            raise UnknownExecution(f"There is no execution {pk}.")
        return execution

    def _tab(self, tab: str, execution: Execution) -> JsonObject:
        match tab:
            case "log":
                return self._log(execution)
            case "attempts":
                return {"attempts": attempts_of(execution, _history(execution))[::-1]}
            case "children":
                children = Execution.objects.visible_to(self.identity).filter(parent=execution)
                return {"page": page_of(children, self.request.GET)}
            case "artifacts":
                if told := artifacts_removed(execution):
                    return {"removed": told}
                return {"artifacts": _artifacts(execution)}
            case _:
                return {**_overview(execution), **self._cause(execution)}

    def _cause(self, execution: Execution) -> JsonObject:
        """The rule and the event that led to it, if it was a rule."""
        rows = Enforcement.objects.visible_to(self.identity).filter(execution=execution)
        cause = rows.select_related("rule", "event").defer("event__payload").first()
        return {
            "cause": cause,
            "may_see_event": cause is not None and may(self.identity, Verb.EVENT_VIEW, on=cause.event),
        }

    def _log(self, execution: Execution) -> JsonObject:
        asked = self.request.GET.get("attempt", "")
        is_one = asked.isascii() and asked.isdigit() and len(asked) < 10 and 1 <= int(asked) <= execution.attempt
        attempt = int(asked) if is_one else execution.attempt
        return {
            "attempt": attempt,
            "attempts": range(1, execution.attempt + 1),
            "removed": logs_removed(execution),
            "log": f"/api/v1/executions/{execution.pk}/logs?attempt={attempt}",
        }


class CancelingPage(Page):
    verbs = {"POST": Verb.EXECUTION_CANCEL}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = cancel_execution(self.identity, pk)
        return self.done(f"Execution {execution.pk} is {execution.status}.", reverse("admin:execution", args=[pk]))


class PinningPage(Page):
    """Pins, and lets go again."""

    verbs = {"POST": Verb.EXECUTION_PIN}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        if "let_go" in request.POST:
            unpin_execution(self.identity, pk)
            return self.done(f"Execution {pk} is kept as long as others are.", reverse("admin:execution", args=[pk]))
        reason = request.POST.get("reason", "").strip()
        if not reason or len(reason) > MOST_REASON_CHARS or not reason.isprintable():
            raise Invalid(f"Say why it is to be kept, in one line of at most {MOST_REASON_CHARS} characters.")
        pin_execution(self.identity, pk, reason=reason)
        return self.done(f"Execution {pk} is kept whatever its age.", reverse("admin:execution", args=[pk]))


def _history(execution: Execution) -> list[History]:
    return list(execution.history.select_related("worker").order_by("id"))


def _overview(execution: Execution) -> JsonObject:
    is_large = large_result_name(execution) is not None
    return {
        "parameters": _shown_parameters(execution),
        "story": story_of(_history(execution)),
        "result_json": "" if execution.result is None or is_large else _indented(execution.result),
        "large_result": execution.result if is_large else None,
        "result_link": f"/api/v1/executions/{execution.pk}/result",
        "waited_s": _waited_s(execution),
    }


def _shown_parameters(execution: Execution) -> list[tuple[str, str, bool]]:
    """Name, JSON, and whether it is secret: then its value is not even loaded."""
    schema = parsed(execution.definition.digest, execution.definition.body).schema
    shown = [(name, _indented(value), False) for name, value in execution.parameters.items()]
    if execution.secret_parameters_id is not None:
        shown += [(name, MASK, True) for name in sorted(schema.secrets)]
    return shown


def _indented(value: JsonValue) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _waited_s(execution: Execution) -> float | None:
    began = execution.started_at or execution.ended_at
    return (began - execution.created_at).total_seconds() if began else None


def _artifacts(execution: Execution) -> list[JsonObject]:
    base = f"/api/v1/executions/{execution.pk}/artifacts"
    return [
        {
            "name": item.name,
            "attempt": item.attempt,
            "size_bytes": item.size_bytes,
            "link": f"{base}/{item.attempt}/{quote(item.name)}",
        }
        for item in artifacts_of(execution)
    ]
