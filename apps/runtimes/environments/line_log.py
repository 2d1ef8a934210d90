"""A build's output as lines: masked, handed on whole, and the last ones kept to explain a failure."""

from collections import deque
from collections.abc import Iterable

from apps.runtimes.environments.build_environ import passwords_in
from apps.runtimes.environments.request import Log

#: A line longer than this is cut: no installer writes one, and memory stays bounded.
_MAX_LINE_BYTES = 16 * 1024
_KEPT_LINES = 40


class LineLog:
    """Passwords in addresses told to `mask` never reach `log`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._masked: list[bytes] = []
        self._rest = b""
        self._tail: deque[str] = deque(maxlen=_KEPT_LINES)

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
        """From here on `tail` counts."""
        self._tail.clear()

    def tail(self, *, lines: int) -> str:
        """The last lines that say something."""
        said = [line for line in self._tail if line.strip()]
        return "\n".join(said[-lines:])

    def _emit(self, line: bytes) -> None:
        for value in self._masked:
            line = line.replace(value, b"***")
        self._log(line + b"\n")
        self._tail.append(line.decode("utf-8", "replace").rstrip())
