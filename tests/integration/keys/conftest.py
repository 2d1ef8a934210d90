import base64
import os

import pytest
from pytest_django import Settings

from apps.core.crypto import Keyring


@pytest.fixture
def older() -> Keyring:
    """The keyring of this suite, with another key behind it."""
    return Keyring({"old": os.urandom(32)})


def both(older: Keyring) -> Keyring:
    """The ring after a new key was put in front."""
    return Keyring({"new": os.urandom(32), **older.keys})


def use(settings: Settings, ring: Keyring) -> Keyring:
    """Makes it the operator's."""
    lines = [f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in ring.keys.items()]
    settings.ATTUNE_ENCRYPTION_KEYS = "\n".join(lines)
    return ring
