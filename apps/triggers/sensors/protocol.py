"""What a sensor says, line by line: pure, bounded, and deaf to garbage.

A line is `{"trigger": "pack.name", "payload": {...}, "parameters": {...}, "dedupe_key": "…"}`; the last two may be left
out. What is no such line is refused with a reason, and the lines behind it are read all the same. Nothing here grows
with what a sensor says: of a line that is too long not even the beginning is kept.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from apps.core.types import JsonObject
from apps.runner.jsonvalue import BadValueError, load_json

#: With its newline; an event's payload has the same limit.
MAX_LINE_BYTES = 1024 * 1024
#: Of a dedupe key, in characters.
MAX_KEY_CHARS = 255
#: Of the name of a trigger type.
_MAX_REF_CHARS = 255
#: What a remark quotes of a line that is no event.
_QUOTED_CHARS = 80

_FIELDS = frozenset({"trigger", "payload", "parameters", "dedupe_key"})


@dataclass(frozen=True)
class Said:
    """One event as the sensor told it; `line` counts from 1 in its process."""

    line: int
    trigger: str
    payload: JsonObject
    parameters: JsonObject = field(default_factory=dict)
    dedupe_key: str | None = None


@dataclass(frozen=True)
class Refused:
    """A line that becomes no event."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line} was refused: {self.reason}"


class Lines:
    """Cuts one stream of bytes into lines and reads them. Blank lines are nothing."""

    def __init__(self, *, max_bytes: int = MAX_LINE_BYTES, mask: Callable[[bytes], bytes] = bytes) -> None:
        """`mask` takes what must not be seen out of what a reason quotes."""
        self._max_bytes = max_bytes
        self._mask = mask
        self._unfinished = bytearray()
        self._is_skipping = False  # the rest of a line that was refused
        self.count = 0
        """Lines so far, refused ones too."""

    def feed(self, data: bytes) -> Iterator[Said | Refused]:
        """The lines that end in `data`, in order. Exhaust it before the next."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            yield from self._end_line(data[start:end])
            start = end + 1
        yield from self._keep(data[start:])

    def finish(self) -> Iterator[Said | Refused]:
        """The end of the stream, which ends a line too."""
        yield from self._end_line(b"")

    def _keep(self, rest: bytes) -> Iterator[Refused]:
        if self._is_skipping:
            return
        if len(self._unfinished) + len(rest) >= self._max_bytes:
            self._unfinished.clear()
            self._is_skipping = True
            self.count += 1
            yield Refused(self.count, f"it is longer than {self._max_bytes} bytes")
        else:
            self._unfinished += rest

    def _end_line(self, rest: bytes) -> Iterator[Said | Refused]:
        yield from self._keep(rest)
        line = bytes(self._unfinished)
        was_refused, self._is_skipping = self._is_skipping, False
        self._unfinished.clear()
        if not was_refused and line.strip():
            self.count += 1
            yield read_line(line, self.count, mask=self._mask)


def read_line(line: bytes, number: int, *, mask: Callable[[bytes], bytes] = bytes) -> Said | Refused:
    """One line without its newline."""
    try:
        body = load_json(line)
    except BadValueError as error:
        return Refused(number, f"{error}: {_quoted(mask(line))}")
    if not isinstance(body, dict):
        return Refused(number, f"an event is a JSON object: {_quoted(mask(line))}")
    problem = _problem(body)
    if problem is not None:
        return Refused(number, problem)
    return Said(number, body["trigger"], body.get("payload", {}), body.get("parameters") or {}, body.get("dedupe_key"))


def _problem(body: JsonObject) -> str | None:
    unknown = sorted(body.keys() - _FIELDS)
    if unknown:
        return f"an event has no field {unknown[0][:_QUOTED_CHARS]!r}; it has {', '.join(sorted(_FIELDS))}"
    trigger, key = body.get("trigger"), body.get("dedupe_key")
    if not isinstance(trigger, str) or not 0 < len(trigger) <= _MAX_REF_CHARS:
        return 'it names no trigger: `"trigger": "pack.name"`'
    if not isinstance(body.get("payload", {}), dict):
        return "its payload is no object"
    if not isinstance(body.get("parameters") or {}, dict):
        return "its parameters are no object"
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= MAX_KEY_CHARS):
        return f"its dedupe_key is no text of 1 to {MAX_KEY_CHARS} characters"
    return None


def _quoted(line: bytes) -> str:
    text = line[: _QUOTED_CHARS * 4].decode("utf-8", "replace")
    return repr(text[:_QUOTED_CHARS]) + ("…" if len(text) > _QUOTED_CHARS else "")


def document_line(document: JsonObject) -> bytes:
    """One document for a sensor's stdin, on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
