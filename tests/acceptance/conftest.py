from collections.abc import Iterator

import pytest

from tests.acceptance.attune import ROOT, Attune

#: Of the administrator of the Attune that tests share.
PASSWORD = "correct-horse-1"
PACKS = ROOT / "tests" / "packs"


@pytest.fixture(scope="package")
def attune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """One Attune for all tests that leave it as they found it, made from nothing as a stranger's is."""
    settings = {"ATTUNE_DRAIN_S": "1", "ATTUNE_ADMIN_PASSWORD": PASSWORD, "ATTUNE_LOG_FORMAT": "json"}
    running = Attune(tmp_path_factory.mktemp("attune"), settings, is_new=True)
    running.up()
    for name in ("oracle", "hard"):
        assert running.install(PACKS / name)["status"] == "succeeded"
    yield running
    running.down()


@pytest.fixture(scope="module")
def hurt_before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """An Attune to be hurt by one test after the other: silent workers are lost after six seconds. Three are
    few for one that starts fifty actions at once on a busy machine."""
    settings = {
        "ATTUNE_HEARTBEAT_S": "0.5", "ATTUNE_LOST_AFTER_S": "6", "ATTUNE_DRAIN_S": "3", "ATTUNE_WORKER_SLOTS": "50",
    }  # fmt: skip
    running = Attune(tmp_path_factory.mktemp("hurt") / "var", settings)
    running.up()
    for name in ("oracle", "hard"):
        assert running.install(PACKS / name)["status"] == "succeeded"
    yield running
    running.down()
    assert running.processes() == {}


@pytest.fixture
def hurt(hurt_before: Attune) -> Attune:
    """The same, as healthy as on its first day, whatever the test before did to it."""
    hurt_before.wait_until_healthy()
    return hurt_before
