from typing import Any

import pytest

from apps.executions.policies.rules import completed, declared_by, mistakes

PARAMETERS: dict[str, dict[str, Any]] = {"host": {"type": "string"}, "token": {"type": "string", "secret": True}}


def told(kind: str, **said: Any) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in mistakes(kind, said, parameters=PARAMETERS)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("concurrency", {"limit": 0}), ("concurrency", {"limit": 2, "key": "{{ host }}", "max_waiting": 0}),
        ("rate", {"limit": 10_000, "window_s": 1, "when_full": "reject"}), ("timeout", {"timeout_s": 1}),
        ("retry", {"retry": {"max_attempts": 1}}),
        ("retry", {"retry": {"max_attempts": 5, "delay_s": 10, "max_delay_s": 10}}),
        ("timeout", {"timeout_s": 1, "limit": None, "key": None}),
    ],
)  # fmt: skip
def test_what_makes_sense_is_no_mistake(kind: str, said: dict[str, Any]) -> None:
    assert told(kind, **said) == []


@pytest.mark.parametrize(
    ("kind", "said", "pointer", "code"),
    [
        ("concurrency", {}, "/limit", "required"),
        ("concurrency", {"limit": 1, "window_s": 5}, "/window_s", "contradiction"),
        ("concurrency", {"limit": 1, "timeout_s": 5}, "/timeout_s", "contradiction"),
        ("rate", {"limit": 1}, "/window_s", "required"),
        ("rate", {"limit": 10_001, "window_s": 1}, "/limit", "max_value"),
        ("rate", {"limit": 1, "window_s": 1, "when_full": "cancel", "max_waiting": 3}, "/max_waiting", "contradiction"),
        ("concurrency", {"limit": 1, "when_full": "reject", "max_waiting": 0}, "/max_waiting", "contradiction"),
        ("concurrency", {"limit": 1, "key": ""}, "/key", "bad_key"),
        ("concurrency", {"limit": 1, "key": "  "}, "/key", "bad_key"),
        ("concurrency", {"limit": 1, "key": "{{ '' }}"}, "/key", "bad_key"),
        ("concurrency", {"limit": 1, "key": "{{ nobody }}"}, "/key", "bad_key"),
        ("concurrency", {"limit": 1, "key": "{{ token }}"}, "/key", "bad_key"),
        ("concurrency", {"limit": 1, "key": "{{ host"}, "/key", "bad_key"),
        ("retry", {}, "/retry", "required"),
        ("retry", {"retry": {"max_attempts": 2}, "key": "{{ host }}"}, "/key", "contradiction"),
        ("retry", {"retry": {"max_attempts": 0}}, "/retry/max_attempts", "invalid"),
        ("retry", {"retry": {}}, "/retry/max_attempts", "required"),
        ("retry", {"retry": {"max_attempts": 2, "often": True}}, "/retry/often", "unknown"),
        ("retry", {"retry": {"max_attempts": 2, "delay_s": 5, "max_delay_s": 4}}, "/retry/delay_s", "contradiction"),
        ("timeout", {"timeout_s": 5, "when_full": "queue"}, "/when_full", "contradiction"),
    ],
)
def test_each_contradiction_is_told_at_its_place(kind: str, said: dict[str, Any], pointer: str, code: str) -> None:
    assert told(kind, **said) == [(pointer, code)]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(told("rate", key="{{", retry={}, timeout_s=1)) == 5


def test_a_parameter_that_is_secret_somewhere_is_secret() -> None:
    plain: dict[str, dict[str, Any]] = {"a": {"type": "string"}}
    secret: dict[str, dict[str, Any]] = {"a": {"secret": True}, "b": {}}
    for order in ([plain, secret], [secret, plain]):
        assert declared_by(order) == {"a": {"secret": True}, "b": {}}


def test_a_rule_is_kept_with_all_it_leaves_to_defaults() -> None:
    rule = completed({"retry": {"max_attempts": 3}})["retry"]
    assert rule == {
        "max_attempts": 3, "on": ["failed", "timeout"], "backoff": "exponential", "delay_s": 1.0,
        "max_delay_s": 3600.0, "jitter": 0.0,
    }  # fmt: skip
    assert completed({"limit": 1}) == {"limit": 1}
