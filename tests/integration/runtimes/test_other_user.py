"""Builds as another user than the worker, through a real warden."""

import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from apps.runner.control import RunControl
from apps.runner.spec import RunAs
from apps.runner.warden_client import Warden
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.request import BuildSettings, EnvironmentRequest
from apps.runtimes.environments.workshop import Workshop
from apps.workers.commands import WardenCommands
from tests.integration.runtimes.world import World

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
NOBODY = pwd.getpwnam("nobody")
SCRIPT = """
echo "as $(id -u) $(id -g)"; env
cp /bin/true tool && chmod 6777 tool && mkdir -m 777 lib && echo x > lib/data && chmod 666 lib/data
ln -s /etc/shadow link; cat /etc/shadow; touch "$1/outside"; echo "$HOME" > "$HOME/mine" && echo wrote
"""


class _Script:
    """A recipe that runs what a stranger's installer may do."""

    name = "script"

    def __init__(self, outside: Path) -> None:
        self.outside = outside

    def dependencies(self, request: EnvironmentRequest) -> Iterable[str]:
        return ["x"]

    def fill(self, folder: Path, request: EnvironmentRequest, workshop: Workshop) -> None:
        workshop.command(["/bin/sh", "-c", SCRIPT, "sh", str(self.outside)], cwd=folder)

    def packages(self, folder: Path) -> Mapping[str, str]:
        return {}


def test_a_build_has_only_its_own_folder_and_what_it_built_is_the_workers(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):  # pytest makes its folders 0700
        folder.chmod(0o711)
    for name in ("DATABASE_URL", "ATTUNE_SECRET_KEY", "ATTUNE_ENCRYPTION_KEYS"):
        monkeypatch.setenv(name, "canary-of-the-worker")
    work = tmp_path / "work"
    work.mkdir(mode=0o711)
    owner = RunAs(uid=NOBODY.pw_uid, gid=NOBODY.pw_gid)
    settings = BuildSettings(envs_dir=world.envs_dir, environ=dict(os.environ), owner=owner)
    said: list[bytes] = []
    warden = Warden(silence_s=60)
    warden.start()
    try:
        run = WardenCommands(warden, RunControl(), work_root=work, run_as=owner)
        provider = GenerationProvider(_Script(tmp_path), settings)
        built = provider.ensure_environment(world.request("toy\n"), run=run, log=said.append)
    finally:
        warden.close()
    log = b"".join(said).decode()
    assert f"as {NOBODY.pw_uid} {NOBODY.pw_gid}" in log
    assert log.count("Permission denied") == 2, log
    assert "wrote" in log
    assert "canary" not in log
    assert "NETRC" not in log
    assert not (tmp_path / "outside").exists()
    assert built.folder is not None
    found = [built.folder, *built.folder.rglob("*")]
    assert {path.lstat().st_uid for path in found} == {0}
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in found if not path.is_symlink()}
    assert (modes["tool"], modes["data"], modes["lib"]) == (0o755, 0o644, 0o755)
    assert Path("/etc/shadow").stat().st_uid == 0
