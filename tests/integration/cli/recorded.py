"""What the API says, recorded; tests change what they are about."""

from typing import Any


def execution(execution_id: int = 17, **changes: Any) -> dict[str, Any]:
    """One that succeeded."""
    base = f"/api/v1/executions/{execution_id}"
    names = ("logs", "result", "artifacts", "attempts", "history", "children")
    return {
        "id": execution_id,
        "action": "examples.hello",
        "pack": "examples",
        "pack_version": "1.0.0",
        "kind": "process",
        "status": "succeeded",
        "reason": None,
        "parameters": {"name": "World"},
        "result": {"greeting": "Hello, World!"},
        "error": None,
        "exit_code": 0,
        "signal": None,
        "attempt": 1,
        "max_attempts": 1,
        "retries": 0,
        "losses": 0,
        "labels": {},
        "parent": None,
        "rerun_of": None,
        "trace_id": "d9f30f9f-1c69-4ae0-91bf-a2991046637e",
        "requested_by": "admin",
        "worker": "vm-default-1",
        "pool": "default",
        "queue": "run.default.python",
        "gates": [],
        "not_before": None,
        "created_at": "2026-11-21T14:25:10.915267Z",
        "scheduled_at": "2026-11-21T14:25:10.916392Z",
        "started_at": "2026-11-21T14:25:11.044633Z",
        "ended_at": "2026-11-21T14:25:11.062283Z",
        "duration_s": 0.01765,
        "pinned": None,
        "logs_removed_at": None,
        "artifacts_removed_at": None,
        "timeout_s": 300.0,
        "links": {name: f"{base}/{name}" for name in names},
    } | changes


def waiting(execution_id: int = 17, **changes: Any) -> dict[str, Any]:
    """One that stands in line."""
    return execution(
        execution_id,
        **{
            "status": "delayed",
            "reason": {
                "code": "waiting_for_slot",
                "text": "position 2 at examples.one_at_a_time, where 1 of 1 run",
                "estimate_s": 4.0,
            },
            "result": None,
            "exit_code": None,
            "worker": None,
            "scheduled_at": None,
            "started_at": None,
            "ended_at": None,
            "duration_s": None,
            **changes,
        },
    )


def failed(execution_id: int = 17, **changes: Any) -> dict[str, Any]:
    error = {"type": "exit_code", "message": "no such host"}
    return execution(execution_id, **{"status": "failed", "result": None, "exit_code": 3, "error": error, **changes})


def action(ref: str = "examples.hello", **changes: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "name": ref.rpartition(".")[2],
        "pack": ref.rpartition(".")[0],
        "pack_version": "1.0.0",
        "description": "Greets somebody.",
        "runtime": "python",
        "enabled": True,
        "enabled_override": None,
        "updated_at": "2026-11-21T14:24:26.656369Z",
        "links": {},
        "env": {},
        "pool": "default",
        "retry": None,
        "output": None,
        "on_lost": "requeue",
        "secrets": [],
        "function": None,
        "timeout_s": None,
        "parameters": {
            "name": {
                "type": "string",
                "default": "world",
                "position": 0,
                "minLength": 1,
                "description": "Whom to greet.",
            },
            "times": {"type": "integer", "required": True},
            "token": {"type": "string", "secret": True, "description": "For the [door]."},
        },
        "concurrency": {"limit": 1, "key": "{{ name }}"},
        "entry_point": "hello.py",
        "runtime_version": ">=3.9,<3.12",
        "output_format": "auto",
        "parameter_format": "json",
        "parameter_delivery": "stdin",
    } | changes


