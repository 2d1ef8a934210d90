"""The seventeen cases that the field knows from dependency isolation, each by its name, on Python packs."""

import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.registry import UnknownProvider, provider_named, provider_names
from apps.runtimes.providers.none import NoneProvider
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.conftest import CORE
from tests.integration.runtimes.indexes import serve
from tests.integration.runtimes.wheelhouse import write_wheel
from tests.integration.runtimes.world import World, python_says, toy_version

ROOT = Path(__file__).resolve().parents[3]


def test_01_create_fills_it_with_what_the_pack_asks_for(world: World) -> None:
    built = world.ensure(world.request("tool==1.0\n"))
    assert toy_version(built) == "1.0"
    assert built.metadata.packages == {"tool": "1.0", "toy": "1.0"}
    assert built.metadata.dependencies == ("tool==1.0",)
    assert (built.metadata.pack_ref, built.metadata.runtime, built.metadata.generation) == (
        "acme.web",
        "python",
        1,
    )
    assert built.metadata.size_bytes > 1000


def test_02_executable_path_is_that_of_the_environment(world: World) -> None:
    request = world.request("toy\n")
    assert world.provider.get_executable_path(request) is None
    built = world.ensure(request)
    assert world.provider.get_executable_path(request) == built.executable
    assert python_says(built, "import sys; print(sys.prefix)") == str(built.folder)


def test_03_validate_finds_nothing_wrong_with_a_sound_one(world: World) -> None:
    request = world.request("toy\n")
    world.ensure(request)
    assert world.provider.validate_environment(request, run=run_command) == ()


def test_04_remove_leaves_nothing(world: World) -> None:
    world.ensure(world.request("toy==1.0\n"))
    world.ensure(world.request("toy==2.0\n"))
    world.provider.remove_environment(pack_ref="acme.web", runtime="python")
    assert world.find() is None
    assert world.generations() == []
    world.provider.remove_environment(pack_ref="acme.web", runtime="python")
    world.provider.remove_environment(pack_ref="never.there", runtime="python")


def test_05_list_tells_all_of_the_volume(world: World) -> None:
    assert world.provider.list_environments() == []
    world.ensure(world.request("toy==1.0\n", pack_ref="acme.web"))
    world.ensure(world.request("toy==2.0\n", pack_ref="other"))
    world.ensure(world.request(pack_ref="plain"))
    listed = [(item.metadata.pack_ref, item.metadata.generation) for item in world.provider.list_environments()]
    assert listed == [("_base", 1), ("acme.web", 1), ("other", 1)]


def test_06_idempotent_ensure_builds_once(world: World) -> None:
    request = world.request("toy\n")
    first = world.ensure(request)
    said = world.said
    assert world.ensure(request) == first
    assert world.said == said


def test_07_update_on_change_keeps_what_was(world: World) -> None:
    first = world.ensure(world.request("toy==1.0\n"))
    second = world.ensure(world.request("toy==2.0\n"))
    assert (second.metadata.generation, toy_version(second)) == (2, "2.0")
    assert toy_version(first) == "1.0"
    assert world.find() == second.folder
    assert second.metadata.created_at == first.metadata.created_at < second.metadata.updated_at


def test_08_needs_update_before_the_first_build_and_after_a_change(world: World) -> None:
    assert world.provider.needs_update(world.request("toy==1.0\n"))
    world.ensure(world.request("toy==1.0\n"))
    assert not world.provider.needs_update(world.request("toy==1.0\n"))
    assert world.provider.needs_update(world.request("toy==2.0\n"))


