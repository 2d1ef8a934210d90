"""`attune gate` and `attune policy`"""

from typing import Any

import pytest

from tests.integration.cli.canned import Answer, Canned, page
from tests.integration.cli.conftest import Attune

GATE = "/api/v1/gates/4"
POLICIES = "/api/v1/policies"
STATS = {
    "gate": 4,
    "policy": "examples.one_at_a_time",
    "policy_id": 1,
    "kind": "concurrency",
    "key": None,
    "key_digest": None,
    "limit": 0,
    "window_s": None,
    "passed": None,
    "next_s": None,
    "waiting": 1,
    "running": 1,
    "oldest_waiting_s": 5.0,
    "avg_wait_s": 1.5,
    "total_enqueued": 9,
    "total_completed": 7,
    "used_at": "2026-11-21T14:25:10Z",
}
STANDING = {"execution": 17, "action": "examples.one_at_a_time", "attempt": 1, "created_at": "2026-11-21T14:25:10Z"}
POLICY = {
    "id": 1,
    "name": "nightly",
    "kind": "concurrency",
    "scope": "pack",
    "subject": "examples",
    "source": "api",
    "limit": 2,
    "limit_override": None,
    "window_s": None,
    "retry": None,
    "timeout_s": None,
    "key": None,
    "when_full": "queue",
    "max_waiting": None,
    "expires_s": None,
    "updated_at": "2026-11-21T14:25:10Z",
}


def test_a_gate_is_shown_with_who_holds_and_who_waits(attune: Attune, canned: Canned) -> None:
    whole = STATS | {
        "holders": [STANDING | {"status": "running"}],
        "line": [STANDING | {"execution": 18, "position": 1, "status": "delayed"}],
    }
    canned.on("GET", GATE, whole)
    out = attune("gate", "show", "4").out
    assert "policy        examples.one_at_a_time (id 1)\nlimit         0 (paused)\n" in out
    assert "\nHold a slot\nEXECUTION  ACTION                  STATUS   ATTEMPT" in out
    assert "\nLine\n#  EXECUTION  ACTION                  STATUS   ATTEMPT" in out


def test_a_limit_is_moved_and_given_back(attune: Attune, canned: Canned) -> None:
    canned.on("PATCH", GATE, STATS | {"limit": 3})
    assert attune("gate", "limit", "4", "3").err == "examples.one_at_a_time: limit 3, 1 run, 1 wait\n"
    attune("gate", "limit", "4", "0")
    attune("gate", "limit", "4", "--reset")
    assert canned.bodies("PATCH", GATE) == [{"limit": 3}, {"limit": 0}, {"limit": None}]


@pytest.mark.parametrize("words", [("4",), ("4", "3", "--reset"), ("4", "three")])
def test_a_limit_or_reset_is_needed(attune: Attune, canned: Canned, words: tuple[str, ...]) -> None:
    assert attune("gate", "limit", *words).code == 2
    assert canned.asked == []


def test_gates_are_listed(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/gates", page(STATS))
    out = attune("gate", "list", "--action", "examples.one_at_a_time").out
    assert out.startswith("GATE  POLICY                  KEY       LIMIT  RUNNING  WAITING  OLDEST  USUAL WAIT")


def test_a_policy_is_made_with_only_what_was_given(attune: Attune, canned: Canned) -> None:
    canned.on("POST", POLICIES, Answer(POLICY, 201))
    attune("policy", "create", "nightly", "--scope", "pack", "--subject", "examples", "--limit", "2")
    attune("policy", "create", "all", "--scope", "system", "--limit", "9", "--max-waiting", "5", "--expires", "1.5")
    assert canned.bodies("POST", POLICIES) == [
        {"name": "nightly", "kind": "concurrency", "scope": "pack", "subject": "examples", "limit": 2},
        {"name": "all", "kind": "concurrency", "scope": "system", "limit": 9, "max_waiting": 5, "expires_s": 1.5},
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--limit 5 --window 60", {"kind": "rate", "limit": 5, "window_s": 60}),
        ("--timeout 1.5", {"kind": "timeout", "timeout_s": 1.5}),
        (
            "--tries 3 --after failed --backoff linear --delay 2 --max-delay 9 --jitter 0.5",
            {
                "kind": "retry",
                "retry": {
                    "max_attempts": 3, "on": ["failed"], "backoff": "linear", "delay_s": 2, "max_delay_s": 9,
                    "jitter": 0.5,
                },
            },
        ),
        ("--kind retry --after both", {"kind": "retry", "retry": {"on": ["failed", "timeout"]}}),
    ],
)  # fmt: skip
def test_the_kind_follows_from_what_is_said(attune: Attune, canned: Canned, words: str, said: dict[str, Any]) -> None:
    canned.on("POST", POLICIES, Answer(POLICY, 201))
    assert attune("policy", "create", "p", "--scope", "system", *words.split()).code == 0
    assert canned.bodies("POST", POLICIES) == [{"name": "p", "scope": "system", **said}]


def test_of_a_retry_only_the_part_that_is_given_changes(attune: Attune, canned: Canned) -> None:
    rule = {"max_attempts": 3, "on": ["failed"], "delay_s": 2}
    canned.on("GET", f"{POLICIES}/1", POLICY | {"kind": "retry", "retry": rule})
    canned.on("PATCH", f"{POLICIES}/1", POLICY)
    assert attune("policy", "update", "1", "--delay", "5").code == 0
    assert canned.bodies("PATCH", f"{POLICIES}/1") == [{"retry": {**rule, "delay_s": 5}}]


def test_a_policy_is_changed_by_its_name_and_none_takes_a_rule_away(attune: Attune, canned: Canned) -> None:
    canned.on("GET", POLICIES, page({"id": 1, "name": "nightly"}, {"id": 2, "name": "other"}))
    canned.on("PATCH", f"{POLICIES}/1", POLICY)
    ended = attune("policy", "update", "nightly", "--limit", "none", "--key", "{{ host }}")
    assert ended.code == 0
    assert canned.bodies("PATCH", f"{POLICIES}/1") == [{"key": "{{ host }}", "limit": None}]


def test_a_name_that_two_policies_have_is_not_guessed(attune: Attune, canned: Canned) -> None:
    canned.on("GET", POLICIES, page({"id": 1, "name": "nightly"}, {"id": 2, "name": "nightly"}))
    ended = attune("policy", "delete", "nightly")
    assert ended.code == 2
    assert "1, 2; give the id" in ended.err


def test_a_policy_is_retired(attune: Attune, canned: Canned) -> None:
    canned.on("DELETE", f"{POLICIES}/1", Answer(None, 204))
    assert attune("policy", "delete", "1").err == "policy 1 is retired\n"


def test_an_update_without_a_change_is_a_mistake(attune: Attune, canned: Canned) -> None:
    assert attune("policy", "update", "1").code == 2
    assert attune("policy", "update", "1", "--limit", "many").code == 2
    assert canned.asked == []
