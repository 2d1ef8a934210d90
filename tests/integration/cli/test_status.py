"""`attune status`, `whoami`, `worker`, `runtime`, `token` and `operation`"""

import json

from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import operation

READY = {"status": "ok", "database": "ok", "migrations": "ok", "redis": "degraded", "workers": 2}
WORKER = {
    "name": "w1",
    "status": "active",
    "refusal": None,
    "is_stopping": False,
    "pool": "default",
    "runtimes": {"python": [{"version": "3.11.7", "interpreter": "/usr/bin/python3"}], "shell": [{"version": "5.2"}]},
    "slots": 10,
    "running": 3,
    "last_heartbeat": "2999-01-01T00:00:00Z",
    "host": "vm",
    "pid": 7,
    "version": "0.1.0",
}


def test_status_tells_what_can_serve(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/readyz", READY)
    canned.on("GET", "/api/v1/workers", page(WORKER, WORKER))
    ended = attune("status")
    assert ended.code == 0
    assert ended.out == (
        f"at          {canned.url}\n"
        "status      ok\n"
        "database    ok\n"
        "migrations  ok\n"
        "redis       degraded\n"
        "workers     2 active\n"
        "slots       6 of 20 busy\n"
        "version     0.1.0\n"
    )


def test_status_needs_no_token(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/readyz", READY)
    canned.on("GET", "/api/v1/workers", problem(401, "not_authenticated", "No credentials."))
    ended = attune("status")
    assert ended.code == 0
    assert "token       none, or one that is not known here\n" in ended.out


def test_an_attune_that_cannot_serve_is_exit_code_3(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/readyz", Answer({"status": "unavailable", "database": "away"}, 503))
    ended = attune("status", "--json")
    assert ended.code == 3
    assert json.loads(ended.out) == {"status": "unavailable", "database": "away"}


def test_workers_are_listed_with_what_they_can_run(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/workers", page(WORKER))
    assert attune("worker", "list").out == (
        "WORKER  STATUS  POOL     SLOTS  RUNTIMES                  HEARTBEAT  HOST  PID  VERSION\n"
        "w1      active  default   3/10  python 3.11.7, shell 5.2         0s  vm      7  0.1.0\n"
    )


def test_runtimes_are_listed(attune: Attune, canned: Canned) -> None:
    row = {
        "name": "python",
        "label": "Python",
        "versions": ["3.11.7"],
        "workers": 1,
        "extensions": [".py"],
        "provider": "virtualenv",
        "pack": "core",
    }
    canned.on("GET", "/api/v1/runtimes", page(row))
    assert "python   Python  3.11.7          1  .py         virtualenv    core\n" in attune("runtime", "list").out


def test_whoami_says_who_and_where(attune: Attune, canned: Canned) -> None:
    me = {"username": "ann", "is_administrator": False, "grants": ["action.view"], "token_grants": []}
    canned.on("GET", "/api/v1/auth/me", me)
    out = attune("whoami").out
    assert out.startswith("name           ann\nadministrator  no\nmay            action.view\n")


def test_a_new_token_is_alone_on_stdout(attune: Attune, canned: Canned) -> None:
    token = {"id": 3, "name": "ci", "identity": "ann", "token": "att_secret"}
    canned.on("POST", "/api/v1/tokens", Answer(token, 201))
    ended = attune("token", "create", "ci", "--expires", "2999-01-01T00:00:00Z")
    assert (ended.out, ended.err) == ("att_secret\n", "token 3 for ann, shown this once:\n")
    assert canned.bodies("POST", "/api/v1/tokens") == [{"name": "ci", "expires_at": "2999-01-01T00:00:00Z"}]


def test_a_token_is_revoked(attune: Attune, canned: Canned) -> None:
    canned.on("DELETE", "/api/v1/tokens/3", Answer(None, 204))
    assert attune("token", "revoke", "3").err == "token 3 is revoked\n"


def test_an_operation_is_shown_with_its_errors(attune: Attune, canned: Canned) -> None:
    error = {"code": "pack_invalid", "detail": "1 error.", "errors": [{"file": "a.yaml", "line": 3, "detail": "no"}]}
    canned.on("GET", "/api/v1/operations/5", operation("failed", error=error))
    out = attune("operation", "show", "5").out
    assert "error         pack_invalid: 1 error.\n" in out
    assert "\nSteps\nSTEP   STATUS     STARTED" in out
    assert out.endswith("\nErrors\n  a.yaml:3: no\n")


def test_the_log_of_an_operation_is_printed(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/operations/5/log", Answer(b"copy\ncheck\n", content_type="text/plain; charset=utf-8"))
    assert attune("operation", "log", "5").out == "copy\ncheck\n"