def test_09_several_packs_isolated_with_conflicting_versions_of_requests_run_at_once(world: World) -> None:
    for version in ("1.0", "2.0"):
        write_wheel(world.root / "wheelhouse", "requests", version)
    built = [world.ensure(world.request(f"requests=={number}.0\n", pack_ref=f"acme.{number}")) for number in (1, 2)]
    # Each tells its version once the other has imported its own.
    code = "import requests; print('here', flush=True); input(); print(requests.VERSION)"
    with ExitStack() as stack:
        running = [stack.enter_context(_started(item.executable, code)) for item in built]
        assert [process.stdout.readline() for process in running if process.stdout] == ["here\n", "here\n"]
        assert [process.communicate("go\n", timeout=60)[0] for process in running] == ["1.0\n", "2.0\n"]


def _started(python: Path, code: str) -> "subprocess.Popen[str]":
    argv = [str(python), "-I", "-c", code]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_10_safe_names_of_folders(world: World) -> None:
    world.ensure(world.request("toy\n", pack_ref="a.b.c_d"))
    assert (world.envs_dir / "a_b_c_d" / "python").is_symlink()


def test_11_empty_dependencies_share_the_empty_base(world: World) -> None:
    first = world.ensure(world.request(pack_ref="plain"))
    second = world.ensure(world.request("# nothing\n", pack_ref="simple"))
    assert first == second
    assert first.folder is not None
    assert first.folder.parent.parent == world.envs_dir / "_base"
    assert world.find("plain", needs_environment=False) == first.folder
    assert python_says(first, "import importlib.util; print(importlib.util.find_spec('django'))") == "None"


def test_12_caching_installs_without_an_index_what_another_pack_had_downloaded(world: World) -> None:
    with serve(world.root / "index") as index:
        index.add_wheel("toy", "3.0")
        world.environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{index.url}/simple"}
        assert toy_version(world.ensure(world.request("toy\n", pack_ref="acme.one"))) == "3.0"
    assert toy_version(world.ensure(world.request("toy\n", pack_ref="acme.two"))) == "3.0"


def test_13_order_independent_hash_builds_nothing_new(world: World) -> None:
    first = world.ensure(world.request("toy==1.0\ntool==1.0\n"))
    assert world.ensure(world.request("tool == 1.0\n\n# comment\nToy==1.0\n")) == first


def test_14_requirements_content_of_file_and_pack_yaml_comes_together(world: World) -> None:
    built = world.ensure(world.request("toy==1.0\n", dependencies=("tool==1.0",)))
    assert built.metadata.packages == {"tool": "1.0", "toy": "1.0"}


def test_15_registry_knows_a_provider_for_every_runtime_of_core(world: World) -> None:
    providers = {file.stem: yaml.safe_load(file.read_text())["environment"]["provider"] for file in CORE.glob("*.yaml")}
    assert providers.items() >= {("python", "virtualenv"), ("shell", "none")}
    for name in providers.values():
        provider = provider_named(name, world.settings)
        assert isinstance(provider, NoneProvider if name == "none" else GenerationProvider)
    with pytest.raises(UnknownProvider, match=", ".join(provider_names())):
        provider_named("docker", world.settings)


def test_16_read_only_pack_folder_is_not_touched(world: World) -> None:
    request = world.request("toy\n")
    (request.pack_dir / "requirements.txt").write_text("toy\n")
    request.pack_dir.chmod(0o555)
    built = world.ensure(request)
    assert [path.name for path in request.pack_dir.iterdir()] == ["requirements.txt"]
    assert built.folder is not None
    assert not built.folder.is_relative_to(request.pack_dir)
    assert stat.S_IMODE(request.pack_dir.stat().st_mode) == 0o555


def test_17_environment_outside_of_the_pack_and_of_attunes_own(world: World) -> None:
    request = world.request("toy\n")
    built = world.ensure(request)
    assert built.folder is not None
    assert built.folder.is_relative_to(world.envs_dir)
    for own in (request.pack_dir, Path(sys.prefix), ROOT):
        assert not built.folder.is_relative_to(own)
    paths = python_says(built, "import sys; print('\\n'.join(sys.path))").splitlines()
    assert not any(path.startswith((str(sys.prefix), str(ROOT))) for path in paths)
