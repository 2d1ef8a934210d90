"""Says on an execution that its environment is being built, which may take minutes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from apps.executions.models import Execution
from apps.executions.states import Status
from apps.executions.transitions import Claimed


@contextmanager
def building_told(claimed: Claimed) -> Iterator[Callable[[], None]]:
    """What is yielded is called when a build begins; the end of the block ends what it said.

    A reason, no state: it runs, and has not started its process yet. Never over the reason of a cancel.
    """
    told = False

    def tell() -> None:
        nonlocal told
        told = True
        _say(
            claimed,
            {
                "code": "environment_building",
                "text": f"the environment of the pack {claimed.pack_ref} is being built on its worker",
                "pack": claimed.pack_ref,
            },
        )

    try:
        yield tell
    finally:
        if told:
            _say(claimed, None)


def _say(claimed: Claimed, reason: dict[str, str] | None) -> None:
    running = Execution.objects.filter(pk=claimed.id, token=claimed.token, status=Status.RUNNING)
    running.update(reason=reason)
