"""A PostgreSQL and a Valkey of the suite's own, started before Django reads its settings and stopped at the end.

Never those of a running `var/`: whatever DATABASE_URL and REDIS_URL said is replaced. Workers of pytest-xdist share the
servers and get a database each.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from apps.runner.removal import remove_tree
from apps.standalone.postgres import EmbeddedPostgres
from apps.standalone.valkey import EmbeddedValkey

_FOLDER = "ATTUNE_TEST_DIR"
#: Where the suite itself lives; everything else is a setting of somebody's own Attune.
_KEPT = (_FOLDER, "ATTUNE_VENV", "ATTUNE_PYTHON", "ATTUNE_SCREENSHOTS")


class Services:
    """The pytest plugin; only the process that started the servers stops them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(
            folder / "postgres",
            folder / "sockets",
            settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"},
        )
        self.valkey = EmbeddedValkey(folder / "valkey", folder / "sockets" / "valkey.sock")

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()
        with redis.Redis.from_url(self.valkey.url, socket_timeout=30) as client:
            # Nothing here outlives it, and a write that waits for a busy disk takes longer than a call may.
            client.config_set("appendonly", "no")
        os.environ["DATABASE_URL"] = self.postgres.url
        os.environ["REDIS_URL"] = self.valkey.url

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Temporary folders lie here too: pytest's usual ones are shared with other runs, and stay behind."""
        config.option.basetemp = config.option.basetemp or str(self.folder / "tmp")

    def pytest_unconfigure(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        remove_tree(self.folder)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """A wrapper, because those run before pytest-django reads the settings."""
    _prepare(early_config)
    return (yield)


def _prepare(early_config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith("ATTUNE_") and name not in _KEPT]:
        del os.environ[name]
    os.environ["DJANGO_SETTINGS_MODULE"] = "attune.settings.test"
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={number}"
        return
    _pass_by_pyenv()
    folder = Path(tempfile.mkdtemp(prefix="attune-test-"))
    os.environ[_FOLDER] = str(folder)
    services = Services(folder)
    early_config.pluginmanager.register(services, "attune-services")
    services.start()


def _pass_by_pyenv() -> None:
    """Its programs are shells that look for the Python they are to start: a sixth of a second each time, and a suite
    that looks for interpreters starts them a thousand times. What they would find takes their place."""
    if shutil.which("pyenv") is None:
        return
    found = subprocess.run(["pyenv", "prefix"], capture_output=True, text=True, check=False)
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
    if found.returncode != 0:  # a version that is not installed
        return
    folders = [f"{prefix}/bin" for prefix in found.stdout.strip().split(":")]
    path = os.environ["PATH"].split(os.pathsep)
    path = [new for old in path for new in (folders if old == f"{root}/shims" else [old])]
    os.environ["PATH"] = os.pathsep.join(path)
