"""The process an execution becomes where it runs: its runtime as this host has it, its files, its environment.

The same for a worker and for a run without a server; no database.
"""

from pathlib import Path

from apps.actions.definition import Definition
from apps.core.errors import NO_ROOM, AttuneError
from apps.executions.document import Handed
from apps.executions.ending import failed, not_started
from apps.executions.services.finish import Ending
from apps.executions.spec import Place, build_spec
from apps.executions.transitions import Claimed
from apps.runner.spec import RunSpec
from apps.runtimes.launch import launch_of
from apps.runtimes.process_environ import SecretInEnvironment
from apps.workers.host import HostedRuntime, RuntimeNotHere


class EntryPointUnusable(OSError):
    """An interpreter would only say so with an exit code of its own."""


def readable(entry_point: Path) -> Path:
    """Raises `EntryPointUnusable`."""
    try:
        entry_point.open("rb").close()
    except OSError as error:
        raise EntryPointUnusable(error.errno, error.strerror, entry_point.name) from error
    return entry_point


def spec_on(
    runtime: HostedRuntime,
    claimed: Claimed,
    definition: Definition,
    handed: Handed,
    *,
    entry_point: Path,
    env_dir: Path | None,
    place: Place,
) -> RunSpec:
    """`env_dir` is None for a runtime without environments. Raises `SecretInEnvironment`."""
    launch = launch_of(
        runtime.definition,
        installation=runtime.installation,
        runtime_dir=runtime.folder,
        pack_dir=place.pack_dir,
        entry_point=entry_point,
        function=definition.function,
        env_dir=env_dir,
    )
    return build_spec(
        claimed,
        definition,
        launch=launch,
        assignments=runtime.definition.assignments,
        handed=handed,
        place=place,
    )


def why_not_prepared(error: Exception) -> Ending | None:
    """How an attempt ends that `error` kept from its start; None for errors that are not about what should run."""
    match error:
        case AttuneError():
            return failed(error.code, error.detail)
        case EntryPointUnusable():
            return not_started(f"the entry point {error.filename} cannot be read: {error.strerror}", error.errno)
        case RuntimeNotHere():
            return failed("runtime_not_here", str(error))
        case SecretInEnvironment():
            return failed("secret_in_environment", str(error), may_retry=False)
        case OSError(errno=number) if number in NO_ROOM:
            return not_started(f"it could not be prepared on this worker: {error.strerror}", number)
    return None
