"""Which tests run in one process of several: those of a file, and those that share an Attune; what a process keeps."""

import gc
import importlib
import os
from pathlib import Path

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

_TOGETHER = (
    "tests/browser/",
    "tests/acceptance/test_keys.py",
    "tests/acceptance/test_metrics.py",
    "tests/acceptance/test_order.py",
    "tests/acceptance/test_packs.py",
    "tests/acceptance/test_rates.py",
    "tests/acceptance/test_run_as.py",
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """In a fresh clone each process would rewrite the assertions of all files, all in the same order; so each begins
    with a share of its own, and finds the others' shares done when it comes to them."""
    gc.disable()
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if not count or len(session.config.args) != 1:  # not the whole suite
        return
    root = session.config.rootpath
    files = sorted((root / "tests").rglob("test_*.py"))
    for file in files[int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) :: count]:
        _import(file.relative_to(root))


def _import(file: Path) -> None:
    """As it will be imported anyway; what is wrong with it is told then."""
    try:
        importlib.import_module(".".join(file.with_suffix("").parts))
    except BaseException:  # noqa: BLE001 - skipping a whole file is none of `Exception`
        return


def pytest_collection_finish() -> None:
    """Thousands of tests and all of Django stay to the end: the collector of garbage need not walk over them again."""
    gc.enable()
    gc.collect()
    gc.freeze()
