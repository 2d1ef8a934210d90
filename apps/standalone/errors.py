"""What can go wrong between `script/up` and a running Attune; every message says what to do next."""


class StandaloneError(Exception):
    """Attune cannot be started or stopped this way."""


class ProgramsNotFoundError(StandaloneError):
    """No usable PostgreSQL or Valkey programs on this machine."""


class DataUnusableError(StandaloneError):
    """A data folder cannot be served: incomplete, of another version, or somebody else's."""


class StartFailedError(StandaloneError):
    """A program ended or did not become ready in time."""


class StopRequestedError(StandaloneError):
    """Somebody asked for a stop while a start was under way."""
