"""Finds a way for root to start PostgreSQL, which refuses to run as root.

Ways, in this order; each is tried out, because containers forbid some:
1. Not root: nothing to do. Data of another user: run as that user.
2. `unshare --user`: a user namespace in which root has another number. On disk everything stays root's.
3. `setpriv`: another user (postgres, else nobody) that keeps one capability, CAP_DAC_OVERRIDE, so that it
   reaches programs and data in root's private folders without copies or wider permissions.
No user is added and no permission is opened on the way.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.errors import StandaloneError

#: Users that own nothing of value and exist nearly everywhere, best first.
UNPRIVILEGED_USERS = ("postgres", "nobody", "daemon")

#: A trial of a way to start a program takes milliseconds; a machine in trouble must not hang us.
TRIAL_TIMEOUT_S = 30


@dataclass(frozen=True)
class Launcher:
    """Words before a command that let it run unprivileged, and whom its files belong to on disk."""

    argv: tuple[str, ...]
    uid: int
    gid: int


def find_launcher(program: Path, *, data_dir: Path) -> Launcher:
    """Return the way to run PostgreSQL's `program` over this data folder, which may not exist yet.

    Raises StandaloneError when there is none: root in a sandbox, or data of somebody else.
    """
    uid = os.geteuid()
    owner = data_dir.stat().st_uid if data_dir.exists() else uid
    if uid != 0:
        if owner != uid:
            raise StandaloneError(f"{data_dir} belongs to {_name(owner)}: start as that user, or set ATTUNE_VAR_DIR.")
        return Launcher((), uid, os.getegid())
    for launcher in _ways_of_root(owner):
        if _works(launcher, program):
            return launcher
    raise StandaloneError(
        "PostgreSQL refuses to run as root, and this machine offers root no way around it (unshare --user, "
        "setpriv). Run this as a normal user, or set DATABASE_URL to a server of yours."
    )


def _ways_of_root(owner: int) -> Iterator[Launcher]:
    if owner == 0:
        yield from _in_a_namespace()
        yield from (_as_user(user) for user in _known_users())
    else:
        yield _as_user(pwd.getpwuid(owner)) if _is_known(owner) else _as_ids(owner, owner)


def _in_a_namespace() -> Iterator[Launcher]:
    # The user must have a name: initdb looks its own user up.
    for user in _known_users():
        words = ("unshare", "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
        yield Launcher(words, 0, 0)


def _as_user(user: pwd.struct_passwd) -> Launcher:
    return _as_ids(user.pw_uid, user.pw_gid)


def _as_ids(uid: int, gid: int) -> Launcher:
    keep = "-all,+dac_override"
    identity = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    capabilities = (f"--inh-caps={keep}", f"--ambient-caps={keep}", f"--bounding-set={keep}")
    return Launcher(("setpriv", *identity, *capabilities), uid, gid)


def _known_users() -> list[pwd.struct_passwd]:
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    return [entries[name] for name in UNPRIVILEGED_USERS if name in entries]


def _works(launcher: Launcher, program: Path) -> bool:
    if shutil.which(launcher.argv[0]) is None:
        return False
    trial = [*launcher.argv, str(program), "--version"]
    return subprocess.run(trial, capture_output=True, timeout=TRIAL_TIMEOUT_S, check=False).returncode == 0


def _is_known(uid: int) -> bool:
    return any(entry.pw_uid == uid for entry in pwd.getpwall())


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _is_known(uid) else f"user {uid}"
