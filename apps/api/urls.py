"""Addresses of the REST API."""

from django.urls import URLPattern, path, re_path

from apps.api.actions import views as actions
from apps.api.audit import views as audit
from apps.api.auth import views as auth
from apps.api.documentation import DocumentView, ReadingView
from apps.api.environments import deeds as environment_deeds
from apps.api.environments import views as environments
from apps.api.events import views as events
from apps.api.executions import artifacts, bulk, logs, overview
from apps.api.executions import views as executions
from apps.api.gates import views as gates
from apps.api.identities import groups
from apps.api.identities import views as identities
from apps.api.keys import views as keys
from apps.api.operations import views as operations
from apps.api.packs import config as pack_config
from apps.api.packs import testing as pack_testing
from apps.api.packs import views as packs
from apps.api.policies import views as policies
from apps.api.roles import access
from apps.api.roles import views as roles
from apps.api.rules import enforcements
from apps.api.rules import views as rules
from apps.api.runtimes import views as runtimes
from apps.api.sensors import logs as sensor_logs
from apps.api.sensors import views as sensors
from apps.api.stream import views as stream
from apps.api.timers import views as timers
from apps.api.tokens import views as tokens
from apps.api.triggers import views as triggers
from apps.api.webhooks import views as webhooks
from apps.api.workers import views as workers
from apps.core import converters  # noqa: F401 - <text:…>, <segments:…>

_EXECUTION = "executions/<text:execution_id>"

