"""The environment variables of a process of a pack, whatever it is started for. Pure."""

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from apps.runtimes.launch import Launch

#: Of the worker's own environment, what every action gets.
_PASSED = ("LANG", "LC_ALL", "TZ")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SecretInEnvironment(ValueError):
    """A variable the action sets has the value of a secret; it would be seen in the process list."""


def environment_of(
    own: Mapping[str, str],
    *,
    launch: Launch,
    environ: Mapping[str, str],
    pass_env: Iterable[str],
    secrets: Iterable[bytes],
) -> dict[str, str]:
    """What every process of a pack gets; `own` is what its file sets. Raises `SecretInEnvironment`."""
    for name, value in own.items():
        if value.encode() in secrets:
            raise SecretInEnvironment(f"the variable {name} has the value of a secret")
    return {
        "LANG": "C.UTF-8",
        **{name: environ[name] for name in (*_PASSED, *pass_env) if name in environ},
        **own,
        **launch.env,
        "PATH": os.pathsep.join([*launch.path, _path_without_attune(environ.get("PATH", _DEFAULT_PATH))]),
    }


@cache
def _path_without_attune(path: str) -> str:
    """Attune's own interpreter is not for actions: what they find there would change with Attune."""
    own = Path(sys.prefix)
    kept = [item for item in path.split(os.pathsep) if item and not Path(item).is_relative_to(own)]
    return os.pathsep.join(kept) or _DEFAULT_PATH
