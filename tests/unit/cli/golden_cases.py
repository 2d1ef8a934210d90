"""What is typed for each golden file, and the Attune that answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.cli import recorded
from tests.integration.cli.canned import Answer, Asked, Canned, page, problem

API = "/api/v1"
EXECUTION = f"{API}/executions/17"
READY = {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok", "workers": 1}
ME = {
    "username": "ann",
    "kind": "user",
    "is_administrator": False,
    "must_change_password": False,
    "verbs": ["action.view", "execution.run", "self.manage", "self.view"],
    "grants": ["action.view", "execution.run@pack:examples", "self.*"],
    "token_grants": [["action.view", "self.view"]],
}
LOG = "one\ntwo\nthree\n"
PIN = {"reason": "audit", "by": "ann", "at": "2026-11-21T14:26:00Z"}


@dataclass(frozen=True)
class Case:
    """`words` are typed; `prepare` changes what the usual Attune answers."""

    words: str
    prepare: Callable[[Canned], None] = lambda canned: None


def usual(canned: Canned) -> None:
    """An Attune with one or two of each thing."""
    for (method, path), answer in _ANSWERS.items():
        canned.on(method, f"{API}/{path}", answer)
    canned.on("GET", "/readyz", READY)


def _executions(asked: Asked, *rows: dict[str, Any]) -> Answer:
    """Those with a status that was asked for, and old enough."""
    wanted, until = asked.query.get("status", [""])[0], asked.query.get("until", ["9"])[0]
    fitting = [row for row in rows if row["created_at"] < until and (not wanted or row["status"] in wanted.split(","))]
    return Answer(page(*fitting))


def event(name: str, event_id: str, body: str) -> bytes:
    return f"event: {name}\nid: {event_id}\ndata: {body}\n\n".encode()


def _followed() -> Answer:
    line = '{{"stream": "{}", "offset": {}, "gap": 0, "text": "{}\\n", "at": "2026-11-21T14:25:11.{}Z"}}'
    events = [
        event("log", "4-0", line.format("stdout", 0, "one", "044633")),
        event("log", "4-4", line.format("stderr", 0, "two", "052000")),
        event("log", "10-4", line.format("stdout", 4, "three", "061999")),
        event("end", "10-4", '{"status": "succeeded"}'),
    ]
    return Answer(b"".join(events), content_type="text/event-stream")


def _text(text: str, **headers: str) -> Answer:
    return Answer(text.encode(), content_type="text/plain; charset=utf-8", headers=headers)


def _log(asked: Asked) -> Answer:
    return _followed() if "follow" in asked.query else _text(LOG)


_TRIAL = {
    "ref": "demo",
    "version": "1.1.0",
    "digest": "d" * 64,
    "change": "upgraded",
    "content": {"actions": 2},
    "source": "/srv/packs/demo",
    "commit": "",
    "diff": {
        "files": {"added": ["actions/scale.sh"], "changed": ["pack.yaml"], "removed": []},
        "actions": {"added": ["scale"], "changed": ["deploy"], "removed": ["check"]},
        "dependencies": {"added": ["python requests==2.32.3"], "changed": [], "removed": []},
    },
}
_VERSIONS = [
    {
        "version": version, "digest": digest * 5, "serves": serves, "source": "https://git.example/demo.git",
        "commit": None, "files": 12, "size_bytes": 20_480, "installed_by": "ann",
        "installed_at": "2026-11-21T14:24:26Z",
    }
    for version, digest, serves in (("1.1.0", "3db3a5f0c1d2", True), ("1.0.0", "b1946ac92492", False))
]  # fmt: skip
_HISTORY = [
    {"status": status, "attempt": 1, "at": f"2026-11-21T14:25:1{at}Z", "reason": None, "worker": worker}
    for status, at, worker in (
        ("requested", "0.915267", None),
        ("running", "1.044633", "w1"),
        ("succeeded", "1.062283", "w1"),
    )
]
_ATTEMPT = {
    "attempt": 1,
    "status": "succeeded",
    "worker": "w1",
    "started_at": "2026-11-21T14:25:11.044633Z",
    "ended_at": "2026-11-21T14:25:11.062283Z",
    "reason": None,
    "exit_code": 0,
    "signal": None,
    "error": None,
    "duration_s": 0.01765,
    "start": "warm",
    "logs": None,
}
_ARTIFACT = {
    "name": "report/a.csv",
    "attempt": 1,
    "size_bytes": 2048,
    "modified_at": "2026-11-21T14:25:11Z",
    "link": f"{EXECUTION}/artifacts/1/report/a.csv",
}
_GROUP = {"name": "night", "roles": ["operator"], "member_count": 1, "members": ["ann"]}
_ASSIGNMENT = {
    "id": 7,
    "role": "deployer",
    "identity": "ann",
    "group": None,
    "assigned_by": "admin",
    "created_at": "2026-11-20T14:00:00Z",
    "expires_at": None,
}
_OUTCOME = {"ref": "demo", "version": "1.0.0", "digest": "3db3", "change": "installed", "content": {"actions": 2}}
_ROTATION = recorded.operation(
    kind="key.rotate",
    subject="k2",
    steps=[{"name": "5 values to seal with k2", "status": "succeeded", "started_at": None, "ended_at": None}],
    outcome={"key": "k2", "sealed": {"keys": 5}},
)
_STATS = {"waiting": 2, "running": 1, "limit": 1, "oldest_waiting_s": 12.5, "avg_wait_s": None}
_TOTALS = {"total_enqueued": 9, "total_completed": 6}
_NO_RATE = {"kind": "concurrency", "window_s": None, "passed": None, "next_s": None}
_GATE_OF_STATS = {
    "gate": 4,
    "policy": "examples.hello",
    "key": "World",
    "key_digest": "6c3a91f0",
    **_NO_RATE,
    **_STATS,
    **_TOTALS,
}
_RATE = {"kind": "rate", "window_s": 60.0, "limit": 5}
_RETRY = {
    "max_attempts": 3, "on": ["failed", "timeout"], "backoff": "exponential", "delay_s": 1.0, "max_delay_s": 3600.0,
    "jitter": 0.0,
}  # fmt: skip
_NO_LIMIT = {"limit": None, "key": None, "when_full": None, "expires_s": None}

_INTERVAL = {"delta": 90, "unit": "minutes", "misfire": "skip"}
_NEVER: dict[str, Any] = {"next_scheduled_for": None, "next_fire_at": None}
_FALLEN = {
    "state": "backing_off",
    "reason": "it ended by itself with exit code 1",
    "host": "vm-sensors-7-ab12",
    "starts": 9,
    "failures": 4,
    "next_start_at": "2026-11-21T14:30:08Z",
    "stderr": "imap: connection refused\n",
    "last_refusal": "",
    "refused": 0,
}
_TOO_OLD = "the database has tables of version 9, this worker knows those up to 1: upgrade the worker"
_REFUSED = {
    "code": "invalid_parameters",
    "text": "The parameters are not valid.",
    "errors": [{"pointer": "/parameters/host", "code": "required", "detail": "host is required"}],
}
_OUTCOMES = {"failed": 4, "failure_rate": 0.0909, "p50_s": 0.4, "p95_s": 12.0}

_ANSWERS: Mapping[tuple[str, str], Any] = {
    ("GET", "auth/me"): ME,
    ("GET", "actions"): page(recorded.action("core.echo", runtime="shell"), recorded.action()),
    ("GET", "actions/examples.hello"): recorded.action(),
    ("PATCH", "actions/examples.hello"): recorded.action(enabled=False, enabled_override=False),
    ("GET", "actions/examples.hello/schema"): {"type": "object", "properties": {"name": {"type": "string"}}},
    ("GET", "actions/examples.hello/queue-stats"): {
        "action": "examples.hello",
        **_STATS,
        **_TOTALS,
        "gates": [_GATE_OF_STATS],
    },
    ("GET", "executions"): lambda asked: _executions(
        asked, recorded.waiting(19), recorded.failed(18), recorded.execution(17)
    ),
    ("POST", "executions"): Answer(recorded.execution(), 201),
    ("GET", "executions/17"): recorded.execution(),
    ("GET", "executions/18"): recorded.failed(18),
    ("GET", "executions/19"): recorded.waiting(
        19,
        gates=[
            {
                "gate": 4,
                "policy": "examples.hello",
                "key": "World",
                "limit": 1,
                "window_s": None,
                "position": 2,
                "waiting": 2,
                "holding": 1,
                "passed": None,
                "estimate_s": 4.0,
            }
        ],
    ),
    ("GET", "executions/17/result"): {"greeting": "Hello, World!"},
    ("GET", "executions/17/logs"): _log,
    ("GET", "executions/17/logs/stdout"): _text("", **{"Attune-Log-Next": "10"}),
    ("GET", "executions/17/logs/stderr"): _text("", **{"Attune-Log-Next": "4"}),
    ("GET", "executions/17/history"): {"results": _HISTORY},
    ("GET", "executions/17/attempts"): {"results": [_ATTEMPT]},
    ("GET", "executions/17/artifacts"): page(_ARTIFACT),
    ("GET", "executions/17/children"): page(),
    ("POST", "executions/17/pin"): lambda asked: Answer(recorded.execution(pinned=PIN)),
    ("DELETE", "executions/17/pin"): Answer(b"", 204),
    ("GET", "executions/stats"): {
        "since": "2026-11-20T14:30:00Z",
        "until": "2026-11-21T14:30:00Z",
        "covers_since": "2026-11-20T14:30:00Z",
        "by_status": {"running": 3, "delayed": 0, "succeeded": 40},
        "ended": 44,
        **_OUTCOMES,
        "actions": [{"action": "examples.hello", "ended": 44, **_OUTCOMES}],
        "slowest": [],
    },
    ("POST", "executions/17/cancel"): Answer(recorded.execution(status="canceling"), 202),
    ("POST", "executions/17/rerun"): Answer(recorded.execution(20, rerun_of=17, status="scheduled"), 201),
    ("GET", "packs"): page(recorded.pack("core", actions=6), recorded.pack()),
    ("GET", "packs/examples"): recorded.pack(),
    ("PATCH", "packs/examples"): recorded.pack(enabled=False),
    ("POST", "packs"): Answer(recorded.pack("mine", source="api", commit=None, ad_hoc=True, actions=0), 201),
    ("POST", "packs/demo/upgrade"): Answer(recorded.operation(kind="pack.upgrade", outcome=_TRIAL), 202),
    ("GET", "packs/demo/versions"): page(*_VERSIONS),
    ("DELETE", "packs/demo"): problem(
        409,
        "in_use",
        "The pack demo is in use: rule web.restart runs demo.restart on web.pushed.",
        uses=[{"kind": "rule", "name": "web.restart", "text": "runs demo.restart on web.pushed"}],
        count=1,
    ),
    ("POST", "packs/install"): Answer(recorded.operation("pending", steps=[]), 202),
    ("GET", "packs/demo/environments"): page(recorded.environment(log="six==1.16.0 installed\n")),
    ("POST", "packs/demo/environments/python/rebuild"): Answer({"volumes": 1}, 202),
    ("POST", "packs/demo/environments/python/ensure"): Answer({"volumes": 1}, 202),
    ("DELETE", "packs/demo/environments/python"): Answer({"volumes": 1}, 202),
    ("POST", "environments/cleanup"): Answer({"volumes": 2}, 202),
    ("GET", "environments/usage"): {
        "disk_bytes": 256000,
        "volumes": [{"volume": "96844eab-acbf-4891-9e30-c9a510a0d8d4", "environments": 2, "disk_bytes": 256000}],
    },
    ("GET", "environments"): page(
        recorded.environment(), recorded.environment("failed", pack="broken", generation=0, error="No such package.")
    ),
    ("GET", "runtimes"): page(
        recorded.runtime(), recorded.runtime("shell", label="Shell", aliases=[], provider="none")
    ),
    ("GET", "workers"): page(
        recorded.worker(),
        recorded.worker("w2", status="draining", is_stopping=True),
        recorded.worker("w3", refusal=_TOO_OLD),
    ),
    ("GET", "sensors"): page(recorded.sensor(), recorded.sensor("acme.mail", **_FALLEN)),
    ("GET", "sensors/acme.disks"): recorded.sensor(),
    ("GET", "sensors/acme.mail"): recorded.sensor("acme.mail", **_FALLEN),
    ("GET", "sensors/acme.disks/logs"): _log,
    ("POST", "sensors/acme.disks/restart"): Answer(recorded.sensor(), 202),
    ("POST", "sensors/acme.disks/enable"): recorded.sensor(),
    ("POST", "sensors/acme.disks/disable"): recorded.sensor(enabled=False, state="stopped"),
    ("POST", "sensors/acme.mail/restart"): problem(
        409, "sensor_not_wanted", "acme.mail does not run: no rule listens to its triggers.", sensor="acme.mail"
    ),
    ("GET", "workers/w1"): recorded.worker(),
    ("GET", "workers/w3"): recorded.worker("w3", refusal=_TOO_OLD),
    ("POST", "workers/w1/cordon"): recorded.worker(status="cordoned"),
    ("POST", "workers/w1/uncordon"): recorded.worker(),
    ("POST", "workers/w1/drain"): Answer(recorded.worker(status="draining"), 202),
    ("POST", "workers/w2/drain"): problem(409, "worker_stopping", "w2 is stopping."),
    ("GET", "timers"): page(
        recorded.timer(),
        recorded.timer(
            6,
            trigger="core.interval",
            parameters={"delta": 90, "unit": "minutes", "misfire": "skip"},
            **_NEVER,
            misfires=3,
        ),
    ),
    ("GET", "timers/5"): recorded.one_timer(),
    ("GET", "timers/6"): recorded.one_timer(6, status="trouble", trouble="no time zone", **_NEVER, upcoming=[]),
    ("POST", "timers/5/pause"): recorded.one_timer(status="paused", **_NEVER, upcoming=[]),
    ("POST", "timers/5/resume"): recorded.one_timer(),
    ("POST", "timers/5/backfill"): {"recorded": 3, "known": 1},
    ("GET", "triggers/core.cron"): {"parameters_schema": {"properties": {"expression": {"type": "string"}}}},
    ("GET", "timers/preview"): {
        "trigger": "core.cron",
        "parameters": recorded.timer()["parameters"],
        "times": recorded.one_timer()["upcoming"],
    },
    ("GET", "gates"): page(
        recorded.gate(), recorded.gate(5, key=None, key_digest=None, limit=0), recorded.gate(6, key=None, **_RATE)
    ),
    ("GET", "gates/4"): recorded.gate(),
    ("GET", "gates/6"): recorded.gate(6, **_RATE, passed=5, next_s=12.5, holders=[]),
    ("PATCH", "gates/4"): recorded.gate(limit=3),
    ("GET", "policies"): page(
        recorded.policy(),
        recorded.policy(3, name="all", scope="system", subject=None, limit=0),
        recorded.policy(4, name="gentle", **_RATE),
        recorded.policy(5, name="again", kind="retry", retry=_RETRY, **_NO_LIMIT),
        recorded.policy(6, name="quick", kind="timeout", timeout_s=90.0, **_NO_LIMIT),
    ),
    ("GET", "policies/2"): recorded.policy(),
    ("GET", "policies/5"): recorded.policy(5, name="again", kind="retry", retry=_RETRY, **_NO_LIMIT),
    ("POST", "policies"): Answer(recorded.policy(5, name="new"), 201),
    ("PATCH", "policies/2"): recorded.policy(limit=4, limit_override=4),
    ("DELETE", "policies/2"): Answer(None, 204),
    ("GET", "operations"): page(recorded.operation(outcome=_OUTCOME)),
    ("GET", "operations/5"): recorded.operation(outcome=_OUTCOME),
    ("GET", "operations/5/log"): _text("copy\ncheck\n"),
    ("GET", "identities"): page(recorded.identity(), recorded.identity("ci", kind="service", roles=[], groups=[])),
    ("GET", "identities/ann"): recorded.identity(),
    ("POST", "identities"): Answer(recorded.identity("bea", temporary_password="shown-once"), 201),
    ("PATCH", "identities/ann"): recorded.identity(is_active=False),
    ("POST", "identities/ann/reset-password"): recorded.identity(temporary_password="shown-once"),
    ("GET", "groups"): page(_GROUP),
    ("GET", "groups/night"): _GROUP,
    ("PATCH", "groups/night"): _GROUP,
    ("GET", "roles"): page(recorded.role(), recorded.role("viewer", source="shipped", grants=["action.view"])),
    ("GET", "roles/deployer"): recorded.role(),
    ("POST", "roles"): Answer(recorded.role(), 201),
    ("GET", "role-assignments"): page(_ASSIGNMENT),
    ("POST", "role-assignments"): Answer(_ASSIGNMENT, 201),
    ("DELETE", "role-assignments/7"): Answer(None, 204),
    ("POST", "access/explain"): {
        "identity": "ann",
        "verb": "execution.run",
        "on": "action:aws.resize",
        "may": True,
        "text": "ann may execution.run.",
        "reasons": [
            {"grant": "execution.run@pack:aws", "role": "deployer", "group": "night", "counts": True},
            {"grant": "execution.run@pack:web", "role": "web", "group": None, "counts": False},
        ],
    },
    ("GET", "tokens"): page(recorded.token(), recorded.token(1, name="old", expires_at="2026-11-25T14:00:00Z")),
    ("POST", "tokens"): Answer(recorded.token(4, token="att_shown_once"), 201),
    ("DELETE", "tokens/3"): Answer(None, 204),
    ("GET", "webhooks"): page(
        recorded.webhook(),
        recorded.webhook("github/pushes", authentication="github", rate_per_minute=None, enabled=False),
    ),
    ("GET", "webhooks/deploy"): recorded.webhook(),
    ("GET", "webhooks/pushes"): recorded.webhook("pushes", authentication="github"),
    ("GET", "webhooks/of_rule"): recorded.webhook("of_rule", authentication="token", created_by=None, secrets=[]),
    ("GET", "webhooks/unsigned"): recorded.webhook("unsigned", authentication="hmac", created_by=None, secrets=[]),
    ("POST", "webhooks"): Answer({**recorded.webhook("new", authentication="token"), "secret": "whs_once"}, 201),
    ("PATCH", "webhooks/deploy"): recorded.webhook(enabled=False),
    ("POST", "webhooks/deploy/rotate"): {**recorded.webhook(), "secret": "whs_another"},
    ("DELETE", "webhooks/deploy"): Answer(status=204),
    ("GET", "webhooks/deploy/deliveries"): page(
        recorded.delivery(),
        recorded.delivery(70, outcome="repeated", status=200),
        recorded.delivery(69, outcome="refused", reason="old_signature", status=401, event=None, delivery=None),
    ),
    ("GET", "keys"): page(
        recorded.key(), recorded.key("pack:demo:token", expired=True, expires_at="2026-11-21T14:00:00Z")
    ),
    ("GET", "keys/cloud_key"): recorded.one_key(),
    ("GET", "keys/region"): recorded.one_key("region", encrypted=False, value={"name": "eu-1"}, orphaned=True),
    ("PUT", "keys/cloud_key"): {**recorded.one_key(), "warnings": ["A value is shorter than 6 bytes."]},
    ("POST", "keys/cloud_key/reveal"): {"ref": "cloud_key", "version": 2, "value": "hush-hush"},
    ("DELETE", "keys/action%3Ademo.deploy%3Atoken"): Answer(None, 204),
    ("POST", "keyring/rotate"): Answer(_ROTATION, 202),
    ("GET", "triggers"): page(recorded.trigger(), recorded.trigger("core.worker_lost")),
    ("GET", "triggers/core.alert"): recorded.trigger(rules=["web.page"]),
    ("GET", "events"): page(recorded.event(42, processed_at=None), recorded.event()),
    ("GET", "events/41"): recorded.one_event(),
    ("POST", "events"): Answer(recorded.event(), 201),
    ("POST", "events/41/replay"): Answer(recorded.event(43, source="replay", replay_of=41), 201),
    ("GET", "traces/1f0c1bd8-2f1f-4a5e-8d9c-6d3d3f6f0a11"): {
        "trace_id": "1f0c1bd8-2f1f-4a5e-8d9c-6d3d3f6f0a11",
        "events": [recorded.event(), recorded.event(44, type="core.execution_finished", caused_by=17)],
        "enforcements": [recorded.enforcement()],
        "executions": [recorded.execution()],
        "is_cut": False,
    },
    ("GET", "rules"): page(recorded.rule("web.page", enabled=False), recorded.rule()),
    ("GET", "rules/web.restart"): recorded.rule(),
    ("POST", "rules"): Answer(recorded.rule(), 201),
    ("PATCH", "rules/web.restart"): recorded.rule(version=3),
    ("POST", "rules/web.restart/disable"): recorded.rule(enabled=False),
    ("DELETE", "rules/web.restart"): Answer(None, 204),
    ("GET", "rules/web.restart/explain"): {
        "rule": "web.restart",
        "event": 41,
        "text": recorded.said()["text"],
        "then": {"version": 1, "outcome": "criteria", "criterion": recorded.CRITERION},
        "enforcement": None,
        "now": {"version": 2, "enabled": True, **recorded.said(outcome="matched", findings=[], criterion=None)},
    },
    ("POST", "rules/web.restart/test"): recorded.said(),
    ("GET", "enforcements"): page(
        recorded.enforcement(10, status="failed", execution=None, parameters={}, reason=_REFUSED),
        recorded.enforcement(),
    ),
    ("GET", "enforcements/9"): recorded.enforcement(),
    ("GET", "enforcements/10"): recorded.enforcement(
        10, status="failed", execution=None, parameters={}, reason=_REFUSED
    ),
    ("GET", "audit"): page(
        recorded.audit_record(), recorded.audit_record(30, who="execution 17", deed="key.read", address="")
    ),
    ("GET", "packs/demo/config"): recorded.configuration(),
    ("PUT", "packs/demo/config"): recorded.configuration(values={"region": "south", "password": "***"}),
}


def _answers(path: str, *answers: Any, method: str = "GET") -> Callable[[Canned], None]:
    return lambda canned: canned.on(method, f"{API}/{path}", *answers)


def _tests(*, failed: int = 0, interrupted: bool = False) -> Callable[[Canned], None]:
    """Of an installed pack: one program, and a second that may fail."""
    first = {"name": "tests/ (Python)", "passed": 3, "failed": 0, "skipped": 1, "duration_s": 0.4, "error": ""}
    why = "exit code 1" if failed else ""
    second = {
        "name": "tests/fine.sh", "passed": 1, "failed": failed, "skipped": 0, "duration_s": 0.1, "error": why,
    }  # fmt: skip
    report = {"passed": 4, "failed": failed, "skipped": 1, "programs": [first, second]}
    facts: dict[str, Any] = {"kind": "pack_test", "subject": "demo"}
    ended = recorded.operation(outcome={"ref": "demo", "version": "1.0.0", **report}, **facts)
    if failed:
        error = {"code": "tests_failed", "detail": "1 of 5 tests of demo failed.", "report": report}
        ended = recorded.operation("failed", error=error, **facts)
    if interrupted:
        error = {"code": "interrupted", "detail": "The process that ran this operation died."}
        ended = recorded.operation("failed", error=error, **facts)
    log = (
        b'event: log\nid: 9\ndata: {"offset": 0, "text": "Ran 4 tests in 0.001s\\n"}\n\nevent: end\nid: 9\ndata: {}\n\n'
    )

    def prepare(canned: Canned) -> None:
        canned.on("POST", f"{API}/packs/demo/test", Answer(recorded.operation("pending", **facts), 202))
        canned.on("GET", f"{API}/operations/5/log", Answer(log, content_type="text/event-stream"))
        canned.on("GET", f"{API}/operations/5", ended)

    return prepare


def _waits_and_ends(canned: Canned) -> None:
    canned.on("POST", f"{API}/executions", Answer(recorded.waiting(), 201))
    canned.on("GET", EXECUTION, recorded.waiting(status="running", reason=None), recorded.execution())


def _drains(canned: Canned) -> None:
    canned.on(
        "GET", f"{API}/workers/w1", *(recorded.worker(status="draining", running=running) for running in (3, 1, 0))
    )
    rows = [{"id": number, "action": "examples.sleep"} for number in (19, 18, 17)]
    canned.on("GET", f"{API}/executions", page(*rows), page(*rows), page(rows[0]))


_FULL = "unhealthy: disk: 12 MiB are free in the work folder /opt/attune/work, 200 are needed"


def _is_pinned(canned: Canned) -> None:
    canned.on("GET", EXECUTION, recorded.execution(pinned=PIN, logs_removed_at="2026-11-21T14:27:00Z"))


def _logs_are_removed(canned: Canned) -> None:
    detail = "Its logs were removed on 2026-11-21 14:27 UTC; logs are kept 7 days."
    canned.on("GET", f"{EXECUTION}/logs", problem(410, "logs_removed", detail))


def _disk_is_full(canned: Canned) -> None:
    _healthy(canned)
    canned.on("GET", f"{API}/workers", page(recorded.worker(refusal=_FULL), recorded.worker("w2")))
    canned.on("GET", f"{API}/workers/w1", recorded.worker(refusal=_FULL))


def _fails(canned: Canned) -> None:
    canned.on("POST", f"{API}/executions", Answer(recorded.failed(), 201))


def _does_not_fit(canned: Canned) -> None:
    errors = [{"pointer": "/parameters/times", "code": "required", "detail": "times is required"}]
    canned.on("POST", f"{API}/executions", problem(400, "invalid_parameters", "They do not fit.", errors=errors))


def _healthy(canned: Canned) -> None:
    for nothing in ("policies", "environments"):
        canned.on("GET", f"{API}/{nothing}", page())
    canned.on("GET", f"{API}/workers", page(recorded.worker()))


def _broken(canned: Canned) -> None:
    """A deployment with one of everything that a doctor knows."""
    canned.date = "Sat, 21 Nov 2026 14:30:42 GMT"
    canned.on("GET", "/readyz", READY | {"redis": "degraded", "disk": "1 % left"})
    silent = recorded.worker(running=10, last_heartbeat="2026-11-21T14:28:00Z", version="0.0.9", queues=[])
    canned.on("GET", f"{API}/workers", page(silent, recorded.worker("w2", status="lost")))
    canned.on("GET", f"{API}/actions", page(recorded.action(), recorded.action("js.lint", runtime="node")))
    old = {"created_at": "2026-11-21T14:00:00Z"}
    paused = {"code": "paused_by_limit", "text": "all is paused (its limit is 0)"}
    scheduled = recorded.waiting(17, status="scheduled", reason=None, **old)
    rows = [recorded.waiting(19, reason=paused, **old), recorded.waiting(18, **old), scheduled]
    canned.on("GET", f"{API}/executions", lambda asked: _executions(asked, *rows))
    error = {"code": "pack_invalid", "detail": "1 error."}
    stuck = recorded.operation("running", id=6, created_at="2026-11-21T14:00:00Z")
    canned.on("GET", f"{API}/operations", page(recorded.operation("failed", error=error), stuck))


def _away(canned: Canned) -> None:
    canned.on("GET", "/readyz", Answer({"status": "unavailable", "database": "away"}, 503))


def _refused_token(canned: Canned) -> None:
    canned.on("GET", f"{API}/auth/me", problem(401, "not_authenticated", "The token is unknown, expired or revoked."))


_QUERY = problem(
    400,
    "invalid",
    "The query is not valid.",
    errors=[{"pointer": "/status", "detail": "status: 'x' is not one of a, b"}],
)
_HTML = b"<html><body>Sign in</body></html>"
_BUSY = problem(429, "line_full", "The line of examples.hello is full.", action="examples.hello")
_AWAY = problem(503, "database_away", "The database cannot be reached; try again.")


def _later(answer: Answer) -> Answer:
    return Answer(answer.body, answer.status, answer.content_type, headers={"Retry-After": "5"})


#: By the name of the golden file; `.json` and `.yaml` hold stdout alone, `.txt` all that is seen.
CASES: Mapping[str, Case] = {
    "action-list.txt": Case("action list"),
    "action-list.json": Case("action list --json"),
    "action-show.txt": Case("action show examples.hello"),
    "action-show.json": Case("action show examples.hello --json"),
    "action-show.yaml": Case("action show examples.hello --yaml"),
    "action-schema.txt": Case("action schema examples.hello"),
    "action-stats.txt": Case("action stats examples.hello"),
    "action-disable.txt": Case("action disable examples.hello"),
    "environment-list.txt": Case("environment list"),
    "environment-show.txt": Case("environment show demo python"),
    "environment-show.json": Case("environment show demo python --json"),
    "environment-rebuild.txt": Case("environment rebuild demo python"),
    "environment-ensure.txt": Case("environment ensure demo python"),
    "environment-path.txt": Case("environment path demo python"),
    "environment-remove.txt": Case("environment remove demo python"),
    "environment-cleanup.txt": Case("environment cleanup --keep-recent 1"),
    "environment-usage.txt": Case("environment usage"),
    "environment-usage.json": Case("environment usage --json"),
    "execution-list.txt": Case("execution list"),
    "execution-list.json": Case("execution list --json"),
    "execution-list.yaml": Case("execution list --yaml"),
    "execution-list-empty.txt": Case("execution list", _answers("executions", page())),
    "execution-list-empty.json": Case("execution list --json", _answers("executions", page())),
    "execution-list-more.txt": Case("execution list --limit 2"),
    "execution-show.txt": Case("execution show 17"),
    "execution-show.json": Case("execution show 17 --json"),
    "execution-show.yaml": Case("execution show 17 --yaml"),
    "execution-show-failed.txt": Case("execution show 18"),
    "execution-show-waiting.txt": Case("execution show 19"),
    "execution-result.txt": Case("execution result 17"),
    "execution-result.yaml": Case("execution result 17 --yaml"),
    "execution-logs.txt": Case("execution logs 17"),
    "execution-logs-tail.txt": Case("execution logs 17 --tail 2"),
    "execution-logs-follow.txt": Case("execution logs 17 -f"),
    "execution-logs-follow-tail.txt": Case("execution logs 17 -f --tail 1"),
    "execution-logs-times.txt": Case("execution logs 17 --times"),
    "execution-logs-times-tail.txt": Case("execution logs 17 -t -n 2"),
    "execution-watch.txt": Case("execution watch 17"),
    "execution-watch-failed.txt": Case("execution watch 18"),
    "execution-cancel.txt": Case("execution cancel 17"),
    "execution-pin.txt": Case("execution pin 17 --reason audit"),
    "execution-pin.json": Case("execution pin 17 --reason audit --json"),
    "execution-pin-without-reason.txt": Case("execution pin 17"),
    "execution-unpin.txt": Case("execution unpin 17"),
    "execution-show-pinned.txt": Case("execution show 17", _is_pinned),
    "execution-logs-removed.txt": Case("execution logs 17", _logs_are_removed),
    "worker-list-full.txt": Case("worker list", _disk_is_full),
    "worker-show-full.txt": Case("worker show w1", _disk_is_full),
    "doctor-full.txt": Case("doctor", _disk_is_full),
    "execution-rerun.txt": Case("execution rerun 17 name=Moon"),
    "execution-attempts.txt": Case("execution attempts 17"),
    "execution-attempts.json": Case("execution attempts 17 --json"),
    "execution-history.txt": Case("execution history 17"),
    "execution-history.json": Case("execution history 17 --json"),
    "execution-artifacts.txt": Case("execution artifacts 17"),
    "execution-stats.txt": Case("execution stats --since 1d"),
    "execution-stats.json": Case("execution stats --json"),
    "execution-children.txt": Case("execution children 17"),
    "gate-list.txt": Case("gate list"),
    "gate-show.txt": Case("gate show 4"),
    "gate-show-rate.txt": Case("gate show 6"),
    "gate-show.json": Case("gate show 4 --json"),
    "gate-limit.txt": Case("gate limit 4 3"),
    "webhook-list.txt": Case("webhook list"),
    "webhook-list.json": Case("webhook list --json"),
    "webhook-show.txt": Case("webhook show deploy"),
    "webhook-show-github.txt": Case("webhook show pushes"),
    "webhook-show-of-rule.txt": Case("webhook show of_rule"),
    "webhook-show-unsigned.txt": Case("webhook show unsigned"),
    "webhook-show.json": Case("webhook show deploy --json"),
    "webhook-create.txt": Case("webhook create new --rate none --header X-Priority"),
    "webhook-create.json": Case("webhook create new --proof token --json"),
    "webhook-create-rate.txt": Case("webhook create new --rate many"),
    "webhook-update.txt": Case("webhook update deploy --disable"),
    "webhook-update-nothing.txt": Case("webhook update deploy"),
    "webhook-rotate.txt": Case("webhook rotate deploy --grace 86400"),
    "webhook-delete.txt": Case("webhook delete deploy"),
    "webhook-deliveries.txt": Case("webhook deliveries deploy"),
    "webhook-deliveries.json": Case("webhook deliveries deploy --json"),
    "key-list.txt": Case("key list"),
    "key-list.json": Case("key list --json"),
    "key-get.txt": Case("key get cloud_key"),
    "key-get.json": Case("key get cloud_key --json"),
    "key-get-no-secret.txt": Case("key get region"),
    "key-get-reveal.txt": Case("key get cloud_key --reveal"),
    "key-get-reveal.json": Case("key get cloud_key --reveal --json"),
    "key-set.txt": Case("key set cloud_key abc --expires 30d"),
    "key-set-two-values.txt": Case("key set cloud_key abc --stdin"),
    "key-set-no-json.txt": Case("key set cloud_key abc --value-is-json"),
    "key-set-two-owners.txt": Case("key set cloud_key abc --pack demo --action demo.deploy"),
    "key-delete.txt": Case("key delete token --action demo.deploy"),
    "key-rotate.txt": Case("key rotate"),
    "audit-list.txt": Case("audit list"),
    "audit-list.json": Case("audit list --deed key.reveal --since 1d --json"),
    "pack-config.txt": Case("pack config demo"),
    "pack-config-set.txt": Case("pack config demo region=south --unset zones"),
    "pack-config-unknown.txt": Case("pack config demo --unset colour"),
    "pack-config.json": Case("pack config demo --json"),
    "operation-list.txt": Case("operation list"),
    "operation-show.txt": Case("operation show 5"),
    "operation-show.json": Case("operation show 5 --json"),
    "operation-log.txt": Case("operation log 5"),
    "operation-watch.txt": Case(
        "operation watch 5", _answers("operations/5", recorded.operation("running"), recorded.operation())
    ),
    "pack-list.txt": Case("pack list"),
    "pack-list.json": Case("pack list --json"),
    "pack-show.txt": Case("pack show examples"),
    "pack-install.txt": Case("pack install /srv/packs/demo"),
    "pack-create.txt": Case("pack create mine --label Mine"),
    "pack-upgrade-dry-run.txt": Case("pack upgrade demo --dry-run"),
    "pack-versions.txt": Case("pack versions demo"),
    "pack-versions.json": Case("pack versions demo --json"),
    "pack-remove-in-use.txt": Case("pack remove demo"),
    "pack-install.json": Case("pack install /srv/packs/demo --json"),
    "pack-test.txt": Case("pack test demo", _tests()),
    "pack-test.json": Case("pack test demo --json", _tests()),
    "pack-test-failed.txt": Case("pack test demo", _tests(failed=1)),
    "pack-test-gone.txt": Case("pack test demo", _tests(interrupted=True)),
    "pack-test-no-folder.txt": Case("pack test ./demo"),
    "pack-validate-no-folder.txt": Case("pack validate demo"),
    "pack-new-unknown.txt": Case("pack new acme --runtime cobol"),
    "action-run-local-nothing.txt": Case("action run-local ./demo"),
    "pack-disable.txt": Case("pack disable examples"),
    "pack-environments.txt": Case("pack environments demo"),
    "policy-list.txt": Case("policy list"),
    "policy-show.txt": Case("policy show 2"),
    "policy-show-retry.txt": Case("policy show 5"),
    "policy-show.json": Case("policy show examples.hello --json", _answers("policies/2", recorded.policy())),
    "policy-create.txt": Case("policy create new --scope action --subject examples.hello --limit 1"),
    "policy-update.txt": Case("policy update 2 --limit 4"),
    "policy-delete.txt": Case("policy delete 2"),
    "run.txt": Case("run examples.hello"),
    "run.json": Case("run examples.hello --json"),
    "run-wait.txt": Case("run examples.hello name=World --wait", _waits_and_ends),
    "run-wait.json": Case("run examples.hello name=World --wait --json", _waits_and_ends),
    "run-follow.txt": Case("run examples.hello --follow"),
    "run-failed.txt": Case("run examples.hello --wait", _fails),
    "runtime-list.txt": Case("runtime list"),
    "runtime-show.txt": Case("runtime show py"),
    "runtime-show.json": Case("runtime show python --json"),
    "status.txt": Case("status"),
    "status.json": Case("status --json"),
    "identity-list.txt": Case("identity list"),
    "identity-show.txt": Case("identity show ann"),
    "identity-create.txt": Case("identity create bea"),
    "identity-create.json": Case("identity create bea --json"),
    "identity-disable.txt": Case("identity disable ann"),
    "identity-reset-password.txt": Case("identity reset-password ann"),
    "group-list.txt": Case("group list"),
    "group-show.txt": Case("group show night"),
    "group-add.txt": Case("group add night ann"),
    "trigger-list.txt": Case("trigger list"),
    "trigger-show.txt": Case("trigger show core.alert"),
    "trigger-show.json": Case("trigger show core.alert --json"),
    "event-list.txt": Case("event list"),
    "event-list.json": Case("event list --json"),
    "event-show.txt": Case("event show 41"),
    "event-show.json": Case("event show 41 --json"),
    "event-send.txt": Case('event send web.pushed \'{"host": "web1"}\''),
    "event-send-no-object.txt": Case("event send web.pushed [1]"),
    "event-replay.txt": Case("event replay 41 --rule web.restart"),
    "event-trace.txt": Case("event trace 41"),
    "rule-list.txt": Case("rule list"),
    "rule-list.json": Case("rule list --json"),
    "rule-show.txt": Case("rule show web.restart"),
    "rule-show.json": Case("rule show web.restart --json"),
    "rule-create.txt": Case("rule create restart --pack web --trigger web.pushed --action web.restart"),
    "rule-create-no-name.txt": Case("rule create --trigger web.pushed --action web.restart"),
    "rule-create-no-file.txt": Case("rule create --file nothing.yaml"),
    "rule-update.txt": Case("rule update web.restart --overlap queue"),
    "rule-update-nothing.txt": Case("rule update web.restart"),
    "rule-disable.txt": Case("rule disable web.restart"),
    "rule-delete.txt": Case("rule delete web.restart"),
    "rule-explain.txt": Case("rule explain web.restart --event 41"),
    "rule-explain.json": Case("rule explain web.restart --event 41 --json"),
    "rule-test.txt": Case('rule test web.restart \'{"host": "db1"}\''),
    "rule-test-nothing.txt": Case("rule test web.restart"),
    "enforcement-list.txt": Case("enforcement list"),
    "enforcement-list.json": Case("enforcement list --json"),
    "enforcement-show.txt": Case("enforcement show 9"),
    "enforcement-show-failed.txt": Case("enforcement show 10"),
    "role-list.txt": Case("role list"),
    "role-show.txt": Case("role show deployer"),
    "role-create.txt": Case("role create deployer --grant execution.run@pack:aws"),
    "role-assign.txt": Case("role assign deployer --identity ann"),
    "role-holders.txt": Case("role holders deployer"),
    "role-unassign.txt": Case("role unassign 7"),
    "access-explain.txt": Case("access explain execution.run --identity ann --on action:aws.resize"),
    "token-list.txt": Case("token list"),
    "token-create.txt": Case("token create ci"),
    "token-create.json": Case("token create ci --json"),
    "token-revoke.txt": Case("token revoke 3"),
    "version.txt": Case("--version"),
    "whoami.txt": Case("whoami"),
    "whoami.json": Case("whoami --json"),
    "timer-list.txt": Case("timer list"),
    "timer-list.json": Case("timer list --json"),
    "timer-show.txt": Case("timer show 5"),
    "timer-show.yaml": Case("timer show 5 --yaml"),
    "timer-show-in-trouble.txt": Case("timer show 6"),
    "timer-preview.txt": Case("timer preview core.cron expression=0_9_*_*_*"),
    "timer-preview.json": Case("timer preview core.cron expression=0_9_*_*_* --json"),
    "timer-preview-without-name.txt": Case("timer preview core.cron daily"),
    "timer-pause.txt": Case("timer pause 5"),
    "timer-resume.txt": Case("timer resume 5"),
    "timer-backfill.txt": Case("timer backfill 5 --begin 2d"),
    "timer-backfill.json": Case("timer backfill 5 --begin 2d --end 1h --json"),
    "sensor-list.txt": Case("sensor list"),
    "sensor-list.json": Case("sensor list --json"),
    "sensor-show.txt": Case("sensor show acme.disks"),
    "sensor-show-fallen.txt": Case("sensor show acme.mail"),
    "sensor-restart.txt": Case("sensor restart acme.disks"),
    "sensor-restart-not-wanted.txt": Case("sensor restart acme.mail"),
    "sensor-enable.txt": Case("sensor enable acme.disks"),
    "sensor-disable.txt": Case("sensor disable acme.disks"),
    "sensor-logs.txt": Case("sensor logs acme.disks"),
    "sensor-logs-tail.txt": Case("sensor logs acme.disks -n 1"),
    "sensor-logs-follow.txt": Case("sensor logs acme.disks -f --start 3"),
    "worker-list.txt": Case("worker list"),
    "worker-list.json": Case("worker list --json"),
    "worker-show.txt": Case("worker show w1"),
    "worker-show.yaml": Case("worker show w1 --yaml"),
    "worker-show-refusing.txt": Case("worker show w3"),
    "worker-cordon.txt": Case("worker cordon w1"),
    "worker-cordon.json": Case("worker cordon w1 --json"),
    "worker-uncordon.txt": Case("worker uncordon w1"),
    "worker-drain.txt": Case("worker drain w1 w2"),
    "worker-drain-wait.txt": Case("worker drain w1 --wait", _drains),
    "doctor.txt": Case("doctor", _healthy),
    "doctor-broken.txt": Case("doctor", _broken),
    "doctor-broken.json": Case("doctor --json", _broken),
    "doctor-database-away.txt": Case("doctor", _away),
    "doctor-no-workers.txt": Case("doctor", _answers("workers", page())),
    "doctor-refused-token.txt": Case("doctor", _refused_token),
    "doctor-unreachable.txt": Case("doctor --url http://127.0.0.1:1"),
    "doctor-unreachable.json": Case("doctor --url http://127.0.0.1:1 --json"),
    "doctor-unknown-profile.txt": Case("doctor --profile prod"),
    "completion.txt": Case("completion bash"),
    "error-unknown-action.txt": Case(
        "run examples.helo",
        _answers("executions", problem(404, "unknown_action", "There is no action examples.helo."), method="POST"),
    ),
    "error-parameters.txt": Case("run examples.hello nme=x", _does_not_fit),
    "error-cast.txt": Case("run examples.hello times=many"),
    "error-unauthenticated.txt": Case("whoami", _refused_token),
    "error-forbidden.txt": Case("token list", _answers("tokens", problem(403, "forbidden", "You may not do this."))),
    "error-conflict.txt": Case(
        "execution cancel 17",
        _answers(
            "executions/17/cancel", problem(409, "already_ended", "Execution 17 has ended: failed."), method="POST"
        ),
    ),
    "error-limit.txt": Case("run examples.hello", _answers("executions", _later(_BUSY), method="POST")),
    "error-away.txt": Case("execution list", _answers("executions", _later(_AWAY))),
    "error-internal.txt": Case(
        "execution list",
        _answers("executions", problem(500, "internal_error", "This is a bug.", request_id="94dc4ab0")),
    ),
    "error-html.txt": Case("whoami", _answers("auth/me", Answer(_HTML, content_type="text/html; charset=utf-8"))),
    "error-html-login.txt": Case("whoami", _answers("auth/me", Answer(_HTML, 403, "text/html"))),
    "error-html-proxy.txt": Case("whoami", _answers("auth/me", Answer(_HTML, 502, "text/html"))),
    "error-redirect.txt": Case(
        "whoami", _answers("auth/me", Answer(b"", 301, headers={"Location": "https://attune.example/"}))
    ),
    "error-wants-tls.txt": Case(
        "whoami", _answers("auth/me", Answer(b"The plain HTTP request was sent to HTTPS port", 400, "text/html"))
    ),
    "error-unreachable.txt": Case("execution list --url http://127.0.0.1:1"),
    "error-bad-url.txt": Case("execution list --url attune.example"),
    "error-unknown-profile.txt": Case("execution list --profile defalt"),
    "error-unknown-command.txt": Case("executon list"),
    "error-unknown-option.txt": Case("execution list --sttus failed"),
    "error-missing-argument.txt": Case("execution show"),
    "error-both-formats.txt": Case("execution list --json --yaml"),
    "error-bad-url-path.txt": Case("execution list --url https://attune.example/admin/"),
    "error-query.txt": Case("execution list --status x", _answers("executions", _QUERY)),
    "environment-rebuild-none.txt": Case(
        "environment rebuild demo python", _answers("packs/demo/environments", page())
    ),
    "error-unknown-worker.txt": Case(
        "worker show w9", _answers("workers/w9", problem(404, "unknown_worker", "There is no worker called 'w9'."))
    ),
}
