"""How many operations one conductor has in hand at once, so that it always has threads for what happens meanwhile: an
installation may wait minutes for somebody else's server, and events must not."""

from collections import deque
from collections.abc import Callable
from threading import BoundedSemaphore


class Turns:
    """Of `most` at once; who comes later is run by whoever is done first, in their order. Thread-safe."""

    def __init__(self, run: Callable[[int], None], *, most: int) -> None:
        self._run = run
        self._places = BoundedSemaphore(most)
        self._waiting: deque[int] = deque()

    def take(self, operation_id: int) -> None:
        """Runs it, and whatever waits after it; or leaves it to those who run already, and returns at once.

        A bug in one ends only this: the sweep asks again for who waited.
        """
        self._waiting.append(operation_id)
        # Whoever gives a place back looks again afterwards, so nobody is forgotten between the two.
        while self._waiting and self._places.acquire(blocking=False):
            try:
                self._run_next()
            finally:
                self._places.release()

    def _run_next(self) -> None:
        try:
            operation_id = self._waiting.popleft()
        except IndexError:  # another one was quicker
            return
        self._run(operation_id)
