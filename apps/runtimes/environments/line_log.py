"""A build's output as lines: masked, handed on whole, and the last ones kept to explain a failure."""

import re
from collections import deque
from collections.abc import Iterable

from apps.runtimes.environments.build_environ import passwords_in
from apps.runtimes.environments.request import Log

#: A line longer than this is cut: no installer writes one, and memory stays bounded.
_MAX_LINE_BYTES = 16 * 1024
_KEPT_LINES = 40
#: How installers begin the first line that says what went wrong. npm explains its options for a page after that.
_ERROR = re.compile(r"\s*(npm )?(error|err!|fatal)\b", re.IGNORECASE)
_REASON_LINES = 15


class LineLog:
    """Passwords in addresses told to `mask` never reach `log`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._masked: list[bytes] = []
        self._rest = b""
        self._tail: deque[str] = deque(maxlen=_KEPT_LINES)
        self._from_error: list[str] = []

    def mask(self, addresses: Iterable[str]) -> None:
        """From here on the secret parts of these URLs read `***`."""
        found = {*self._masked, *(value.encode() for value in passwords_in(*addresses))}
        self._masked = sorted(found, key=len, reverse=True)  # one value may be part of another

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._emit(line)

    def say(self, text: str) -> None:
        """A line of Attune's own."""
        self.flush()
        self._emit(text.encode())

    def flush(self) -> None:
        """What came without a newline at the end becomes a line."""
        rest, self._rest = self._rest, b""
        if rest:
            self._emit(rest)

    def start_tail(self) -> None:
        """From here on `tail` and `reason` count."""
        self._tail.clear()
        self._from_error.clear()

    def tail(self) -> str:
        """The last lines that say something, and the first that speak of an error."""
        return "\n".join([*self._from_error, *self._tail])

    def reason(self) -> str:
        """The lines from the first error on; without one, the last lines."""
        return "\n".join(self._from_error or [*self._tail][-_REASON_LINES:])

    def _emit(self, line: bytes) -> None:
        for value in self._masked:
            line = line.replace(value, b"***")
        self._log(line + b"\n")
        text = line.decode("utf-8", "replace").rstrip()
        if text.strip():
            self._tail.append(text)
            if len(self._from_error) < _REASON_LINES and (self._from_error or _ERROR.match(text)):
                self._from_error.append(text)
