from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.attune import ROOT, Attune

#: Of the administrator of the Attune that tests share.
PASSWORD = "correct-horse-1"
PACKS = ROOT / "tests" / "packs"


@pytest.fixture(scope="session")
def attune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """One Attune for all tests that leave it as they found it."""
    running = Attune(tmp_path_factory.mktemp("attune"), {"ATTUNE_DRAIN_S": "1", "ATTUNE_ADMIN_PASSWORD": PASSWORD})
    running.up()
    for name in ("oracle", "hard"):
        assert running.install(PACKS / name)["status"] == "succeeded"
    yield running
    running.down()


@pytest.fixture
def private_attune(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attune]:
    """An Attune of the test's own, to be hurt: silent workers are lost after three seconds, or as the test says."""
    settings = {
        "ATTUNE_HEARTBEAT_S": "0.5", "ATTUNE_LOST_AFTER_S": "3", "ATTUNE_DRAIN_S": "3", **getattr(request, "param", {}),
    }  # fmt: skip
    running = Attune(tmp_path / "var", settings)
    running.up()
    for name in ("oracle", "hard"):
        assert running.install(PACKS / name)["status"] == "succeeded"
    yield running
    running.down()
    assert running.processes() == {}
