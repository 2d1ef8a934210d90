"""Packs with their files, and the process of a worker that runs their actions: for tests of what a worker does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from apps.packs.services.install import install_pack
from apps.runner.warden_client import Warden
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import find_capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.factories import make_worker

PACKS = Path(__file__).parent / "packs"


def install_packs(*names: str) -> None:
    """Core, and packs of the suite."""
    install_pack(settings.BASE_DIR / "packs" / "core", identity=None, own=True)
    for name in names:
        install_pack(PACKS / name, identity=None)


@contextmanager
def hosted_worker(work_root: Path) -> Iterator[Host]:
    """A worker of this process, with a real warden, that serves the shell. Nothing beats: it is never silent."""
    work_root.mkdir(parents=True)
    warden = Warden(silence_s=3600)
    warden.start()
    try:
        capabilities = find_capabilities("default", known_runtimes(), only=["shell"])
        worker = make_worker("tom", queues=capabilities.queues)
        yield Host(worker.pk, worker.name, warden, capabilities, "volume", work_root, Intake(capabilities.queues))
    finally:
        warden.close()
