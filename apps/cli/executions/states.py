"""What the command line knows of an execution's states."""

#: In the order in which they may come.
ALL = (
    "requested",
    "delayed",
    "scheduled",
    "running",
    "canceling",
    "pausing",
    "paused",
    "resuming",
    "pending",
    "succeeded",
    "failed",
    "timeout",
    "canceled",
    "abandoned",
)
#: It never changes any more.
TERMINAL = frozenset({"succeeded", "failed", "timeout", "canceled", "abandoned"})
#: No process was started yet.
WAITING = frozenset({"requested", "delayed", "scheduled"})
