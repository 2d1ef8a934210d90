"""Which code does which kind of operation. Rooms register their handlers in `AppConfig.ready()`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apps.core.types import JsonObject

if TYPE_CHECKING:
    from apps.operations.progress import Progress

#: Gets the operation's input and a `Progress`; returns the outcome. May be started again after a crash.
Handler = Callable[[JsonObject, "Progress"], JsonObject]

#: Gets the operation's input; returns the queue of those who can do it now, None while nobody can.
QueueOf = Callable[[JsonObject], str | None]

#: The conductor's queue.
CONTROL = "control"

_handlers: dict[str, Handler] = {}
_queues: dict[str, QueueOf] = {}


def register(kind: str, handler: Handler, *, queue_of: QueueOf = lambda _: CONTROL) -> None:
    """`queue_of` is for what a conductor cannot do; it is asked each time the work is hinted at."""
    _handlers[kind] = handler
    _queues[kind] = queue_of


def handler_of(kind: str) -> Handler:
    return _handlers[kind]


def queue_of(kind: str, operation_input: JsonObject) -> str | None:
    return _queues[kind](operation_input)


def known() -> list[str]:
    return sorted(_handlers)
