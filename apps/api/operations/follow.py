"""An operation's log as it grows, over Server-Sent Events; `id` is how many characters have been told."""

import asyncio
from collections.abc import AsyncGenerator

from asgiref.sync import sync_to_async

from apps.api.sse import ALIVE, ALIVE_EVERY_S, event
from apps.core.database import release_connection
from apps.core.errors import FieldError, Invalid
from apps.operations.models import Operation

#: Between two looks at a log that did not grow.
_PAUSE_S = 0.3


def parse_offset(text: str) -> int:
    """`Last-Event-ID` as this module writes it. Raises `Invalid`."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        detail = "use the id of the last event, unchanged"
        raise Invalid(errors=[FieldError("/headers/Last-Event-ID", "invalid", detail)])
    return int(text or "0")


async def follow(operation_id: int, start: int) -> AsyncGenerator[bytes, None]:
    """Events `log` (`{offset, text}`) until the operation has ended and all is told, then one `end` (`{status}`)."""
    told, silent_s = start, 0.0
    while True:
        operation = await sync_to_async(_look)(operation_id)
        if operation is None:
            yield event("end", str(told), {"status": "gone"})
            return
        if text := operation.log[told:]:
            body = {"offset": told, "text": text}
            told += len(text)
            silent_s = 0.0
            yield event("log", str(told), body)
        if operation.is_ended:  # its last line is written before its end
            yield event("end", str(told), {"status": operation.status})
            return
        await asyncio.sleep(_PAUSE_S)
        silent_s += _PAUSE_S
        if silent_s >= ALIVE_EVERY_S:
            silent_s = 0.0
            yield ALIVE


def _look(operation_id: int) -> Operation | None:
    try:
        return Operation.objects.only("status", "log").filter(pk=operation_id).first()
    finally:
        release_connection()