def operation(status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    ended = status in ("succeeded", "failed")
    return {
        "id": 5,
        "kind": "pack.install",
        "subject": "/srv/packs/demo",
        "status": status,
        "progress": 100 if ended else 30,
        "steps": [
            {"name": "copy", "status": "succeeded", "started_at": "2026-11-21T14:42:15Z", "ended_at": None},
            {
                "name": "check",
                "status": status if ended else "running",
                "started_at": "2026-11-21T14:42:15Z",
                "ended_at": None,
            },
        ],
        "outcome": None,
        "error": None,
        "requested_by": "admin",
        "created_at": "2026-11-21T14:42:15Z",
        "started_at": "2026-11-21T14:42:15Z",
        "ended_at": "2026-11-21T14:42:16Z" if ended else None,
        "links": {"log": "/api/v1/operations/5/log"},
    } | changes


def environment(status: str = "ready", **changes: Any) -> dict[str, Any]:
    return {
        "pack": "demo",
        "runtime": "python",
        "volume": "96844eab-acbf-4891-9e30-c9a510a0d8d4",
        "status": status,
        "generation": 1,
        "dependencies": ["six==1.16.0"],
        "packages": {"six": "1.16.0"},
        "version": "3.11.7",
        "interpreter": "/usr/bin/python3.11",
        "executable": "/srv/envs/demo/.generations/python-970ef8670d9d-1/bin/python",
        "dependency_hash": "970ef8670d9d",
        "size_bytes": 118784,
        "disk_bytes": 237568,
        "needs_update": status != "ready",
        "problems": [],
        "validated_at": None,
        "error": None,
        "built_by": "vm-default-1",
        "installed_at": "2026-11-21T14:42:17Z",
        "updated_at": "2026-11-21T14:42:17Z",
        "log": "",
    } | changes


def worker(name: str = "w1", **changes: Any) -> dict[str, Any]:
    runtimes = {
        "python": [{"version": "3.11.7", "interpreter": "/usr/bin/python3"}],
        "shell": [{"version": "5.2.15", "interpreter": "/usr/bin/bash"}],
    }
    return {
        "name": name,
        "status": "active",
        "refusal": None,
        "is_stopping": False,
        "host": "vm",
        "pid": 7,
        "pool": "default",
        "labels": {"zone": "a"},
        "runtimes": runtimes,
        "missing_runtimes": {"go": "go is not on PATH"},
        "queues": ["run.default.python", "run.default.shell", "build.default.python"],
        "slots": 10,
        "running": 3,
        "version": "0.1.0",
        "runs_as": "attune",
        "is_apart": False,
        "started_at": "2026-11-21T14:00:00Z",
        "last_heartbeat": "2026-11-21T14:29:58Z",
        "ended_at": None,
    } | changes


def timer(timer_id: int = 5, **changes: Any) -> dict[str, Any]:
    """As in a list."""
    return {
        "id": timer_id,
        "trigger": "core.cron",
        "parameters": {
            "expression": "30 9 * * mon-fri",
            "timezone": "Asia/Kolkata",
            "misfire": "fire_once",
            "catch_up_max": 10,
            "jitter_s": 0,
        },
        "status": "active",
        "trouble": None,
        "next_scheduled_for": "2026-11-23T04:00:00Z",
        "next_fire_at": "2026-11-23T04:00:00Z",
        "last_scheduled_for": "2026-11-20T04:00:00Z",
        "last_fired_at": "2026-11-20T04:00:00.004000Z",
        "fired": 41,
        "misfires": 0,
        "anchored_at": "2026-09-24T10:00:00Z",
    } | changes


def one_timer(timer_id: int = 5, **changes: Any) -> dict[str, Any]:
    """With its next times."""
    times = [f"2026-11-{day}T09:30:00+05:30" for day in (23, 24, 25)]
    return timer(timer_id) | {"upcoming": times} | changes


def sensor(ref: str = "acme.disks", **changes: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "pack": "acme",
        "description": "Looks at disks.",
        "enabled": True,
        "state": "running",
        "reason": "",
        "since": "2026-11-21T14:00:00Z",
        "host": "vm-sensors-7-ab12",
        "starts": 3,
        "failures": 0,
        "started_at": "2026-11-21T14:00:00Z",
        "next_start_at": None,
        "events": 1204,
        "refused": 2,
        "last_event_at": "2026-11-21T14:29:58Z",
        "serves": 1,
        "updated_at": "2026-11-20T14:00:00Z",
        "links": {"self": f"/api/v1/sensors/{ref}", "logs": f"/api/v1/sensors/{ref}/logs"},
        "triggers": ["acme.disk_full"],
        "runtime": "python",
        "entry_point": "disks.py",
        "secrets": [],
        "poll_interval_s": None,
        "poll_timeout_s": None,
        "on_demand": False,
        "last_refusal": "line 7 was refused: its payload is no object",
        "stderr": "",
        "logs": [2, 3],
    } | changes


def runtime(name: str = "python", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": "Python",
        "description": "Python programs.",
        "aliases": ["py"],
        "extensions": [".py"],
        "pack": "core",
        "provider": "virtualenv",
        "versions": ["3.11.7"],
        "workers": 1,
    } | changes


def pack(ref: str = "examples", **changes: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "label": "Examples",
        "description": "Small actions to try Attune with.",
        "version": "1.0.0",
        "digest": "3db3a5f0c1d2",
        "source": "https://git.example/packs/examples.git#v1.0.0",
        "commit": "8f2b6c1d0e9a7b5c3d4e6f708192a3b4c5d6e7f8",
        "enabled": True,
        "ad_hoc": False,
        "actions": 7,
        "author": "Attune",
        "keywords": ["examples", "start"],
        "installed_at": "2026-11-21T14:24:26Z",
        "updated_at": "2026-11-21T14:24:26Z",
        "links": {},
    } | changes


def gate(number: int = 4, **changes: Any) -> dict[str, Any]:
    standing = {"action": "examples.hello", "attempt": 1, "created_at": "2026-11-21T14:25:10Z"}
    return {
        "gate": number,
        "policy": "examples.hello",
        "policy_id": 2,
        "kind": "concurrency",
        "key": "World",
        "key_digest": "6c3a91f0",
        "limit": 1,
        "window_s": None,
        "passed": None,
        "next_s": None,
        "running": 1,
        "waiting": 1,
        "oldest_waiting_s": 290.0,
        "avg_wait_s": 4.2,
        "total_enqueued": 9,
        "total_completed": 7,
        "used_at": "2026-11-21T14:29:00Z",
        "line": [{"position": 1, "execution": 19, "status": "delayed", **standing}],
        "holders": [{"execution": 17, "status": "running", **standing}],
    } | changes


def policy(policy_id: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "id": policy_id,
        "name": "examples.hello",
        "kind": "concurrency",
        "scope": "action",
        "subject": "examples.hello",
        "limit": 1,
        "limit_override": None,
        "window_s": None,
        "key": "{{ name }}",
        "when_full": "queue",
        "max_waiting": None,
        "expires_s": 3600.0,
        "retry": None,
        "timeout_s": None,
        "source": "action",
        "updated_at": "2026-11-21T14:24:26Z",
    } | changes


def token(token_id: int = 3, **changes: Any) -> dict[str, Any]:
    return {
        "id": token_id,
        "name": "ci",
        "identity": "ann",
        "public_id": "WHyLY4d0KEgo",
        "grants": None,
        "created_at": "2026-11-20T14:00:00Z",
        "expires_at": None,
        "last_used_at": "2026-11-21T14:25:00Z",
    } | changes


def key(name: str = "cloud_key", **changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "ref": name,
        "name": name,
        "owner": {"type": "system", "ref": ""},
        "description": "for the cloud",
        "encrypted": True,
        "version": 2,
        "expires_at": None,
        "expired": False,
        "orphaned": False,
        "created_at": "2026-11-21T14:00:00Z",
        "updated_at": "2026-11-21T14:20:00Z",
    } | changes


def one_key(name: str = "cloud_key", **changes: Any) -> dict[str, Any]:
    versions = [
        {"number": 2, "created_by": "ann", "created_at": "2026-11-21T14:20:00Z"},
        {"number": 1, "created_by": None, "created_at": "2026-11-21T14:00:00Z"},
    ]
    return key(name) | {"value": None, "versions": versions} | changes


def audit_record(record_id: int = 31, **changes: Any) -> dict[str, Any]:
    return {
        "id": record_id,
        "at": "2026-11-21T14:25:00Z",
        "who": "ann",
        "deed": "key.reveal",
        "on": "cloud_key",
        "outcome": "done",
        "address": "10.0.0.7",
        "request_id": "50ab569dbc504ec892919eb9fee0edfa",
        "facts": {"version": 2},
    } | changes


def configuration(**changes: Any) -> dict[str, Any]:
    return {
        "properties": {
            "password": {"type": "string", "secret": True, "description": "of the database"},
            "region": {"type": "string", "default": "north"},
            "zones": {"type": "array"},
        },
        "values": {"password": "***"},
        "effective": {"password": "***", "region": "north"},
        "updated_by": "ann",
        "updated_at": "2026-11-21T14:20:00Z",
    } | changes


def identity(name: str = "ann", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "user",
        "email": "",
        "is_active": True,
        "is_administrator": False,
        "groups": ["night"],
        "roles": ["operator"],
        "must_change_password": False,
        "created_at": "2026-11-20T14:00:00Z",
        "last_login_at": None,
    } | changes


def role(name: str = "deployer", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "",
        "grants": ["execution.run@pack:aws", "execution.view@pack:aws"],
        "source": "operator",
        "pack": None,
        "updated_at": "2026-11-20T14:00:00Z",
    } | changes


def trigger(ref: str = "core.alert", **changes: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "pack": "core",
        "name": ref.removeprefix("core."),
        "description": "Something that somebody should look at.",
        "payload_schema": {"type": "object", "required": ["code"]},
        "parameters_schema": {},
        "aliases": [],
        "updated_at": "2026-11-21T14:24:26Z",
        "links": {},
    } | changes


def event(event_id: int = 41, **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": "web.pushed",
        "pack": "web",
        "parameters": {},
        "payload": {"host": "db1"},
        "source": "api",
        "source_ref": "ann",
        "dedupe_key": None,
        "trace_id": "1f0c1bd8-2f1f-4a5e-8d9c-6d3d3f6f0a11",
        "depth": 0,
        "caused_by": None,
        "replay_of": None,
        "sent_by": "ann",
        "received_at": "2026-11-21T14:25:11.044633Z",
        "processed_at": "2026-11-21T14:25:11.049Z",
        "links": {},
    } | changes


CRITERION = {
    "path": "trigger.host",
    "condition": "startswith",
    "pattern": "web",
    "value": "db1",
    "text": "trigger.host is 'db1', which does not start with 'web'",
    "is_error": False,
    "pointer": "/criteria/trigger.host",
}


def one_event(**changes: Any) -> dict[str, Any]:
    said = {"rule": "web.restart", "version": 2, "outcome": "matched", "text": "the criteria hold", "criterion": None}
    no = {"rule": "web.page", "version": 1, "outcome": "criteria", "text": "a criterion does not hold"}
    return event(verdicts=[said, no | {"criterion": CRITERION}], enforcements=[enforcement()]) | changes


def rule(ref: str = "web.restart", **changes: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "name": ref.removeprefix("web."),
        "pack": "web",
        "description": "Restarts a web server that somebody pushed to.",
        "enabled": True,
        "pack_enabled": True,
        "trigger": {"type": "web.pushed", "parameters": {}},
        "criteria": {"trigger.host": {"type": "startswith", "pattern": "web"}},
        "action": {"ref": "web.restart", "parameters": {"host": "{{ trigger.host }}"}},
        "kind": "standard",
        "overlap": "skip",
        "labels": {},
        "owner": "ann",
        "version": 2,
        "source": "made",
        "dialect": "attune",
        "created_at": "2026-11-20T14:00:00Z",
        "updated_at": "2026-11-21T14:24:26Z",
        "links": {},
    } | changes


def enforcement(enforcement_id: int = 9, **changes: Any) -> dict[str, Any]:
    return {
        "id": enforcement_id,
        "event": 41,
        "trigger": "web.pushed",
        "rule": "web.restart",
        "rule_version": 2,
        "status": "started",
        "reason": None,
        "parameters": {"host": "web1"},
        "execution": 17,
        "trace_id": "1f0c1bd8-2f1f-4a5e-8d9c-6d3d3f6f0a11",
        "at": "2026-11-21T14:25:11.052Z",
        "links": {},
    } | changes


def said(**changes: Any) -> dict[str, Any]:
    """What a rule says of a payload that does not fit."""
    finding = {"pointer": CRITERION["pointer"], "path": "trigger.host", "condition": "startswith"}
    return {
        "outcome": "criteria",
        "text": f"a criterion does not hold: {CRITERION['text']}",
        "criterion": CRITERION,
        "findings": [finding | {"holds": False, "failed": CRITERION}],
        "parameters": {"host": "db1"},
        "errors": [],
    } | changes


def webhook(url: str = "deploy", **changes: Any) -> dict[str, Any]:
    return {
        "url": url,
        "path": f"/api/v1/webhooks/{url}",
        "authentication": "hmac",
        "enabled": True,
        "rate_per_minute": 6000,
        "may_wait": True,
        "headers": ["X-Priority"],
        "description": "from the build server",
        "pack": None,
        "secrets": [
            {"number": 2, "created_at": "2026-11-21T14:00:00Z", "ends_at": None},
            {"number": 1, "created_at": "2026-11-01T14:00:00Z", "ends_at": "2026-11-22T14:00:00Z"},
        ],
        "created_by": "ann",
        "created_at": "2026-11-01T14:00:00Z",
        "updated_at": "2026-11-21T14:00:00Z",
        **changes,
    }


def delivery(delivery_id: int = 71, **changes: Any) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "at": "2026-11-21T14:25:10.915267Z",
        "outcome": "accepted",
        "reason": None,
        "status": 202,
        "event": 512,
        "delivery": "build-17",
        "address": "192.0.2.7",
        "size": 2048,
        **changes,
    }
