"""Gates are locked in one order by everybody, so nobody waits for somebody who waits for them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.actions.models import Action
from apps.executions.due import bring_on_due
from apps.executions.models import Execution, Gate
from apps.executions.services.request import Wish, request_executions
from tests.asking import ask
from tests.factories import make_action, make_policy
from tests.people import People
from tests.threads import wait_for_locks

PARAMETERS = {"host": {"type": "string"}}


def all_at_once(gates: list[int], *deeds: Callable[[], object]) -> None:
    """Holds the rows of `gates` until all of `deeds` wait, lets go, and waits for them; an exception is raised."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        started: list[Future[object]] = []
        with transaction.atomic():
            list(Gate.objects.filter(pk__in=gates).select_for_update())
            for deed in deeds:
                started.append(pool.submit(_closing, deed))
                wait_for_locks(len(started))
        for future in started:
            future.result()


def _closing(deed: Callable[[], object]) -> object:
    try:
        return deed()
    finally:
        connection.close()


def hosts_in_the_order_of_gates(people: People, action: Action) -> list[str]:
    """Two hosts: the gate of the first has the smaller id and the greater hash."""
    hashes: dict[str, str] = {}
    for index in range(64):
        (row,) = ask(people, action, parameters={"host": f"host{index}"})
        hashes[f"host{index}"] = Gate.objects.get(pk=row.gate_id or 0).key_hash
        earlier = next((host for host in hashes if hashes[host] > hashes[f"host{index}"]), None)
        if earlier:
            return [earlier, f"host{index}"]
    raise AssertionError("64 hashes in ascending order")


def test_what_becomes_due_and_a_batch_at_the_same_gates_do_not_wait_for_each_other(people: People) -> None:
    action = make_action(parameters=PARAMETERS, concurrency={"limit": 1, "key": "{{ host }}"})
    hosts = hosts_in_the_order_of_gates(people, action)
    past = timezone.now() - timedelta(seconds=1)
    for host in hosts:
        ask(people, action, parameters={"host": host}, not_before=past)
    wishes = [Wish(action=action.ref, parameters={"host": host}) for host in hosts]
    gates = list(Gate.objects.filter(key_text__in=hosts).values_list("pk", flat=True))
    all_at_once(gates, bring_on_due, lambda: request_executions(people.owner, wishes))
    assert list(Gate.objects.filter(pk__in=gates).values_list("last_seq", flat=True)) == [3, 3]


def test_two_that_meet_at_a_gate_nobody_has_used_do_not_wait_for_each_other(people: People) -> None:
    pack = make_policy("the pack", scope="pack", subject="demo", limit=5, is_removed=True)
    own = make_action("own", concurrency={"limit": 5})
    plain = make_action("plain")
    (row,) = ask(people, own)
    pack.is_removed = False
    pack.save()
    both = [Wish(action=plain.ref), Wish(action=own.ref)]
    all_at_once(
        [row.gate_id or 0],
        lambda: request_executions(people.owner, [Wish(action=own.ref)]),
        lambda: request_executions(people.owner, both),
    )
    assert Execution.objects.count() == 4
