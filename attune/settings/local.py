"""Packs on the machine of who writes them: no server, no database, no Redis. Whoever asks the database gets an error,
and not some database that happens to be there."""

import base64
import os
from pathlib import Path

from attune.settings import env
from attune.settings.base import *

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
#: Environments that were built and copies of packs that run. It is the caller's own.
_FOLDER = Path(env.text("ATTUNE_LOCAL_DIR") or _CACHE / "attune").expanduser().absolute()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "apps.core",
    "apps.accounts",
    "apps.audit",
    "apps.operations",
    "apps.keys",
    "apps.runtimes",
    "apps.packs",
    "apps.actions",
    "apps.workers",
    "apps.executions",
    "apps.triggers",
    "apps.rules",
    "apps.local",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.dummy"}}
# Nothing is signed and nothing is sealed here.
SECRET_KEY = base64.b64encode(os.urandom(48)).decode()
ATTUNE_ENCRYPTION_KEYS = ""
ATTUNE_PACKS_DIR = _FOLDER / "packs"
ATTUNE_RUNTIME_ENVS_DIR = _FOLDER / "runtime_envs"
ATTUNE_ARTIFACTS_DIR = _FOLDER / "artifacts"
ATTUNE_WORK_DIR = _FOLDER / "work"
# What happens is told to who asked; the rest is for those who look after workers.
LOGGING = {**LOGGING, "root": {"handlers": ["stderr"], "level": "WARNING"}}
