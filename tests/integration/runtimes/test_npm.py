"""Environments of Node packs: npm, a registry of the test's own, and node itself."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.indexes import Index, serve
from tests.integration.runtimes.other_worlds import NODE, run_entry_point, world_of
from tests.integration.runtimes.world import World


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Index]:
    with serve(tmp_path / "registry") as index:
        index.add_npm_package("toy", "1.0.0")
        index.add_npm_package("toy", "2.0.0")
        yield index


@pytest.fixture
def world(tmp_path: Path, registry: Index) -> World:
    return world_of(NODE, tmp_path, builder="npm", NPM_CONFIG_REGISTRY=registry.url)


def wants(world: World, *, lock: bytes | None = None, **fields: Any) -> EnvironmentRequest:
    return world.request(json.dumps({"dependencies": {"toy": "1.0.0"}, **fields}), lock=lock)


def test_a_pack_finds_what_its_package_json_asks_for_and_its_own_lib(world: World) -> None:
    request = wants(world)
    (request.pack_dir / "lib").mkdir()
    (request.pack_dir / "lib" / "own.js").write_text("module.exports = 'mine';")
    built = world.ensure(request)
    assert built.metadata.packages == {"toy": "1.0.0"}
    assert built.metadata.dependencies == ("toy@1.0.0",)
    assert run_entry_point(world, built, "console.log(require('toy'), require('own'))") == "1.0.0 mine"
    imported = "import toy from 'toy'; import own from 'own'; console.log(toy, own)"
    assert run_entry_point(world, built, imported, name="action.mjs") == "1.0.0 mine"
    assert world.ensure(request) == built
    assert world.provider.validate_environment(request, run=run_command) == ()


def test_a_lock_file_is_kept_to_though_newer_versions_are_there(world: World) -> None:
    first = world.ensure(wants(world))
    assert first.folder is not None
    lock = (first.folder / "package-lock.json").read_bytes()
    loose = {"toy": ">=1.0.0"}
    assert world.ensure(wants(world, dependencies=loose)).metadata.packages == {"toy": "2.0.0"}
    pinned = lock.replace(b'"toy": "1.0.0"', b'"toy": ">=1.0.0"')
    built = world.ensure(wants(world, dependencies=loose, lock=pinned))
    assert built.metadata.packages == {"toy": "1.0.0"}


def test_a_lock_file_that_does_not_fit_fails_the_build_and_the_old_one_serves(world: World) -> None:
    first = world.ensure(wants(world))
    assert first.folder is not None
    lock = (first.folder / "package-lock.json").read_bytes()
    with pytest.raises(BuildFailed, match="in sync"):
        world.ensure(wants(world, dependencies={"toy": "2.0.0"}, lock=lock))
    assert world.find() == first.folder


def test_a_version_that_does_not_exist_is_told_once_and_not_tried_again(world: World, registry: Index) -> None:
    with pytest.raises(BuildFailed, match=r"toy@9\.9\.9"):
        world.ensure(wants(world, dependencies={"toy": "9.9.9"}))
    assert registry.asked == ["/toy"]
    assert "trying again" not in world.said


def test_a_registry_out_of_order_is_asked_again(world: World, registry: Index) -> None:
    registry.failures = 2
    assert world.ensure(wants(world)).metadata.packages == {"toy": "1.0.0"}
    assert world.said.count("The network was at fault: trying again") == 2


def test_what_was_downloaded_once_is_installed_without_a_registry(world: World, registry: Index) -> None:
    world.ensure(wants(world))
    registry.failures = 1_000
    assert world.ensure(wants(world), rebuild=True).metadata.packages == {"toy": "1.0.0"}
    assert "trying with what the cache holds" in world.said


def test_two_packs_want_versions_that_conflict(world: World) -> None:
    one = world.ensure(wants(world))
    manifest = json.dumps({"dependencies": {"toy": "2.0.0"}})
    two = world.ensure(world.request(manifest, pack_ref="acme.other"))
    code = "console.log(require('toy'))"
    assert [run_entry_point(world, built, code) for built in (one, two)] == ["1.0.0", "2.0.0"]


def test_a_folder_of_the_pack_is_a_dependency_and_one_outside_is_refused(world: World) -> None:
    request = wants(world, dependencies={"near": "file:lib/near"})
    near = request.pack_dir / "lib" / "near"
    near.mkdir(parents=True)
    (near / "package.json").write_text('{"name": "near", "version": "3.0.0"}')
    (near / "index.js").write_text("module.exports = 'near';")
    built = world.ensure(request)
    assert built.metadata.packages == {"near": "3.0.0"}
    assert run_entry_point(world, built, "console.log(require('near'))") == "near"
    for path in ("../outside", "/etc", ".", "lib/none"):
        with pytest.raises(BuildFailed, match="file:"):
            world.ensure(wants(world, dependencies={"far": f"file:{path}"}))


def test_scripts_of_packages_run_without_secrets_and_not_at_all_if_the_operator_says_so(
    world: World, registry: Index
) -> None:
    seen = world.root / "seen"
    script = f"env > {seen}"
    registry.add_npm_package("nosy", "1.0.0", scripts={"postinstall": script}, hasInstallScript=True)
    world.environ |= {"DATABASE_URL": "postgresql://c4nary", "NPM_CONFIG__AUTHTOKEN": "c4nary"}
    request = wants(world, dependencies={"nosy": "1.0.0"}, scripts={"postinstall": f"touch {world.root}/own"})
    world.ensure(request)
    assert "c4nary" not in seen.read_text()
    assert not (world.root / "own").exists(), "the pack's own scripts are for who works on it"
    seen.unlink()
    world.environ["NPM_CONFIG_IGNORE_SCRIPTS"] = "true"
    world.ensure(request, rebuild=True)
    assert not seen.exists()


def test_a_package_that_was_deleted_or_replaced_by_hand_is_noticed_and_repaired(world: World) -> None:
    request = wants(world)
    built = world.ensure(request)
    assert built.folder is not None
    shutil.rmtree(built.folder / "node_modules" / "toy")
    assert world.provider.validate_environment(request, run=run_command) == ("toy: 1.0.0 was built, nothing is there",)
    world.ensure(request, rebuild=True)
    assert world.provider.validate_environment(request, run=run_command) == ()


def test_a_package_json_without_dependencies_needs_no_npm(world: World, registry: Index) -> None:
    built = world.ensure(world.request('{"type": "commonjs"}'))
    assert built.metadata.packages == {}
    assert registry.asked == []


@pytest.mark.parametrize("manifest", ["{", "[]", '{"dependencies": ["toy"]}', '{"dependencies": {"toy": 1}}', "\xff"])
def test_a_package_json_nobody_can_read_is_told_with_its_name(world: World, manifest: str) -> None:
    with pytest.raises(BuildFailed, match=r"package\.json"):
        world.ensure(world.request(lock=None) if not manifest else world.request(manifest))
