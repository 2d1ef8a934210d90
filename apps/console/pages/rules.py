"""Rules: the list, and everything about one of them: what it says, what came of it, and why not."""

from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.enforcement_list import listed
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.console.rule_form.rows import NotInRows, Row, rows_of
from apps.console.schema_form.fields import as_text
from apps.core.errors import Invalid
from apps.rules.models import Enforcement, Rule
from apps.rules.models.rule import RuleQuerySet
from apps.rules.services.explain import MOST_LOOKED_AT, lately
from apps.rules.services.rules import get_rule, remove_rule, update_rule
from apps.triggers.types import own_ref

#: Longest text that is searched for.
_MOST_CHARACTERS = 255
_RECENT = 10
_VERSIONS = 20
_FILTERS = ("q", "pack", "trigger", "action", "owner", "enabled")


class RulesPage(Page):
    verbs = {"GET": Verb.RULE_VIEW}
    template_name = "console/rules.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = {name: _chosen(request, name) for name in _FILTERS}
        rows = _narrowed(Rule.objects.visible_to(self.identity).in_force(), chosen)
        # Not by what is equal: then PostgreSQL takes the order of the key, and looks through what all rules did for one
        # that did little.
        of_rule = Enforcement.objects.filter(rule__gte=OuterRef("pk"), rule__lte=OuterRef("pk"))
        last = of_rule.order_by("-rule_id", "-pk")
        rows = rows.select_related("trigger__type", "owner").annotate(
            last_status=Subquery(last.values("status")[:1]), last_at=Subquery(last.values("at")[:1])
        )
        return self.show(
            "Rules", page=page_by_name(rows, request.GET, name="ref"), chosen=chosen,
            is_narrowed=any(chosen.values()), may_manage=may(self.identity, Verb.RULE_MANAGE),
        )  # fmt: skip


class RulePage(Page):
    """`?event=` asks its tester about that event at once."""

    verbs = {"GET": Verb.RULE_VIEW, "POST": Verb.RULE_MANAGE}
    template_name = "console/rule.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        rule = get_rule(self.identity, ref)
        enforcements = listed(Enforcement.objects.filter(rule=rule), reader=self.identity).order_by("-pk")
        versions = rule.versions.select_related("by")[:_VERSIONS]
        met = lately(rule, reader=self.identity, most=_RECENT)
        may_manage = may(self.identity, Verb.RULE_MANAGE, on=rule)
        return self.show(
            ref, parents=[Parent("Rules", reverse("admin:rules"))], rule=rule, rows=_rows(rule),
            criteria=as_text(rule.criteria, is_indented=True),
            trigger_parameters=[(name, as_text(value)) for name, value in rule.trigger.parameters.items()],
            parameters=[(name, _said(value)) for name, value in rule.parameters.items()],
            versions=[(row, as_text(row.body, is_indented=True)) for row in versions],
            enforcements=enforcements[:_RECENT], met=met,
            events=[told.event for told in met], most_looked_at=MOST_LOOKED_AT,
            may_manage=may_manage, may_edit=may_manage and rule.source == Rule.Source.MADE,
            asked=_number(request.GET.get("event", "")),
        )  # fmt: skip

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        rule = get_rule(self.identity, ref, to=Verb.RULE_MANAGE)
        match request.POST.get("deed"):
            case "enable":
                rule = update_rule(self.identity, rule, {"is_enabled": True})
                return self.done(f"{ref} {from_now_on(rule)}.", reverse("admin:rule", args=[ref]))
            case "disable":
                update_rule(self.identity, rule, {"is_enabled": False})
                return self.done(f"{ref} rests; what it started goes on.", reverse("admin:rule", args=[ref]))
            case "delete":
                remove_rule(self.identity, rule)
                return self.done(f"{ref} is deleted; what it did stays to be seen.", reverse("admin:rules"))
        raise Invalid("A rule is enabled, disabled or deleted here.")


def from_now_on(rule: Rule) -> str:
    """What is said of one that was just made or enabled."""
    if not rule.is_enabled:
        return "is disabled for now"
    if not rule.is_pack_enabled:
        return f"is enabled, but its pack {rule.pack_ref} is not: it does nothing for now"
    return "listens from now on"


def _narrowed(rules: RuleQuerySet, chosen: dict[str, str]) -> RuleQuerySet:
    if chosen["q"]:
        rules = rules.filter(Q(ref__icontains=chosen["q"]) | Q(description__icontains=chosen["q"]))
    if chosen["trigger"]:
        rules = rules.filter(trigger__type__ref=own_ref(chosen["trigger"]))
    for name, column in (("pack", "pack_ref"), ("action", "action_ref"), ("owner", "owner__username")):
        if chosen[name]:
            rules = rules.filter(**{column: chosen[name]})
    if chosen["enabled"] in ("yes", "no"):
        is_active = Q(is_enabled=True, is_pack_enabled=True)
        rules = rules.filter(is_active if chosen["enabled"] == "yes" else ~is_active)
    return rules


def _rows(rule: Rule) -> list[Row] | None:
    try:
        return rows_of(rule.criteria)
    except NotInRows:
        return None


def _said(value: object) -> str:
    return value if isinstance(value, str) else as_text(value, is_indented=True)


def _chosen(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").strip().replace("\0", "")[:_MOST_CHARACTERS]


def _number(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 19 else ""
