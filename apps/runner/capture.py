"""What is kept of the output in memory, each within a bound: all bytes, the last lines, the very end."""

from typing import Protocol

#: stdout lines this far back are still looked at for a JSON value
_WINDOW_BYTES = 256 * 1024
#: enough to see that a line is not what is looked for
_DULL_BYTES = 16
#: what of stderr explains a failure
_TAIL_BYTES = 4 * 1024


class Capture(Protocol):
    """Keeps some of a stream."""

    def feed(self, data: bytes) -> None:
        """The next bytes of the stream."""

    def content(self) -> bytes:
        """What is kept of it."""

    @property
    def overflow(self) -> bool:
        """Something that belongs to it did not fit."""


class FirstBytes:
    """All of a stream, up to a bound."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self.overflow = False

    def feed(self, data: bytes) -> None:
        room = self._max_bytes - len(self._kept)
        self.overflow = self.overflow or len(data) > room
        self._kept += data[:room]

    def content(self) -> bytes:
        return bytes(self._kept)


class LastLines:
    """The last lines of a stream that are not blank: a window of them, whole, and at least the last one.

    `beginnings` are the bytes a line of interest may begin with. Of a long line that begins with another
    only the first bytes are kept; one of interest that is longer than `max_bytes` is left out, and being
    the last one, makes an overflow.
    """

    def __init__(self, max_bytes: int, *, beginnings: bytes, window_bytes: int = _WINDOW_BYTES) -> None:
        self._max_bytes = max_bytes
        self._beginnings = beginnings
        self._window_bytes = min(window_bytes, max_bytes)
        self._lines = bytearray()
        self._unfinished = bytearray()
        self._is_skipping = False  # the rest of the unfinished line
        self._is_lost = False  # the last line that is not blank was too long

    @property
    def overflow(self) -> bool:
        return self._is_lost and not self._unfinished.strip()

    def feed(self, data: bytes) -> None:
        finished, newline, rest = data.rpartition(b"\n")
        if newline:
            self._finish(finished)
        if not self._is_skipping:
            self._unfinished += rest
            self._bound_unfinished()

    def content(self) -> bytes:
        return bytes(self._lines + self._unfinished)

    def _bound_unfinished(self) -> None:
        if len(self._unfinished) <= self._window_bytes:
            return
        if self._unfinished[:1].isspace():
            self._unfinished = self._unfinished.lstrip()
        if self._unfinished and self._unfinished[0] not in self._beginnings:
            del self._unfinished[_DULL_BYTES:]
            self._is_skipping = True
        elif len(self._unfinished) > self._max_bytes:
            self._unfinished.clear()
            self._is_skipping = self._is_lost = True

    def _finish(self, lines: bytes) -> None:
        """`lines` begin with the rest of the unfinished one and end where a line ends."""
        if self._is_skipping:
            _, _, lines = lines.partition(b"\n")
            lines = bytes(self._unfinished) + b"\n" + lines
        else:
            lines = bytes(self._unfinished) + lines
        self._unfinished.clear()
        self._is_skipping = False
        lines = lines.strip()
        if lines:
            self._is_lost = False
            self._lines += lines + b"\n"
            # The line that reaches into the window stays whole.
            del self._lines[: self._lines.rfind(b"\n", 0, max(0, len(self._lines) - self._window_bytes)) + 1]


class LastBytes:
    """The end of a stream, beginning with a whole line if there is one."""

    def __init__(self, max_bytes: int = _TAIL_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept = b""  # and one byte before: it tells whether a line begins right behind it

    @property
    def overflow(self) -> bool:
        return len(self._kept) > self._max_bytes

    def feed(self, data: bytes) -> None:
        size = self._max_bytes + 1
        self._kept = (self._kept + data[-size:])[-size:]

    def content(self) -> bytes:
        if not self.overflow:
            return self._kept
        _, _, lines = self._kept.partition(b"\n")
        return lines or self._kept[1:]
