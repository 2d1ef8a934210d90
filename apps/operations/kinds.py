"""Which code does which kind of operation. Rooms register their handlers in `AppConfig.ready()`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apps.core.types import JsonObject

if TYPE_CHECKING:
    from apps.operations.progress import Progress

#: Gets the operation's input and a `Progress`; returns the outcome. May be started again after a crash.
Handler = Callable[[JsonObject, "Progress"], JsonObject]

_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler:
    return _handlers[kind]


def known() -> list[str]:
    return sorted(_handlers)
