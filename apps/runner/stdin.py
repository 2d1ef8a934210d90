"""Feed a process its standard input: never blocking, and not minding a process that does not read it."""

import os

from apps.runner.talk import Inbox

#: as much as an empty pipe takes at once
_CHUNK_BYTES = 64 * 1024


class Feeder:
    """Writes a whole input into a pipe and closes it; with an inbox it goes on with that. Owns the descriptor."""

    def __init__(self, descriptor: int, content: bytes, *, inbox: Inbox | None = None) -> None:
        """Without a descriptor (-1) there is nothing to feed."""
        if descriptor >= 0:
            os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._rest = memoryview(content)
        self._inbox = inbox

    @property
    def descriptor(self) -> int | None:
        """To wait for until it can be written to again; None when there is nothing to write."""
        return self._descriptor if self._descriptor >= 0 and self._rest else None

    @property
    def inbox(self) -> Inbox | None:
        """To wait for while there is nothing to write; None when nothing more can come of it."""
        return self._inbox if self._descriptor >= 0 and not self._rest else None

    def feed(self) -> None:
        """Write what the pipe takes; close it when all was written or nobody reads any more."""
        try:
            while self._rest or self._refill():
                written = os.write(self._descriptor, self._rest[:_CHUNK_BYTES])
                self._rest = self._rest[written:]
        except BlockingIOError:
            return
        except BrokenPipeError:  # the reader has had enough: normal
            self.close()
        if self._inbox is None:
            self.close()

    def close(self) -> None:
        """Whatever was not written never will be. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._rest = memoryview(b"")

    def _refill(self) -> bool:
        if self._inbox is not None and self._descriptor >= 0:
            self._rest = memoryview(self._inbox.take())
        return bool(self._rest)