urlpatterns: list[URLPattern] = [
    # What programs call all day stands first: patterns are tried in their order, which was an eighth of a webhook.
    path("events", events.EventsView.as_view()),
    path("events/<text:event_id>", events.EventView.as_view()),
    path("events/<text:event_id>/replay", events.ReplayView.as_view()),
    path("webhooks", webhooks.WebhooksView.as_view()),
    path("webhooks/<segments:url>/deliveries", webhooks.DeliveriesView.as_view()),
    path("webhooks/<segments:url>/rotate", webhooks.RotateView.as_view()),
    path("webhooks/<segments:url>", webhooks.WebhookView.as_view()),
    path("executions", executions.ExecutionsView.as_view()),
    path("executions/batch", executions.BatchView.as_view()),
    path("executions/stats", overview.StatsView.as_view()),
    path("executions/bulk", bulk.BulkView.as_view()),
    path(_EXECUTION, executions.ExecutionView.as_view()),
    path(f"{_EXECUTION}/result", executions.ResultView.as_view()),
    path(f"{_EXECUTION}/history", executions.HistoryView.as_view()),
    path(f"{_EXECUTION}/attempts", executions.AttemptsView.as_view()),
    path(f"{_EXECUTION}/children", executions.ChildrenView.as_view()),
    path(f"{_EXECUTION}/cancel", executions.CancelView.as_view()),
    path(f"{_EXECUTION}/rerun", executions.RerunView.as_view()),
    path(f"{_EXECUTION}/pin", executions.PinView.as_view()),
    path(f"{_EXECUTION}/logs", logs.LogsView.as_view()),
    path(f"{_EXECUTION}/logs/<text:stream>", logs.StreamLogView.as_view()),
    path(f"{_EXECUTION}/artifacts", artifacts.ArtifactsView.as_view()),
    re_path(
        r"^executions/(?P<execution_id>[^/]+)/artifacts/(?P<attempt>[0-9]{1,9})/(?P<name>[^\x00]+)\Z",
        artifacts.ArtifactView.as_view(),
    ),
    path("auth/me", auth.MeView.as_view()),
    path("auth/login", auth.login_view),
    path("auth/logout", auth.LogoutView.as_view()),
    path("auth/password", auth.PasswordView.as_view()),
    path("access/explain", access.ExplainView.as_view()),
    path("identities", identities.IdentitiesView.as_view()),
    path("identities/<text:name>", identities.IdentityView.as_view()),
    path("identities/<text:name>/reset-password", identities.ResetPasswordView.as_view()),
    path("identities/<text:name>/end-sessions", identities.EndSessionsView.as_view()),
    path("groups", groups.GroupsView.as_view()),
    path("groups/<text:name>", groups.GroupView.as_view()),
    path("roles", roles.RolesView.as_view()),
    path("roles/<text:name>", roles.RoleView.as_view()),
    path("role-assignments", roles.AssignmentsView.as_view()),
    path("role-assignments/<text:assignment_id>", roles.AssignmentView.as_view()),
    path("tokens", tokens.TokensView.as_view()),
    path("tokens/<text:token_id>", tokens.TokenView.as_view()),
    path("packs", packs.PacksView.as_view()),
    path("packs/install", packs.InstallView.as_view()),
    path("packs/index", packs.IndexView.as_view()),
    path("packs/upload", packs.UploadView.as_view()),
    path("packs/<text:ref>", packs.PackView.as_view()),
    path("packs/<text:ref>/versions", packs.VersionsView.as_view()),
    path("packs/<text:ref>/upgrade", packs.UpgradeView.as_view()),
    path("packs/<text:ref>/rollback", packs.RollbackView.as_view()),
    path("packs/<text:ref>/config", pack_config.ConfigView.as_view()),
    path("packs/<text:ref>/test", pack_testing.TestView.as_view()),
    path("packs/<text:ref>/environments", environments.PackEnvironmentsView.as_view()),
    path("packs/<text:ref>/environments/<text:runtime>", environments.PackEnvironmentView.as_view()),
    path("packs/<text:ref>/environments/<text:runtime>/ensure", environment_deeds.EnsureView.as_view()),
    path("packs/<text:ref>/environments/<text:runtime>/rebuild", environment_deeds.RebuildView.as_view()),
    path("packs/<text:ref>/environments/<text:runtime>/rollback", environment_deeds.RollbackView.as_view()),
    path("packs/<text:ref>/environments/<text:runtime>/validate", environment_deeds.ValidateView.as_view()),
    path("environments", environments.EnvironmentsView.as_view()),
    path("environments/cleanup", environment_deeds.CleanupView.as_view()),
    path("environments/usage", environments.UsageView.as_view()),
    path("runtimes", runtimes.RuntimesView.as_view()),
    path("sensors", sensors.SensorsView.as_view()),
    path("sensors/<text:ref>", sensors.SensorView.as_view()),
    path("sensors/<text:ref>/restart", sensors.RestartView.as_view()),
    path("sensors/<text:ref>/enable", sensors.EnableView.as_view()),
    path("sensors/<text:ref>/disable", sensors.DisableView.as_view()),
    path("sensors/<text:ref>/logs", sensor_logs.SensorLogsView.as_view()),
    path("actions", actions.ActionsView.as_view()),
    path("actions/<text:ref>", actions.ActionView.as_view()),
    path("actions/<text:ref>/schema", actions.SchemaView.as_view()),
    path("actions/<text:ref>/queue-stats", actions.QueueStatsView.as_view()),
    path("operations", operations.OperationsView.as_view()),
    path("operations/<text:operation_id>", operations.OperationView.as_view()),
    path("operations/<text:operation_id>/log", operations.OperationLogView.as_view()),
    path("workers", workers.WorkersView.as_view()),
    path("workers/<text:name>", workers.WorkerView.as_view()),
    path("workers/<text:name>/cordon", workers.CordonView.as_view()),
    path("workers/<text:name>/uncordon", workers.UncordonView.as_view()),
    path("workers/<text:name>/drain", workers.DrainView.as_view()),
    path("gates", gates.GatesView.as_view()),
    path("gates/<text:gate_id>", gates.GateView.as_view()),
    path("policies", policies.PoliciesView.as_view()),
    path("policies/<text:policy_id>", policies.PolicyView.as_view()),
    path("timers", timers.TimersView.as_view()),
    path("timers/preview", timers.PreviewView.as_view()),
    path("timers/<text:timer_id>", timers.TimerView.as_view()),
    path("timers/<text:timer_id>/pause", timers.PauseView.as_view()),
    path("timers/<text:timer_id>/resume", timers.ResumeView.as_view()),
    path("timers/<text:timer_id>/backfill", timers.BackfillView.as_view()),
    path("keys", keys.KeysView.as_view()),
    path("keys/<text:ref>", keys.KeyView.as_view()),
    path("keys/<text:ref>/reveal", keys.RevealView.as_view()),
    path("keyring/rotate", keys.RotationView.as_view()),
    path("triggers", triggers.TriggersView.as_view()),
    path("triggers/<text:ref>", triggers.TriggerView.as_view()),
    path("rules", rules.RulesView.as_view()),
    path("rules/<text:ref>", rules.RuleView.as_view()),
    path("rules/<text:ref>/enable", rules.EnableRuleView.as_view()),
    path("rules/<text:ref>/disable", rules.DisableRuleView.as_view()),
    path("rules/<text:ref>/versions", rules.RuleVersionsView.as_view()),
    path("rules/<text:ref>/explain", rules.ExplainRuleView.as_view()),
    path("rules/<text:ref>/test", rules.TestRuleView.as_view()),
    path("enforcements", enforcements.EnforcementsView.as_view()),
    path("enforcements/<text:enforcement_id>", enforcements.EnforcementView.as_view()),
    path("traces/<text:trace_id>", events.TraceView.as_view()),
    path("audit", audit.AuditView.as_view()),
    path("audit/export", audit.AuditExportView.as_view()),
    path("stream", stream.StreamView.as_view()),
    path("schema", DocumentView.as_view(), name="schema"),
    path("docs", ReadingView.as_view(url_name="schema")),
]
