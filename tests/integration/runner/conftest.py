"""Real processes under a real warden. Everything lies in the test's own folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runner.warden_client import Warden
from tests.integration.runner.bench import Bench


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    # Tests do not beat: silence has tests of its own.
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def bench(warden: Warden, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(warden=warden, folder=tmp_path)
    yield bench
    assert list(bench.work_root.iterdir()) == [], "a work directory was left behind"
