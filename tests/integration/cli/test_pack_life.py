"""What the command line sends and says of a pack's life after its installation, and of ad-hoc packs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import action, operation, pack

API = "/api/v1"
OUTCOME: dict[str, Any] = {
    "ref": "demo", "version": "1.1.0", "digest": "d" * 64, "change": "upgraded", "content": {"actions": 2},
    "source": "/srv/packs/demo", "commit": "",
}  # fmt: skip


def test_a_dry_run_shows_what_would_change(attune: Attune, canned: Canned) -> None:
    names = [f"a{number:02}" for number in range(25)]
    diff = {
        "files": {"added": ["b.py"], "changed": [], "removed": []},
        "actions": {"added": names, "changed": ["x"], "removed": ["y"]},
    }
    canned.on("POST", f"{API}/packs/demo/upgrade", Answer(operation(outcome={**OUTCOME, "diff": diff}), 202))
    ended = attune("pack", "upgrade", "demo", "--dry-run")
    lines = ended.out.splitlines()
    assert lines[:3] == ["demo 1.1.0 would be upgraded; nothing was changed (2 actions)", "  files", "    + b.py"]
    assert lines[-4:] == ["    + a19", "    + and 5 more", "    ~ x", "    - y"]
    assert canned.bodies("POST", f"{API}/packs/demo/upgrade") == [{"force": False, "dry_run": True}]


def test_a_rollback_waits_for_its_environments(attune: Attune, canned: Canned) -> None:
    outcome = {**OUTCOME, "change": "rolled_back", "version": "1.0.0"}
    canned.on("POST", f"{API}/packs/demo/rollback", Answer(operation(kind="pack.rollback", outcome=outcome), 202))
    canned.on("GET", f"{API}/packs/demo/environments", page())
    ended = attune("pack", "rollback", "demo", "--to", "1.0.0")
    assert (ended.code, ended.out) == (0, "demo 1.0.0 rolled back (2 actions)\n")
    assert attune("pack", "rollback", "demo", "--force").code == 0
    assert canned.bodies("POST", f"{API}/packs/demo/rollback") == [{"version": "1.0.0"}, {"force": True}]


def test_what_uses_a_pack_is_listed_when_it_is_not_removed(attune: Attune, canned: Canned) -> None:
    uses = [{"kind": "rule", "name": "web.deploy", "text": "runs demo.a on core.webhook"}]
    refused = problem(409, "in_use", "The pack demo is in use.", uses=uses)
    canned.on("DELETE", f"{API}/packs/demo", refused, Answer(b"", 204))
    ended = attune("pack", "remove", "demo")
    assert ended.code == 1
    assert "  rule web.deploy: runs demo.a on core.webhook\n  to do it all the same: --force\n" in ended.err
    assert attune("pack", "remove", "demo", "--force").code == 0
    assert [asked.query for asked in canned.asked] == [{}, {"force": ["true"]}]


def test_an_ad_hoc_pack_is_made(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{API}/packs", Answer(pack("mine"), 201))
    assert attune("pack", "create", "mine", "--label", "Mine", "--meta", '{"team": "ops"}').code == 0
    assert canned.bodies("POST", f"{API}/packs") == [
        {"ref": "mine", "label": "Mine", "version": "0.1.0", "meta": {"team": "ops"}}
    ]


@pytest.mark.parametrize(("content", "field"), [(b"echo hi\n", "code"), (b"\x7fELF\xff", "code_base64")])
def test_an_action_is_sent_with_its_program(
    attune: Attune, canned: Canned, tmp_path: Path, content: bytes, field: str
) -> None:
    (tmp_path / "hello.yaml").write_text("name: hello\nruntime: shell\nentry_point: hello.sh:main\n")
    (tmp_path / "hello.sh").write_bytes(content)
    canned.on("POST", f"{API}/actions", Answer(action(), 201))
    assert attune("action", "create", "--pack", "mine", "--file", str(tmp_path / "hello.yaml")).code == 0
    (body,) = canned.bodies("POST", f"{API}/actions")
    assert {name: body[name] for name in ("pack", "name", "entry_point")} == {
        "pack": "mine", "name": "hello", "entry_point": "hello.sh:main",
    }  # fmt: skip
    assert field in body


def test_an_action_is_changed_as_a_whole_or_its_program_alone(attune: Attune, canned: Canned, tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(json.dumps({"name": "hello", "runtime": "shell"}))
    (tmp_path / "new.sh").write_text("true\n")
    canned.on("PUT", f"{API}/actions/mine.hello", action())
    canned.on("PATCH", f"{API}/actions/mine.hello", action())
    assert attune("action", "update", "mine.hello", "--file", str(tmp_path / "hello.yaml")).code == 0
    assert canned.bodies("PUT", f"{API}/actions/mine.hello") == [{"runtime": "shell"}]
    assert attune("action", "update", "mine.hello", "--code", str(tmp_path / "new.sh")).code == 0
    assert canned.bodies("PATCH", f"{API}/actions/mine.hello") == [{"code": "true\n"}]
    assert attune("action", "update", "mine.hello").code == 2
