"""From a spec to the order its supervisor gets: the action's whole environment and limits."""

import os
import resource

from apps.runner.spec import Limits, RunSpec, Says
from apps.runner.warden.wire import ERROR_FD, RESULT_FD, SIDE_INPUT_FD, Order
from apps.runner.workdir import INPUT_FILE

#: SIGXCPU comes at the limit of CPU time, SIGKILL so much later
_CPU_GRACE_S = 5

_KINDS = {
    "open_files": resource.RLIMIT_NOFILE,
    "file_size_bytes": resource.RLIMIT_FSIZE,
    "address_space_bytes": resource.RLIMIT_AS,
    "cpu_s": resource.RLIMIT_CPU,
    "processes": resource.RLIMIT_NPROC,
}


def build_order(spec: RunSpec) -> Order:
    """What the supervisor must know. Holds no input, and so no secret."""
    return Order(
        argv=tuple(os.fsencode(argument) for argument in spec.argv),
        environment=tuple(os.fsencode(f"{name}={value}") for name, value in _environment(spec).items()),
        work_dir=os.fsencode(spec.work_dir),
        cwd=os.fsencode(spec.cwd or spec.work_dir),
        timeout_s=spec.timeout_s,
        grace_s=spec.grace_s,
        kill_on_silence=spec.kill_on_silence,
        run_as=None if spec.run_as is None else (spec.run_as.uid, spec.run_as.gid),
        rlimits=tuple(_rlimits(spec.limits)),
    )


def active_limits(limits: Limits) -> tuple[str, ...]:
    """The names of the limits that are set. Control groups are not used, so none is of the run as a whole."""
    return ("core", *(name for name in _KINDS if getattr(limits, name) is not None))


def _environment(spec: RunSpec) -> dict[str, str]:
    environment = {
        **spec.env,
        "HOME": str(spec.work_dir),
        "TMPDIR": str(spec.work_dir),
        **_own_descriptors(spec.says),
    }
    if spec.side_input is not None:
        environment["ATTUNE_ASSIGNMENTS_FD"] = str(SIDE_INPUT_FD)
    if spec.input_file is not None:
        environment["ATTUNE_INPUT_FILE"] = str(spec.work_dir / INPUT_FILE)
    return environment


def _own_descriptors(says: Says | None) -> dict[str, str]:
    if says is None:
        return {"ATTUNE_RESULT_FD": str(RESULT_FD), "ATTUNE_ERROR_FD": str(ERROR_FD)}
    return {"ATTUNE_EVENT_FD": str(RESULT_FD)} if says is Says.DESCRIPTOR else {}


def _rlimits(limits: Limits) -> list[tuple[int, int, int]]:
    rlimits = [(resource.RLIMIT_CORE, 0, 0)]
    for name, kind in _KINDS.items():
        value = getattr(limits, name)
        if value is not None:
            hard = value + _CPU_GRACE_S if kind == resource.RLIMIT_CPU else value
            rlimits.append((kind, value, hard))
    if limits.open_files is None:  # ours, since the warden has lowered its own
        rlimits.append((resource.RLIMIT_NOFILE, *resource.getrlimit(resource.RLIMIT_NOFILE)))
    return rlimits
