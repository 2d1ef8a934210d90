"""Celery's way to Redis, made to throw away what no Attune has written.

Celery ends with the first message that is no JSON, or lacks what it looks for: one such entry in a queue would end one
worker after the other. What stands in the queues is only ever ours, so what looks otherwise is logged, once and in
short, and forgotten; no work is lost with it, as every message is a hint.
"""

import binascii
import logging
from base64 import b64decode
from typing import Any

import orjson
from kombu.transport import TRANSPORT_ALIASES, redis

logger = logging.getLogger(__name__)

#: Of a message's body. A hint has some hundred bytes.
MAX_BODY_BYTES = 64 * 1024
#: Of what stands in its headers.
_MAX_NAME_CHARS = 200
#: What Celery would follow after a task, or wait for before it; nothing of Attune asks for that.
_FOLLOWED = ("callbacks", "errbacks", "chain", "chord")
_AWAITED = ("eta", "expires", "group")


class Channel(redis.Channel):
    def _brpop_read(self, **options: Any) -> Any:
        """The entry has left its queue when its text proves to be none."""
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # not in kombu's stubs
        except (ValueError, RecursionError) as error:
            _forget(f"it is no JSON: {error}")
            return True


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: Any, queue: str | None) -> None:
        if fault := fault_in(message):
            _forget(fault)
        else:
            super()._deliver(message, queue)


def use() -> None:
    """From now on Celery takes this way wherever an address says Redis."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"


def fault_in(message: Any) -> str:  # noqa: PLR0911 - one for each fault
    """Why `message`, as kombu keeps it in Redis, is none of ours; empty when it may be one."""
    if not isinstance(message, dict):
        return "it is no object"
    headers, properties = message.get("headers"), message.get("properties")
    if not (isinstance(headers, dict) and _is_name(headers.get("task")) and _is_name(headers.get("id"))):
        return "it names no task"
    if any(headers.get(name) is not None for name in _AWAITED) or _has_limit(headers.get("timelimit")):
        return "it asks for a time"
    if not (isinstance(properties, dict) and isinstance(properties.get("delivery_info"), dict)):
        return "it does not say where it comes from"
    if not _is_name(properties.get("delivery_tag")) or properties.get("body_encoding") != "base64":
        return "it was not written by kombu"
    if (message.get("content-type"), message.get("content-encoding")) != ("application/json", "utf-8"):
        return "its body is not JSON"
    return _fault_in_body(message.get("body"))


def _fault_in_body(body: object) -> str:
    if not isinstance(body, str) or len(body) > MAX_BODY_BYTES * 4 // 3 + 4:
        return f"its body is no text of at most {MAX_BODY_BYTES} bytes"
    try:
        parts = orjson.loads(b64decode(body, validate=True))
    except (binascii.Error, ValueError):
        return "its body cannot be read"
    if not (isinstance(parts, list) and [type(part) for part in parts] == [list, dict, dict]):
        return "its body is no call of a task"
    return "it asks for more than one task" if any(parts[2].get(name) for name in _FOLLOWED) else ""


def _has_limit(limits: object) -> bool:
    """Celery writes two empty ones."""
    return limits is not None and limits != [None, None]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME_CHARS and value.isprintable()


def _forget(fault: str) -> None:
    logger.warning("a message was thrown away: %s", fault[:200])
