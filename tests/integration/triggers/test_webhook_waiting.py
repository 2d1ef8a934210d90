"""A sender who asks to wait gets the result of the first execution, and only where that may be."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from apps.api.executions.views import wait_for_end
from apps.api.webhooks import waiting
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.rules.checks import RuleSpec
from apps.rules.services.rules import create_rule
from tests.asgi import Answer
from tests.conductor import process_open
from tests.factories import make_action, make_worker
from tests.integration.triggers.conftest import SECRET, Make, post
from tests.people import People
from tests.running import claimed, end


@contextmanager
def beside(deed: Any) -> Iterator[None]:
    """Does `deed` again and again, in a thread of its own, until the block is left."""
    is_over = threading.Event()

    def run() -> None:
        try:
            while not is_over.wait(0.02):
                deed()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=30)


@pytest.fixture
def ruled(make: Make, people: People) -> None:
    make(authentication="token")
    make_action()
    criteria = {"trigger.body.go": {"type": "eq", "pattern": True}}
    spec = RuleSpec(
        name="deploys", pack_ref="", trigger="core.webhook", trigger_parameters={"url": "deploy"},
        criteria=criteria, action="demo.deploy",
    )  # fmt: skip
    create_rule(people.administrator, spec)


def ask(body: bytes, *, wait_s: str = "50") -> Answer:
    return post("deploy", body, query=f"wait=true&wait_s={wait_s}".encode(), X_Attune_Token=SECRET)


def test_where_too_many_wait_already_the_next_one_is_answered_at_once(
    ruled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_places", full := threading.BoundedSemaphore(1))
    with full:
        answer = ask(b'{"go": true}', wait_s="60")  # nobody processes its event: it would take the whole minute
    assert (answer.status, answer.json()["execution"]) == (202, None)


def test_the_result_of_the_first_execution(ruled: None) -> None:
    worker = make_worker()

    def work() -> None:
        process_open()
        for execution in Execution.objects.filter(status=Status.SCHEDULED):
            end(claimed(execution, worker), result={"deployed": True})

    with beside(work):
        answer = ask(b'{"go": true}')
    assert answer.status == 200
    execution = answer.json()["execution"]
    assert (execution["action"], execution["status"], execution["result"]) == (
        "demo.deploy", "succeeded", {"deployed": True},
    )  # fmt: skip


def test_no_result_where_no_rule_matched(ruled: None) -> None:
    with beside(process_open):
        answer = ask(b'{"go": false}')
    assert (answer.status, answer.json()["execution"]) == (200, None)


def test_what_takes_longer_is_202_with_the_event(ruled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(b'{"go": true}', wait_s="0")
    assert (answer.status, answer.json()["execution"]) == (202, None)
    process_open()
    # All the time it takes until there is an execution, and little more: a short wait may be over before there is one.
    monkeypatch.setattr(waiting, "wait_for_end", lambda pk, wait_s: wait_for_end(pk, min(wait_s, 0.1)))
    with beside(process_open):
        later = ask(b'{"go": true}')
    assert later.status == 202
    assert later.json()["execution"]["status"] not in ("succeeded", "failed")


def test_a_webhook_may_keep_results_to_itself(ruled: None, make: Make) -> None:
    make("quiet", authentication="token", may_wait=False)
    answer = post("quiet", query=b"wait=true", X_Attune_Token=SECRET)
    assert (answer.status, answer.json()["code"]) == (403, "may_not_wait")
    assert post("quiet", X_Attune_Token=SECRET).status == 202
