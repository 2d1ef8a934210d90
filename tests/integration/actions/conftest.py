import pytest

from tests.factories import make_runtimes


@pytest.fixture
def runtimes(db: None) -> None:
    """The core pack's runtimes."""
    make_runtimes("python", "shell")
