"""What the command line knows of an execution's states."""

#: It never changes any more.
TERMINAL = frozenset({"succeeded", "failed", "timeout", "canceled", "abandoned"})
#: No process was started yet.
WAITING = frozenset({"requested", "delayed", "scheduled"})
