"""What an environment depends on, as one hash: equal hash, equal environment."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from functools import cache

from apps.runtimes.environments.request import EnvironmentRequest


def fingerprint(request: EnvironmentRequest, dependencies: Iterable[str]) -> str:
    """SHA-256, in hex, over the sorted normalised `dependencies`, the lock file, the interpreter's real path
    and version, the platform, and how the runtime builds. Neither the order of dependencies
    nor the pack's folder matters."""
    environment = request.runtime.environment
    facts = {
        "dependencies": sorted(set(dependencies)),
        "lock": hashlib.sha256(request.lock).hexdigest() if request.lock is not None else None,
        "interpreter": request.installation.interpreter,
        "version": request.installation.version,
        "platform": platform_name(),
        "build": [environment.provider, environment.create, environment.install],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@cache
def platform_name() -> str:
    """System, machine and C library: what compiled packages are built for (`linux-x86_64-glibc2.36`)."""
    return "-".join([sys.platform, platform.machine(), "".join(platform.libc_ver()) or "unknown"])
