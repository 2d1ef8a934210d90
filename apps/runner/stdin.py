"""Feed a process its standard input: never blocking, and not minding a process that does not read it."""

import os

#: as much as an empty pipe takes at once
_CHUNK_BYTES = 64 * 1024


class Feeder:
    """Writes a whole input into a pipe and closes it. Owns the descriptor."""

    def __init__(self, descriptor: int, content: bytes) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._rest = memoryview(content)

    @property
    def descriptor(self) -> int | None:
        """To wait for until it can be written to again; None when there is nothing more to do."""
        return self._descriptor if self._descriptor >= 0 else None

    def feed(self) -> None:
        """Write what the pipe takes; close it when all was written or nobody reads any more."""
        try:
            while self._rest:
                written = os.write(self._descriptor, self._rest[:_CHUNK_BYTES])
                self._rest = self._rest[written:]
        except BlockingIOError:
            return
        except BrokenPipeError:  # the reader has had enough: normal
            pass
        self.close()

    def close(self) -> None:
        """Whatever was not written never will be. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._rest = memoryview(b"")
