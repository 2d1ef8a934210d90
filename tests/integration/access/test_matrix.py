"""Who may do what: every route of the API and the console, every method, every shipped role, held against `matrix.txt`.

The routes come from the URL configuration, so a new one fails here until it stands in the table. After a change that is
meant, have the table written anew and read the difference before it is committed:

    rm tests/integration/access/matrix.txt && script/test tests/integration/access/test_matrix.py
    git diff tests/integration/access/matrix.txt
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver

from apps.accounts.models import Group, Identity, Role, RoleAssignment
from apps.accounts.services.tokens import issue_token
from apps.accounts.shipped import SHIPPED, ensure_shipped_roles
from apps.api import urls as api_urls
from apps.api.auth.views import LoginView
from apps.api.views import View
from apps.console.pages.base import Page
from apps.executions.models import SlotsEpoch
from apps.keys.owners import SYSTEM
from apps.keys.services import set_key
from apps.operations.models import Operation
from apps.rules.models import Enforcement
from apps.runtimes.models import Environment
from apps.triggers.models import Webhook
from tests.factories import (
    make_action,
    make_event,
    make_execution,
    make_gate,
    make_rule,
    make_trigger_type,
    make_worker,
)
from tests.factories.sensors import make_sensor
from tests.factories.timers import make_timer

_TABLE = Path(__file__).with_name("matrix.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("nothing", *sorted(role.name for role in SHIPPED))
_HEAD = """\
# Who may do what: + answered as asked, - refused (403). `nothing` has an account and no role.
# The console's tables (/admin/tables/…) are for administrators of last resort alone; see test_the_tables_are_for_….
"""
#: Bodies with which a request comes as far as the question whether it may: elsewhere an empty one does.
_BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/executions"): {"action": "demo.deploy"},
    ("POST", "/api/v1/executions/batch"): {"executions": [{"action": "demo.deploy"}]},
    ("POST", "/api/v1/executions/bulk"): {"operation": "cancel", "ids": [1]},
}
#: What a viewer may change: what is its own. Everything else that is no GET has to be refused.
_OWN = {
    "POST /api/v1/auth/logout", "POST /api/v1/auth/password", "POST /api/v1/access/explain",
    "POST /api/v1/tokens", "DELETE /api/v1/tokens/<token_id>",
    "POST /admin/password_change/", "POST /admin/tokens/", "POST /admin/logout/",
    # They ask for the verb of the deed, which a viewer does not have, when they know which it is.
    "POST /api/v1/executions/bulk", "POST /admin/executions/bulk/",
    # It asks what a rule would say, with a payload in the body.
    "POST /api/v1/rules/<ref>/test", "POST /admin/rules/<ref>/test/", "POST /admin/rules/form/criteria/",
    "POST /admin/rules/form/try/",
}  # fmt: skip


class Route(NamedTuple):
    method: str
    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


@pytest.mark.timeout(600)  # for when the table is written anew
@pytest.mark.parametrize("role", ROLES)
def test_the_table_says_what_a_role_may_do(world: dict[str, str], role: str) -> None:
    if not _TABLE.exists():
        _TABLE.write_text(
            _written({str(route): {each: _try(route, each) for each in ROLES} for route in routes(world)})
        )
    told = _read()
    found = _seen(world, role).cells
    assert sorted(found) == sorted(told), "routes that are in the table, or in the URLs, alone"
    assert {name: cell for name, cell in found.items() if told[name][role] != cell} == {}


def test_a_viewer_is_refused_whatever_changes_something() -> None:
    told = _read()
    changing = {name for name, cells in told.items() if not name.startswith("GET ") and cells["viewer"] == "+"}
    assert changing <= _OWN


def test_whoever_has_no_role_is_refused_everything_but_themselves() -> None:
    allowed = {name for name, cells in _read().items() if cells["nothing"] == "+"}
    assert allowed == {
        "GET /admin/password_change/", "GET /api/v1/auth/me", "POST /api/v1/auth/logout",
        "GET /api/v1/identities/<name>", "POST /api/v1/access/explain", "POST /api/v1/auth/password",
        "POST /admin/password_change/",
    }  # fmt: skip


def test_an_admin_is_refused_nothing() -> None:
    assert [name for name, cells in _read().items() if cells["admin"] != "+"] == []


def test_a_viewer_writes_nothing(world: dict[str, str]) -> None:
    """Not one statement that changes a row, on any route, but for its own session and tokens, and the audit's."""
    may_write = _OWN - {"POST /api/v1/executions/bulk", "POST /admin/executions/bulk/"}
    written = {
        name: [sql for sql in statements if not _is_its_own(sql)]
        for name, statements in _seen(world, "viewer").written.items()
        if name not in may_write
    }
    assert {name: statements for name, statements in written.items() if statements} == {}


