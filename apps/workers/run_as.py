"""As which user a worker runs actions and builds (`ATTUNE_RUN_AS`), proven when it starts: that it may switch, that
this user reaches what actions need, and that nothing of the worker's own is open to it."""

import grp
import os
import pwd
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from apps.runner.spec import RunAs

_TIMEOUT_S = 20
_CAN_READ = 'for path; do if test -r "$path" || { test -d "$path" && test -x "$path"; }; then echo "$path"; fi; done'
_CANNOT_ENTER = 'for path; do test -x "$path" || echo "$path"; done'


class RunAsUnusable(Exception):
    """The worker must not start: it would run actions with other rights than the operator wants."""


def run_as_of(pool: str, items: Iterable[str]) -> RunAs | None:
    """The user for a pool: `pool=user`, or `user` for all pools; a user is a name or uid, with `:group` if need be.

    None where nothing is said of the pool. Raises `RunAsUnusable` for what cannot be meant.
    """
    wanted: dict[str, str] = {}
    for item in items:
        name, equals, user = item.rpartition("=")
        if (equals and not name) or name in wanted:
            raise RunAsUnusable(f"{item!r} names no pool, or one that was named before")
        wanted[name] = user
    text = wanted.get(pool, wanted.get(""))
    return None if text is None else _user(text)


def _user(text: str) -> RunAs:
    name, _, group = text.partition(":")
    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
        uid, gid = entry.pw_uid, entry.pw_gid
    except (KeyError, OverflowError):
        if not name.isdigit():
            raise RunAsUnusable(f"there is no user {name!r} on this host") from None
        uid = gid = int(name)
    if group:
        try:
            gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
        except KeyError:
            raise RunAsUnusable(f"there is no group {group!r} on this host") from None
    if not 0 < uid < 2**32 - 1 or not 0 < gid < 2**32 - 1:
        raise RunAsUnusable(f"{text!r} is root, or no number of a user and group")
    return RunAs(uid=uid, gid=gid)


def prove(run_as: RunAs, *, needed: Sequence[Path], closed: Sequence[Path]) -> None:
    """Raises `RunAsUnusable` where the worker may not switch to this user, the user does not reach a folder or program
    of `needed`, or reads anything of `closed`."""
    user = name_of(run_as)
    if os.geteuid() != 0:
        raise RunAsUnusable(
            f"this worker runs as {_name(os.geteuid())} and cannot run actions as {user}: only root may switch"
        )
    if missing := _told(run_as, _CANNOT_ENTER, needed):
        raise RunAsUnusable(f"{user} cannot pass through to {missing[0]}; give it the right to (chmod o+x), or move it")
    if opened := _told(run_as, _CAN_READ, closed):
        raise RunAsUnusable(f"{user} can read {opened[0]}, which is the worker's own; take the right away (chmod go=)")


def name_of(run_as: RunAs | None) -> str:
    """The user actions run as, for people."""
    return _name(os.geteuid() if run_as is None else run_as.uid)


def _told(run_as: RunAs, script: str, paths: Sequence[Path]) -> list[str]:
    """What the shell of that user says of the paths."""
    try:
        answer = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *map(str, paths)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            cwd="/",
            env={},
            user=run_as.uid,
            group=run_as.gid,
            extra_groups=[],
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RunAsUnusable(f"nothing can be run as {name_of(run_as)}: {error}") from error
    return os.fsdecode(answer.stdout).splitlines()


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
