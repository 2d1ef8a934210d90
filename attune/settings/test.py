"""The suite: services on sockets of its own (tests/services.py sets their addresses), throw-away keys."""

import base64
import os
import tempfile
from pathlib import Path

from attune.settings.base import *

SECRET_KEY = "test-" + "0123456789abcdef" * 4
ATTUNE_ENCRYPTION_KEYS = "test:" + base64.b64encode(bytes(range(32))).decode()
#: Static files are looked for when they are asked for: a client of Django's makes all middleware anew, of which the
#: list of all files takes a thirtieth of a second, and there are thousands of clients.
WHITENOISE_AUTOREFRESH = True
#: Races have more threads than there are connections, on processors that others keep busy.
DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 30  # type: ignore[index]  # settings of any kind
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_BASE = Path(os.environ.get("ATTUNE_TEST_DIR", tempfile.gettempdir()))
#: Of each process of pytest-xdist its own, as its database is: both have the same ids.
_FOLDER = _BASE / "attune-files" / os.environ.get("PYTEST_XDIST_WORKER", "main")
ATTUNE_PACKS_DIR = _FOLDER / "packs"
ATTUNE_RUNTIME_ENVS_DIR = _FOLDER / "runtime_envs"
ATTUNE_ARTIFACTS_DIR = _FOLDER / "artifacts"
ATTUNE_WORK_DIR = _FOLDER / "work"
STORAGES = {
    **STORAGES,
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": ATTUNE_ARTIFACTS_DIR},
    },
}
