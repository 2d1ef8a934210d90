"""Which tests run in one process of several: those of a file, and those that share an Attune."""

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

_TOGETHER = (
    "tests/browser/",
    "tests/acceptance/test_keys.py",
    "tests/acceptance/test_order.py",
    "tests/acceptance/test_packs.py",
    "tests/acceptance/test_rates.py",
    "tests/acceptance/test_running.py",
    "tests/acceptance/test_secrets.py",
    "tests/acceptance/test_up.py",
)


class SharingScheduling(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """An Attune takes ten to twenty seconds to start: one that several files share should not be started twice."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.rpartition("/")[0]
        return folder if file.startswith(_TOGETHER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharingScheduling:
    return SharingScheduling(config, log)
