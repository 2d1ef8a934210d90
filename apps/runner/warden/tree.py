"""The tree of processes below one process: look at it, signal it, kill it without letting any slip away.

Only the caller's own descendants are ever signalled. A child that was not yet waited for keeps its
pid; a deeper descendant may not, so it is held by a pidfd first and then looked at once more.
"""
# ruff: noqa: PTH208  pathlib would cost the warden 1.5 MB

import os
import signal
from collections.abc import Collection, Iterator

#: Rounds of stopping before the killing starts anyway; each round can only miss what was being
#: forked while it looked.
_FREEZE_ROUNDS = 20
#: CONFIG_PROC_CHILDREN; without it all of /proc is read instead
_HAS_CHILDREN_FILES = os.access(f"/proc/self/task/{os.getpid()}/children", os.R_OK)


def children(pid: int) -> list[int]:
    """The present children of a process, zombies included; [] if it is gone."""
    if _HAS_CHILDREN_FILES:
        return list(_children_by_thread(pid))
    return list(_children_by_scan(pid))


def descendants(root: int, *, spare: Collection[int] = ()) -> dict[int, int]:
    """{pid: parent} of everything below `root`; subtrees whose top is in `spare` are left out."""
    found: dict[int, int] = {}
    level = [root]
    while level:
        parent = level.pop()
        for pid in children(parent):
            if pid not in found and pid not in spare and pid != root:
                found[pid] = parent
                level.append(pid)
    return found


def signal_tree(root: int, signum: int) -> None:
    """Send one signal to all descendants, but not to `root`."""
    members = descendants(root)
    for pid in members:
        _send(pid, signum, parents={root, *members})


def kill_tree(root: int, *, spare: Collection[int] = ()) -> set[int]:
    """Stop all descendants, so that none can fork any more, then kill them; the pids that were met alive.

    One call may miss what was just being forked or could not be killed yet: repeat it until no child is left.
    """
    frozen = _freeze(root, spare=spare)
    parents = {root, *frozen}
    # Children before their parents: an orphan would have another parent than the one we know.
    return {pid for pid in reversed(frozen) if _send(pid, signal.SIGKILL, parents=parents)}


def _freeze(root: int, *, spare: Collection[int]) -> list[int]:
    """Stop all descendants; parents come before their children."""
    frozen: list[int] = []
    for _ in range(_FREEZE_ROUNDS):
        members = descendants(root, spare=spare)
        parents = {root, *members}
        fresh = [pid for pid in members if pid not in frozen]
        if not fresh:
            break
        for pid in fresh:
            _send(pid, signal.SIGSTOP, parents=parents)
        frozen += fresh
    return frozen


def _send(pid: int, signum: int, *, parents: Collection[int]) -> bool:
    """True if the signal went to a living process whose parent is one of `parents`."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # gone
        return False
    try:
        if _living_parent_of(pid) not in parents:  # a recycled pid has a parent elsewhere
            return False
        signal.pidfd_send_signal(handle, signum)
    except (ProcessLookupError, PermissionError):  # gone, or a set-uid program that is out of reach
        return False
    else:
        return True
    finally:
        os.close(handle)


def _children_by_thread(pid: int) -> Iterator[int]:
    # A child is listed under the thread that forked it; threads come and go while we look.
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            content = _read(f"/proc/{pid}/task/{thread}/children")
        except OSError:
            continue
        yield from map(int, content.split())


def _children_by_scan(parent: int) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _stat(int(name))
            if stat is not None and stat[1] == parent:
                yield int(name)


def _living_parent_of(pid: int) -> int:
    """The parent of a process, 0 if it is gone or a zombie."""
    state, parent = _stat(pid) or (b"Z", 0)
    return 0 if state in (b"Z", b"X") else parent


def _stat(pid: int) -> tuple[bytes, int] | None:
    """State and parent; None if it is gone."""
    try:
        content = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The name stands in brackets and may itself hold brackets and blanks.
    state, parent, *_ = content[content.rindex(b")") + 2 :].split(b" ", 2)
    return state, int(parent)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while part := os.read(descriptor, 65536):
            content += part
        return content
    finally:
        os.close(descriptor)
