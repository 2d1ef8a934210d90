"""What an environment depends on, as one hash: equal hash, equal environment."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from functools import cache

from apps.core.types import JsonObject
from apps.runtimes.environments.request import EnvironmentRequest


def fingerprint(request: EnvironmentRequest, dependencies: Iterable[str]) -> str:
    """SHA-256, in hex, over the sorted normalised `dependencies`, the lock file, the interpreter's real path
    and version, the platform, and how the runtime builds. Neither the order of dependencies
    nor the pack's folder matters."""
    facts = {
        **_content(request, dependencies),
        "interpreter": request.installation.interpreter,
        "version": request.installation.version,
        "platform": platform_name(),
    }
    return _hash(facts)


def content_hash(request: EnvironmentRequest, dependencies: Iterable[str]) -> str:
    """The same without interpreter and platform: what is to be in the environment, and how it gets there."""
    return _hash(_content(request, dependencies))


def _content(request: EnvironmentRequest, dependencies: Iterable[str]) -> JsonObject:
    environment = request.runtime.environment
    return {
        "dependencies": sorted(set(dependencies)),
        "lock": hashlib.sha256(request.lock).hexdigest() if request.lock is not None else None,
        "build": [environment.provider, environment.create, environment.install],
    }


def _hash(facts: JsonObject) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@cache
def platform_name() -> str:
    """System, machine and C library: what compiled packages are built for (`linux-x86_64-glibc2.36`)."""
    return "-".join([sys.platform, platform.machine(), "".join(platform.libc_ver()) or "unknown"])
