"""Real processes under a real warden. Everything lies in the test's own folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runner.spec import WarmServer
from apps.runner.warden_client import Warden
from tests.integration.runner.bench import Bench, warm_server


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    # Tests do not beat: silence has tests of its own.
    warden = Warden(silence_s=3600, most_servers=50)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture(params=["cold", "warm"])
def warm(request: pytest.FixtureRequest) -> WarmServer | None:
    """Every run of these tests starts both ways: by itself, and forked by a server (which then executes a program that
    is no Python action)."""
    return warm_server() if request.param == "warm" else None


@pytest.fixture
def bench(warden: Warden, tmp_path: Path, warm: WarmServer | None) -> Iterator[Bench]:
    bench = Bench(warden=warden, folder=tmp_path, warm=warm)
    yield bench
    assert list(bench.work_root.iterdir()) == [], "a work directory was left behind"
