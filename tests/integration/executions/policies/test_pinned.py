"""Timeouts and retries of policies hold as they were when the execution was asked for."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.accounts.permissions import verbs_of
from apps.executions.due import bring_on_due
from apps.executions.models import Execution, Policy
from apps.executions.policies.services import create_policy, remove_policy
from apps.executions.services.request import Wish, request_executions
from apps.executions.states import Status
from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end
from tests.statements import commits_in, statements_in

AGAIN = {"max_attempts": 3, "backoff": "constant", "delay_s": 0}


def a_policy(kind: str, **fields: Any) -> Policy:
    return create_policy(**{"name": f"{kind} {Policy.objects.count()}", "kind": kind, "scope": "system", **fields})


def test_the_least_timeout_of_the_action_and_all_policies_holds(people: People, settings: Settings) -> None:
    settings.ATTUNE_TASK_TIMEOUT_S = 300
    silent, strict = make_action("silent"), make_action("strict", timeout_s=5)
    assert [ask(people, action)[0].timeout_s for action in (silent, strict)] == [300, 5]
    a_policy("timeout", timeout_s=600)
    assert [ask(people, action)[0].timeout_s for action in (silent, strict)] == [600, 5]
    a_policy("timeout", timeout_s=3, scope="pack", subject="demo")
    assert [ask(people, action)[0].timeout_s for action in (silent, strict)] == [3, 3]


def test_a_retry_of_a_policy_is_kept_with_the_execution(people: People) -> None:
    policy = a_policy("retry", retry=AGAIN)
    (row,) = ask(people)
    remove_policy(policy)
    assert (row.max_attempts, row.retry["backoff"]) == (3, "constant")  # type: ignore[index]
    worker = make_worker()
    for status in (Status.FAILED, Status.TIMEOUT):
        assert end(claimed(row, worker), status) is Status.REQUESTED
        bring_on_due()
    assert end(claimed(row, worker), Status.FAILED) is Status.FAILED
    assert ask(people)[0].retry is None


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_the_actions_file_says_of_retries_beats_every_policy(people: People, attempts: int) -> None:
    action = make_action(retry={"max_attempts": attempts})
    a_policy("retry", retry=AGAIN, scope="action", subject=action.ref)
    (row,) = ask(people, action)
    assert (row.max_attempts, row.retry) == (attempts, None)


def test_policies_cost_a_request_without_gates_no_statement(people: People) -> None:
    action = make_action()
    a_policy("retry", retry=AGAIN)
    a_policy("timeout", timeout_s=5)
    verbs_of(people.owner)  # looked up once for each request of the API
    with CaptureQueriesContext(connection) as captured:
        request_executions(people.owner, [Wish(action=action.ref)])
    assert (commits_in(captured), statements_in(captured)) == (1, 3)


def test_a_gate_of_a_rate_costs_a_request_as_much_as_one_of_a_limit(people: People) -> None:
    action = make_action()
    a_policy("rate", limit=1, window_s=3600)
    verbs_of(people.owner)  # looked up once for each request of the API
    found = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            request_executions(people.owner, [Wish(action=action.ref)])
        found.append((commits_in(captured), statements_in(captured)))
    assert found == [(2, 6), (2, 5)]
    assert set(Execution.objects.values_list("status", flat=True)) == {"scheduled", "delayed"}
