"""What can go wrong with environments."""

from apps.core.errors import AttuneError, Conflict, NotFound, Unavailable


class BuildFailed(AttuneError):
    """The environment could not be built."""

    code = "environment_build_failed"


class BuildTimedOut(BuildFailed):
    """The environment could not be built within the time limit."""

    code = "environment_build_timeout"


class EnvironmentGone(Unavailable):
    """The environment was removed a moment ago; look it up again."""

    code = "environment_gone"


class NoSuchGeneration(NotFound):
    """There is no such generation of the environment on this volume."""

    code = "unknown_generation"


class PackNameReserved(Conflict):
    """The pack's name is that of a folder Attune needs itself."""

    code = "pack_name_reserved"
