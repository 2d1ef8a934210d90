"""Executions that ended long ago, with the files they left."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.people import People


@pytest.fixture
def artifacts_dir(people: People, settings: LazySettings, tmp_path: Path) -> Path:
    """Of this test alone."""
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path
    (tmp_path / "executions").mkdir()
    return tmp_path
