"""Worlds of other languages than Python; a test of one is skipped where its interpreter or builder is not installed."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from apps.runtimes.definition import RuntimeDefinition, errors_of
from apps.runtimes.detect import detect
from apps.runtimes.environments.request import EnvironmentOnDisk
from apps.runtimes.launch import launch_of
from tests.integration.runtimes.conftest import CORE
from tests.integration.runtimes.languages import refuse_without
from tests.integration.runtimes.world import World

NODE: dict[str, Any] = yaml.safe_load((CORE / "node.yaml").read_text())
RUBY: dict[str, Any] = yaml.safe_load((CORE / "ruby.yaml").read_text())


def world_of(body: dict[str, Any], root: Path, *, builder: str = "sh", **environ: str) -> World:
    """`builder` is the program that makes its environments."""
    assert errors_of(body) == []
    runtime = RuntimeDefinition.from_json(body)
    found = detect(runtime, search_path=os.environ["PATH"])
    if not found.installations:
        refuse_without(runtime.name, found.reason)
    if shutil.which(builder) is None:
        refuse_without(runtime.name, f"{builder} is not installed")
    return World(root, runtime, found.installations[0], {"HOME": str(root), **environ})


def run_entry_point(world: World, built: EnvironmentOnDisk, code: str, *, name: str = "action") -> str:
    """What a file of the (read-only) pack prints, started as an action's would be."""
    pack_dir = world.request().pack_dir
    entry_point = pack_dir / name
    entry_point.write_text(code)
    launch = launch_of(
        world.runtime,
        installation=world.installation,
        runtime_dir=CORE.parent,
        pack_dir=pack_dir,
        entry_point=entry_point,
        env_dir=built.folder,
    )
    env = {"PATH": os.environ["PATH"], **launch.env}
    done = subprocess.run(launch.argv, env=env, input="{}", capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
