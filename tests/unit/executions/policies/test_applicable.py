"""What several policies come to together."""

from typing import Any

from apps.executions.models import Policy
from apps.executions.policies.applicable import together


def policy(pk: int, kind: str, *, scope: str = "action", source: str = "operator", **said: Any) -> Policy:
    return Policy(pk=pk, kind=kind, scope=scope, source=source, **said)


def test_nothing_is_said_where_there_is_no_policy() -> None:
    found = together([])
    assert (list(found.gates), found.timeout_s, found.retry) == ([], None, None)


def test_gates_stand_narrowest_first_and_a_rate_behind_a_limit() -> None:
    rules = [
        policy(1, "rate", scope="system"), policy(2, "concurrency", scope="system"), policy(3, "rate"),
        policy(4, "concurrency"), policy(5, "concurrency", scope="pack"), policy(7, "timeout", timeout_s=5.0),
        policy(6, "rate", scope="pack", key="{{ a }}"), policy(8, "concurrency"),
    ]  # fmt: skip
    assert [gate.pk for gate in together(rules).gates] == [6, 4, 8, 3, 5, 2, 1]


def test_the_least_timeout_holds() -> None:
    rules = [policy(1, "timeout", timeout_s=5.0), policy(2, "timeout", scope="system", timeout_s=3.0)]
    assert together(rules).timeout_s == 3.0


def test_the_most_specific_retry_holds_and_an_operators_before_a_files() -> None:
    def of(pk: int, **more: Any) -> Policy:
        return policy(pk, "retry", retry={"max_attempts": pk}, **more)

    rules = [of(2, scope="system"), of(3, scope="pack"), of(4, source="pack"), of(5), of(6, source="pack")]
    said = []
    while rules:
        rule = together(rules).retry
        assert rule is not None
        said.append(rule.max_attempts)
        rules = [item for item in rules if item.pk != rule.max_attempts]
    assert said == [5, 6, 4, 3, 2]