def test_the_tables_are_for_administrators_of_last_resort(world: dict[str, str]) -> None:
    for path in ("", "accounts/identity/", "executions/execution/", "accounts/apitoken/", "keys/"):
        assert _client("admin").get(f"/admin/tables/{path}").status_code in (302, 403, 404), path


@pytest.fixture
def world(db: None) -> dict[str, str]:
    """One of everything, and its place in a route. Sessions and tokens are made once for each role."""
    ensure_shipped_roles()
    SlotsEpoch.objects.get_or_create(pk=1, defaults={"number": 1})
    action = make_action()
    gate = make_gate()
    execution = make_execution(action)
    other = Identity.objects.create_user("other")
    for name in ROLES:
        who = Identity.objects.create_user(name, password="correct horse")
        if name != "nothing":
            RoleAssignment.objects.create(role=Role.objects.get(name=name), identity=who)
        browser = Client()
        browser.force_login(who)
        _sessions[name] = browser.cookies["sessionid"].value
    make_trigger_type()
    rule = make_rule(Identity.objects.create_superuser("root"), parameters={})
    event = make_event()
    enforcement = Enforcement.objects.create(rule=rule, event=event, rule_version=1)
    make_sensor()
    environment = Environment.objects.create(pack_ref="demo", runtime="shell", volume_id="v")
    return {
        "execution_id": str(execution.pk), "ref": "demo.deploy", "runtime": "shell", "stream": "stdout",
        "operation_id": str(Operation.objects.create(kind="k", subject="s").pk), "gate_id": str(gate.pk),
        "policy_id": str(gate.policy_id), "token_id": str(issue_token(other, name="x").token.pk),
        "assignment_id": str(RoleAssignment.objects.get(role__name="viewer").pk), "attempt": "1", "name": "viewer",
        "event_id": str(event.pk), "event": str(event.pk),
        "enforcement_id": str(enforcement.pk), "trace_id": str(event.trace_id),
        "form": "csv", "execution": str(execution.pk), "environment": str(environment.pk), "gate": str(gate.pk),
        "policy": str(gate.policy_id), "worker": str(make_worker().pk), "operation": str(Operation.objects.get().pk),
        "identity": str(other.pk), "group": str(Group.objects.create(name="night").pk),
        "role": str(Role.objects.get(name="viewer").pk),
        "url": Webhook.objects.create(url="deploy", authentication="token").url,
        "webhook": str(Webhook.objects.get().pk), "timer": (timer := str(make_timer().pk)), "timer_id": timer,
        "key": str(set_key(SYSTEM, "cloud", value="hush-hush", by=None).key.pk),
    }  # fmt: skip


def routes(world: dict[str, str]) -> Iterator[Route]:
    for pattern in api_urls.urlpatterns:
        view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, View) and view is not LoginView:
            yield from _of(view.verbs, f"/api/v1/{_route(pattern)}", world)
    pages: list[URLPattern | URLResolver] = admin.site.get_urls()
    for item in pages:
        if isinstance(item, URLResolver):
            assert str(item.pattern) == "tables/"
        elif item.name not in _NOT_PAGES:
            yield from _of(_page_of(item).verbs, f"/admin/{_route(item)}", world)


#: Django's own: open to everybody who is or wants to be logged in, or nothing to do.
_NOT_PAGES = {"login", "logout", "password_change_done", "autocomplete", "jsi18n", "search", None}


def _page_of(pattern: URLPattern) -> type[Page]:
    from apps.console.pages.home import HomePage
    from apps.console.pages.identities import PasswordPage

    if pattern.name in ("index", "password_change"):
        return HomePage if pattern.name == "index" else PasswordPage
    view: Any = pattern.callback
    while not hasattr(view, "view_class"):
        view = view.__wrapped__
    page = view.view_class
    assert issubclass(page, Page)
    return page  # type: ignore[no-any-return]  # of Django's, which says no more


def _route(pattern: URLPattern) -> str:
    """`executions/<text:execution_id>` → `executions/<execution_id>`; of a regular expression the names."""
    text = str(pattern.pattern)
    if text.startswith("^"):
        return "executions/<execution_id>/artifacts/<attempt>/<name>"
    for kind in ("text", "segments", "int", "slug"):
        text = text.replace(f"<{kind}:", "<")
    return text


def _of(verbs: Any, name: str, world: dict[str, str]) -> Iterator[Route]:
    for method in METHODS:
        if method in verbs:
            yield Route(method, name, _filled(name, world))


