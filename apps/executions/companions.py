"""What rooms above let run in every scheduler, beside its sweep."""

from collections.abc import Callable
from typing import Protocol


class Companion(Protocol):
    """Threads of its own. What it does may be done by any number of schedulers at once."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Returns when its threads have ended."""


_makers: list[Callable[[], Companion]] = []


def register(make: Callable[[], Companion]) -> None:
    """In `AppConfig.ready()`; `make` is called once in each scheduler process."""
    if make not in _makers:
        _makers.append(make)


def make_all() -> list[Companion]:
    return [make() for make in _makers]
