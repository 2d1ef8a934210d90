"""What programs say, written to an operation's log in pieces: a statement for each line would be too many."""

import time

from apps.operations.progress import MAX_LOG_CHARS, Progress

#: What is kept of it between two writes: a line may have no end.
_MOST_BYTES = MAX_LOG_CHARS
#: Between two writes.
_EVERY_S = 0.5
#: Between two signs of life while a program says nothing; silence counts as death after five minutes.
ALIVE_EVERY_S = 30.0


class Pieces:
    """`flush` writes what has come so far, also a line that has no end yet."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._text = b""
        self._written_at = time.monotonic()

    def write(self, data: bytes) -> None:
        self._text = (self._text + data)[-_MOST_BYTES:]
        if time.monotonic() - self._written_at >= _EVERY_S:
            self._write(self._text.rfind(b"\n") + 1)

    def flush(self) -> None:
        self._write(len(self._text))

    def _write(self, size: int) -> None:
        text, self._text = self._text[:size], self._text[size:]
        if text:
            self._progress.log(text.decode("utf-8", "replace").replace("\0", "\ufffd").removesuffix("\n"))
            self._written_at = time.monotonic()
