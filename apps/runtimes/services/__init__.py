from apps.runtimes.services.builds import build_environment, build_settings
from apps.runtimes.services.environments import (
    forget_environments,
    mark_outdated,
    release_builds,
    request_environment,
)
from apps.runtimes.services.runtimes import known_runtimes, remove_runtimes, runtime_named, upsert_runtimes

__all__ = [
    "build_environment",
    "build_settings",
    "forget_environments",
    "known_runtimes",
    "mark_outdated",
    "release_builds",
    "remove_runtimes",
    "request_environment",
    "runtime_named",
    "upsert_runtimes",
]
