from apps.runtimes.services.builds import build_environment, build_settings
from apps.runtimes.services.environments import (
    mark_outdated,
    release_builds,
    request_environment,
)
from apps.runtimes.services.runtimes import known_runtimes, names_of_others, upsert_runtimes

__all__ = [
    "build_environment",
    "build_settings",
    "known_runtimes",
    "mark_outdated",
    "names_of_others",
    "release_builds",
    "request_environment",
    "upsert_runtimes",
]
