"""Says on an execution that its environment is being built, which may take minutes."""

from apps.executions.models import Execution
from apps.executions.transitions import Claimed


def note_building(claimed: Claimed) -> None:
    """A reason, no state: it runs, and has not started its process yet. The attempt's end writes over it."""
    reason = {
        "code": "environment_building",
        "text": f"the environment of the pack {claimed.pack_ref} is being built on its worker",
        "pack": claimed.pack_ref,
    }
    Execution.objects.filter(pk=claimed.id, token=claimed.token).update(reason=reason)
