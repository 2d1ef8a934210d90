import pytest
from pytest_django import Settings

from tests.factories import make_runtimes
from tests.people import People


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")


@pytest.fixture
def shell(db: None) -> None:
    """The shell is a runtime."""
    make_runtimes("shell")


@pytest.fixture
def committing_shell(people: People) -> None:
    """The same in a database that commits."""
    make_runtimes("shell")
