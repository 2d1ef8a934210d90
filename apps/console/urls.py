"""Addresses of the console's own pages, below `/admin/`."""

from typing import TYPE_CHECKING

from django.urls import URLPattern, path

from apps.core import converters  # noqa: F401 - <text:…>

if TYPE_CHECKING:
    from apps.console.pages.base import Page
    from apps.console.site import ConsoleSite


def urlpatterns(site: "ConsoleSite") -> list[URLPattern]:
    """Pages are imported only now: they need the models."""
    from apps.console.pages.actions import ActionPage, ActionsPage, EnablingPage
    from apps.console.pages.audit import AuditPage
    from apps.console.pages.bulk import BulkPage
    from apps.console.pages.environments import EnvironmentPage, EnvironmentsPage
    from apps.console.pages.events import EventPage, EventsPage
    from apps.console.pages.execution import CancelingPage, ExecutionPage, PinningPage
    from apps.console.pages.execution_export import ExecutionsExportPage
    from apps.console.pages.execution_points import ExecutionPointsPage
    from apps.console.pages.executions import ActionSuggestionsPage, ExecutionsPage
    from apps.console.pages.gates import GatePage, GatesPage
    from apps.console.pages.groups import GroupPage, GroupsPage
    from apps.console.pages.identities import IdentitiesPage, IdentityPage
    from apps.console.pages.keys import KeyPage, KeysPage, NewKeyPage
    from apps.console.pages.operations import OperationPage, OperationsPage
    from apps.console.pages.pack_config import PackConfigPage
    from apps.console.pages.pack_life import PackChangePage, PackIconPage, PackRemovePage
    from apps.console.pages.pack_tests import PackTestPage
    from apps.console.pages.packs import PackInstallPage, PackPage, PacksPage
    from apps.console.pages.policies import NewPolicyPage, PoliciesPage, PolicyPage
    from apps.console.pages.roles import NewRolePage, RolePage, RolesPage
    from apps.console.pages.rule_form import (
        ActionPartPage,
        CriteriaPartPage,
        NewRulePage,
        RuleEditPage,
        TriggerPartPage,
        TriggerSuggestionsPage,
    )
    from apps.console.pages.rule_test import FormTestPage, RuleTestPage
    from apps.console.pages.rules import RulePage, RulesPage
    from apps.console.pages.run import AgainPage, RerunPage, RunPage
    from apps.console.pages.runtimes import RuntimesPage
    from apps.console.pages.sensors import SensorPage, SensorsPage
    from apps.console.pages.timers import TimerPage, TimerPreviewPage, TimersPage
    from apps.console.pages.tokens import TokensPage
    from apps.console.pages.traces import TracePage
    from apps.console.pages.webhooks import NewWebhookPage, WebhookPage, WebhooksPage
    from apps.console.pages.workers import DutyPage, WorkerPage, WorkersPage

    def page(route: str, view: "type[Page]", name: str) -> URLPattern:
        pattern: URLPattern = path(route, site.admin_view(view.as_view(site=site)), name=name)
        return pattern

    return [
        page("executions/", ExecutionsPage, "executions"),
        page("executions/points/", ExecutionPointsPage, "execution_points"),
        page("executions/suggestions/", ActionSuggestionsPage, "action_suggestions"),
        page("executions/export/<slug:form>/", ExecutionsExportPage, "executions_export"),
        page("executions/bulk/", BulkPage, "executions_bulk"),
        page("executions/<int:pk>/", ExecutionPage, "execution"),
        page("executions/<int:pk>/cancel/", CancelingPage, "cancel"),
        page("executions/<int:pk>/pin/", PinningPage, "pin"),
        page("executions/<int:pk>/again/", AgainPage, "again"),
        page("executions/<int:pk>/rerun/", RerunPage, "rerun"),
        page("actions/", ActionsPage, "actions"),
        page("actions/<text:ref>/", ActionPage, "action"),
        page("actions/<text:ref>/run/", RunPage, "run"),
        page("actions/<text:ref>/enabled/", EnablingPage, "action_enabled"),
        page("rules/", RulesPage, "rules"),
        page("rules/form/new/", NewRulePage, "rule_new"),
        page("rules/form/triggers/", TriggerSuggestionsPage, "trigger_suggestions"),
        page("rules/form/trigger/", TriggerPartPage, "rule_trigger_part"),
        page("rules/form/action/", ActionPartPage, "rule_action_part"),
        page("rules/form/criteria/", CriteriaPartPage, "rule_criteria_part"),
        page("rules/form/try/", FormTestPage, "rule_form_test"),
        page("rules/<text:ref>/", RulePage, "rule"),
        page("rules/<text:ref>/edit/", RuleEditPage, "rule_edit"),
        page("rules/<text:ref>/test/", RuleTestPage, "rule_test"),
        page("events/", EventsPage, "events"),
        page("events/<int:pk>/", EventPage, "event"),
        page("traces/<uuid:trace_id>/", TracePage, "trace"),
        page("packs/", PacksPage, "packs"),
        page("packs/install/", PackInstallPage, "pack_install"),
        page("packs/<text:ref>/", PackPage, "pack"),
        page("packs/<text:ref>/config/", PackConfigPage, "pack_config"),
        page("packs/<text:ref>/change/", PackChangePage, "pack_change"),
        page("packs/<text:ref>/remove/", PackRemovePage, "pack_remove"),
        page("packs/<text:ref>/test/", PackTestPage, "pack_test"),
        page("packs/<text:ref>/icon.png", PackIconPage, "pack_icon"),
        page("environments/", EnvironmentsPage, "environments"),
        page("environments/<int:pk>/", EnvironmentPage, "environment"),
        page("runtimes/", RuntimesPage, "runtimes"),
        page("workers/", WorkersPage, "workers"),
        page("workers/<int:pk>/", WorkerPage, "worker"),
        page("workers/<int:pk>/duty/", DutyPage, "worker_duty"),
        page("gates/", GatesPage, "gates"),
        page("gates/<int:pk>/", GatePage, "gate"),
        page("policies/", PoliciesPage, "policies"),
        page("policies/new/", NewPolicyPage, "policy_new"),
        page("policies/<int:pk>/", PolicyPage, "policy"),
        page("timers/", TimersPage, "timers"),
        page("timers/preview/", TimerPreviewPage, "timer_preview"),
        page("timers/<int:pk>/", TimerPage, "timer"),
        page("webhooks/", WebhooksPage, "webhooks"),
        page("webhooks/new/", NewWebhookPage, "webhook_new"),
        page("webhooks/<int:pk>/", WebhookPage, "webhook"),
        page("sensors/", SensorsPage, "sensors"),
        page("sensors/<text:ref>/", SensorPage, "sensor"),
        page("operations/", OperationsPage, "operations"),
        page("operations/<int:pk>/", OperationPage, "operation"),
        page("identities/", IdentitiesPage, "identities"),
        page("identities/<int:pk>/", IdentityPage, "identity"),
        page("groups/", GroupsPage, "groups"),
        page("groups/<int:pk>/", GroupPage, "group"),
        page("roles/", RolesPage, "roles"),
        page("roles/new/", NewRolePage, "role_new"),
        page("roles/<int:pk>/", RolePage, "role"),
        page("keys/", KeysPage, "keys"),
        page("keys/new/", NewKeyPage, "key_new"),
        page("keys/<int:pk>/", KeyPage, "key"),
        page("audit/", AuditPage, "audit"),
        page("tokens/", TokensPage, "tokens"),
    ]
