"""What the rooms above have every scheduler do beside its own work. Registered at start; each stands on its own."""

from collections.abc import Callable

#: Returns how many rows it moved.
Step = Callable[[], int | None]
#: Does what is due now, and says in how many seconds it should be asked again at the latest; None: it knows of nothing.
DueStep = Callable[[], float | None]

_sweeps: list[Step] = []
_due: list[DueStep] = []
_collections: list[Step] = []


def register_sweep(step: Step) -> None:
    """Every few seconds: finds what a crash or a lost message left undone."""
    if step not in _sweeps:
        _sweeps.append(step)


def register_due(step: DueStep) -> None:
    """In every turn of the scheduler's loop, at least five times a second."""
    if step not in _due:
        _due.append(step)


def register_collection(step: Step) -> None:
    """Removes a batch of what has served its time, beside the loop."""
    if step not in _collections:
        _collections.append(step)


def sweeps() -> tuple[Step, ...]:
    return tuple(_sweeps)


def due_steps() -> tuple[DueStep, ...]:
    return tuple(_due)


def collections() -> tuple[Step, ...]:
    return tuple(_collections)
