"""The commands of a build on this worker, within what the operator allows them."""

from django.conf import settings as operator

from apps.runner.control import RunControl
from apps.runtimes.environments.request import BuildSettings
from apps.workers.commands import WardenCommands
from apps.workers.disk_guard import DiskGuard
from apps.workers.host import Host

_MIB = 1024 * 1024


def commands_of(host: Host, control: RunControl, *, settings: BuildSettings) -> WardenCommands:
    """`control` stops whichever runs."""
    floor_mib = operator.ATTUNE_DISK_FLOOR_MB
    return WardenCommands(
        host.warden,
        control,
        work_root=host.work_root,
        run_as=host.run_as,
        guard=DiskGuard(settings.envs_dir, floor_mib * _MIB) if floor_mib else None,
        max_file_bytes=settings.max_bytes,
    )
