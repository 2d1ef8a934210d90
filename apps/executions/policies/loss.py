"""When work that was cut off goes back to its place. Pure."""

from enum import StrEnum

from apps.actions.definition import OnLost

#: Who has lost its worker so often is likely to be what kills workers.
MAX_LOSSES = 3


class CutOff(StrEnum):
    """Why a run was cut off; neither is a failure of the action."""

    #: The worker, its warden or its host went away.
    LOST = "lost"
    #: The worker was stopped in good order, and its patience ended first.
    INTERRUPTED = "interrupted"
    #: It was claimed, and its process could not be started for no fault of its own.
    NOT_STARTED = "not_started"


def goes_back(cut_off: CutOff, *, on_lost: OnLost, losses: int) -> bool:
    """`losses` counts those before. An interruption counts as none: whoever stops workers often ends nothing by it."""
    if cut_off is CutOff.NOT_STARTED:
        return True
    return on_lost == "requeue" and (cut_off is CutOff.INTERRUPTED or losses < MAX_LOSSES)
