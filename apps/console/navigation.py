"""The console's menu: what an identity may see, in the order of daily work."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, may


class _Place(NamedTuple):
    title: str
    icon: str
    page: str
    verb: Verb


_MENU: dict[str, tuple[_Place, ...]] = {
    "": (
        _Place("Home", "home", "index", Verb.EXECUTION_VIEW),
        _Place("Executions", "play_circle", "executions", Verb.EXECUTION_VIEW),
        _Place("Actions", "bolt", "actions", Verb.ACTION_VIEW),
    ),
    "Events": (
        _Place("Rules", "rule", "rules", Verb.RULE_VIEW),
        _Place("Events", "notifications", "events", Verb.EVENT_VIEW),
        _Place("Timers", "timer", "timers", Verb.TRIGGER_VIEW),
        _Place("Webhooks", "webhook", "webhooks", Verb.WEBHOOK_VIEW),
        _Place("Sensors", "sensors", "sensors", Verb.SENSOR_VIEW),
    ),
    "Content": (
        _Place("Packs", "inventory_2", "packs", Verb.PACK_VIEW),
        _Place("Environments", "deployed_code", "environments", Verb.ENVIRONMENT_VIEW),
        _Place("Runtimes", "terminal", "runtimes", Verb.RUNTIME_VIEW),
    ),
    "Fleet": (
        _Place("Workers", "dns", "workers", Verb.WORKER_VIEW),
        _Place("Gates", "door_front", "gates", Verb.GATE_VIEW),
        _Place("Policies", "policy", "policies", Verb.POLICY_VIEW),
        _Place("Operations", "manufacturing", "operations", Verb.OPERATION_VIEW),
    ),
    "Access": (
        _Place("Identities", "person", "identities", Verb.IDENTITY_VIEW),
        _Place("Groups", "groups", "groups", Verb.IDENTITY_VIEW),
        _Place("Roles", "badge", "roles", Verb.ROLE_VIEW),
        _Place("Tokens", "key", "tokens", Verb.TOKEN_VIEW),
        _Place("Keys", "lock", "keys", Verb.KEY_VIEW),
        _Place("Audit", "fact_check", "audit", Verb.AUDIT_VIEW),
    ),
}


@dataclass(frozen=True)
class Entry:
    title: str
    icon: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    title: str
    entries: list[Entry] = field(default_factory=list)


def groups_for(request: HttpRequest) -> list[Group]:
    groups = [Group(title, list(_entries(request, places))) for title, places in _MENU.items()]
    if cast(Identity, request.user).is_administrator:
        tables = reverse("admin:tables")
        groups[-1].entries.append(Entry("Tables", "table_rows", tables, request.path.startswith(tables)))
    return [group for group in groups if group.entries]


def _entries(request: HttpRequest, places: tuple[_Place, ...]) -> Iterator[Entry]:
    home = reverse("admin:index")
    for place in places:
        if not may(cast(Identity, request.user), place.verb):
            continue
        url = reverse(f"admin:{place.page}")
        is_current = request.path == url if url == home else request.path.startswith(url)
        yield Entry(place.title, place.icon, url, is_current)
