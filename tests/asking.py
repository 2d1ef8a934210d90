"""Asks for executions of an action that is made for the test."""

from apps.actions.models import Action
from apps.core.redis import breaker
from apps.executions.models import Execution
from apps.executions.services.request import Wish, request_executions
from tests.factories import make_action
from tests.people import People
from tests.redis_trouble import keep_redis_away


def ask(people: People, action: Action | None = None, *, count: int = 1, **wish: object) -> list[Execution]:
    """`count` executions, requested by the owner one after the other."""
    ref = (action or make_action()).ref
    ids: list[int] = []
    for _ in range(count):
        ids += request_executions(people.owner, [Wish(action=ref, **wish)]).execution_ids  # type: ignore[arg-type]
    return list(Execution.objects.filter(pk__in=ids).order_by("pk"))


def ask_and_die(people: People, action: Action, *, count: int = 1) -> list[Execution]:
    """Accepted by a process that died before it told Redis anything."""
    keep_redis_away()
    rows = ask(people, action, count=count)
    breaker.reset()
    return rows