_SINGULAR = {"policies": "policy", "identities": "identity"}
_NAMES = {"groups": "night", "roles": "viewer", "identities": "other", "workers": "w1"}

_REFS = {"packs": "demo", "keys": "cloud", "rules": "on_push", "sensors": "acme.disks", "triggers": "demo.pushed"}


def _filled(name: str, world: dict[str, str]) -> str:
    parts: list[str] = []
    for part in name.split("/"):
        before = parts[-1] if parts else ""
        if part == "<pk>":
            parts.append(world[_SINGULAR.get(before, before.rstrip("s"))])
        elif part == "<name>" and before in _NAMES:
            parts.append(_NAMES[before])
        elif part == "<ref>" and before in _REFS:
            parts.append(_REFS[before])
        else:
            parts.append(world[part[1:-1].rpartition(":")[2]] if part.startswith("<") else part)
    return "/".join(parts)


class Seen(NamedTuple):
    """What a role met, and the statements that changed a row, by routes."""

    cells: dict[str, str]
    written: dict[str, list[str]]


_all_seen: dict[str, Seen] = {}


def _seen(world: dict[str, str], role: str) -> Seen:
    """All routes take seconds for each role: two tests look at what the viewer met."""
    if role not in _all_seen:
        seen = Seen({}, {})
        for route in routes(world):
            with CaptureQueriesContext(connection) as captured:
                seen.cells[str(route)] = _try(route, role)
            changes = ("INSERT", "UPDATE", "DELETE", "WITH")
            seen.written[str(route)] = [query["sql"] for query in captured if query["sql"].startswith(changes)]
        _all_seen[role] = seen
    return _all_seen[role]


_sessions: dict[str, str] = {}


def _client(role: str) -> Client:
    """A browser in which somebody who has the role has logged in before."""
    client = Client()
    client.cookies["sessionid"] = _sessions[role]
    return client


def _try(route: Route, role: str) -> str:
    """What comes of it is taken back: each request finds the same world."""
    before = transaction.savepoint()
    try:
        url = (
            route.url.replace("/identities/other", f"/identities/{role}")
            if _is_about_oneself(route, role)
            else route.url
        )
        client = _client(role)
        body = _BODIES.get((route.method, route.name))
        if route.name.startswith("/api/"):
            answer = client.generic(route.method, url, _json(body), content_type="application/json")
        else:
            answer = client.generic(route.method, url, "", content_type="application/x-www-form-urlencoded")
    finally:
        transaction.savepoint_rollback(before)
    assert answer.status_code < 500, (route, role, answer.status_code)
    if answer.status_code == 404:
        assert role == "nothing" or _may_be_gone(route), (route, role)
    return "-" if answer.status_code == 403 or _is_told_off(answer) else "+"


def _is_about_oneself(route: Route, role: str) -> bool:
    return str(route) == "GET /api/v1/identities/<name>"


def _may_be_gone(route: Route) -> bool:
    """What there is none of in this world, or is somebody else's: a file, a token, an operation."""
    missing = ("artifacts/", "tokens/", "operations/", "/logs", "environments/", "icon.png", "packs/<ref>/test")
    return any(word in route.name for word in missing)


def _is_told_off(answer: Any) -> bool:
    """A deed of the console is refused with a message on the page it came from."""
    if answer.status_code != 302 or not hasattr(answer, "wsgi_request"):
        return False
    texts = [str(message) for message in getattr(answer.wsgi_request, "_messages", ())]
    return any(" may not " in text for text in texts)


def _is_its_own(sql: str) -> bool:
    changed, _, _ = sql.partition("WHERE")
    return any(name in changed for name in ("django_session", "accounts_apitoken", "audit_auditrecord")) or (
        "accounts_identity" in sql and "last_login" in sql
    )


def _json(body: Any) -> bytes:
    import orjson

    return b"{}" if body is None else orjson.dumps(body)


def _written(found: dict[str, dict[str, str]]) -> str:
    width = max(len(name) for name in found) + 2
    lines = [f"{'':{width}}{'  '.join(ROLES)}"]
    for name in sorted(found, key=lambda text: (text.split(" ")[1], text)):
        cells = "  ".join(f"{found[name][role]:^{len(role)}}" for role in ROLES)
        lines.append(f"{name:{width}}{cells}".rstrip())
    return _HEAD + "\n".join(lines) + "\n"


def _read() -> dict[str, dict[str, str]]:
    lines = [line for line in _TABLE.read_text().splitlines() if line and not line.startswith("#")]
    roles = lines[0].split()
    assert tuple(roles) == ROLES
    rows = (line.split() for line in lines[1:])
    return {f"{method} {name}": dict(zip(roles, cells, strict=True)) for method, name, *cells in rows}
