"""Actions: what can run, and everything about one of them."""

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.actions.definition import parsed
from apps.actions.models import Action, ActionQuerySet
from apps.actions.services.lookup import get_action, set_action_enabled
from apps.console.action_words import cli_line, curl_line, parameter_rows
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.console.schema_form.fields import as_text
from apps.core.errors import Invalid
from apps.executions.models import Execution
from apps.executions.policies.loss import MAX_LOSSES
from apps.executions.statistics import action_stats
from apps.packs.models import Pack

#: Longest text that is searched for.
_MOST_CHARACTERS = 255
_RECENT = 10


class ActionsPage(Page):
    verbs = {"GET": Verb.ACTION_VIEW}
    template_name = "console/actions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = {name: _chosen(request, name) for name in ("q", "pack", "runtime", "enabled")}
        every = Action.objects.visible_to(self.identity)
        found = _narrowed(every, chosen)
        rows = found.select_related("pack").defer("pack__description")
        return self.show(
            "Actions", page=page_by_name(rows, request.GET, name="ref"), count=found.count(), chosen=chosen,
            is_narrowed=any(chosen.values()),
            packs=Pack.objects.visible_to(self.identity).order_by("ref").values_list("ref", flat=True),
            runtimes=every.order_by("runtime").values_list("runtime", flat=True).distinct(),
            may_run=may(self.identity, Verb.EXECUTION_RUN),
        )  # fmt: skip


class ActionPage(Page):
    verbs = {"GET": Verb.ACTION_VIEW}
    template_name = "console/action.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = get_action(self.identity, ref)
        definition = parsed(action.definition.digest, action.definition.body)
        origin = settings.ATTUNE_BASE_URL or request.build_absolute_uri("/").rstrip("/")
        recent = Execution.objects.visible_to(self.identity).filter(action_ref=ref).order_by("-pk")[:_RECENT]
        return self.show(
            ref, parents=[Parent("Actions", reverse("admin:actions"))], action=action, definition=definition,
            parameters=parameter_rows(definition),
            output=as_text(definition.output, is_indented=True) if definition.output else "",
            recent=recent,
            stats=action_stats(ref, reader=self.identity) if may(self.identity, Verb.GATE_VIEW, on=action) else None,
            cli=cli_line(ref, definition), curl=curl_line(ref, definition, origin=origin),
            may_run=may(self.identity, Verb.EXECUTION_RUN, on=action),
            may_manage=may(self.identity, Verb.ACTION_MANAGE, on=action), max_losses=MAX_LOSSES,
            time_limit_s=definition.timeout_s or settings.ATTUNE_TASK_TIMEOUT_S,
        )  # fmt: skip


class EnablingPage(Page):
    """The operator's word against the file's."""

    verbs = {"POST": Verb.ACTION_MANAGE}

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        word = request.POST.get("enabled", "")
        if word not in _WORDS:
            raise Invalid("An action is set to on, off or file, as its form says.")
        enabled = _WORDS[word]
        set_action_enabled(self.identity, ref=ref, enabled=enabled)
        return self.done(f"{ref} {_SAID[enabled]}.", reverse("admin:action", args=[ref]))


_WORDS = {"on": True, "off": False, "file": None}
_SAID = {True: "is enabled", False: "is disabled", None: "is enabled or disabled as its pack's file says"}


def _chosen(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").strip().replace("\0", "")[:_MOST_CHARACTERS]


def _narrowed(actions: ActionQuerySet, chosen: dict[str, str]) -> ActionQuerySet:
    if chosen["q"]:
        actions = actions.filter(Q(ref__icontains=chosen["q"]) | Q(description__icontains=chosen["q"]))
    if chosen["pack"]:
        actions = actions.filter(pack__ref=chosen["pack"])
    if chosen["runtime"]:
        actions = actions.filter(runtime=chosen["runtime"])
    if chosen["enabled"] in ("yes", "no"):
        is_enabled = Q(enabled_override=True) | Q(enabled_override__isnull=True, is_enabled_by_pack=True)
        is_enabled &= Q(pack__is_enabled=True)
        actions = actions.filter(is_enabled if chosen["enabled"] == "yes" else ~is_enabled)
    return actions
