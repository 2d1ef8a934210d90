"""Environments of Ruby packs: Bundler, an index of the test's own, and ruby itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runtimes.environments.errors import BuildFailed
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.indexes import Index, build_gem, serve
from tests.integration.runtimes.other_worlds import RUBY, run_entry_point, world_of
from tests.integration.runtimes.world import World

VERSION = "require 'toy'; puts Toy::VERSION"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of(RUBY, tmp_path, builder="bundle")


@pytest.fixture
def index(world: World, tmp_path: Path) -> Iterator[Index]:
    with serve(tmp_path / "index") as index:
        index.add_gem("toy", "1.0.0")
        yield index


def gemfile(index: Index, version: str = "1.0.0") -> str:
    return f'source "{index.url}"\ngem "toy", "{version}"  # a comment\n'


def test_a_pack_finds_the_gems_its_gemfile_asks_for(world: World, index: Index) -> None:
    request = world.request(gemfile(index))
    built = world.ensure(request)
    assert built.metadata.packages == {"toy": "1.0.0"}
    assert built.metadata.dependencies == (f"source '{index.url}'", "gem 'toy', '1.0.0'")
    assert run_entry_point(world, built, VERSION) == "1.0.0"
    assert world.provider.validate_environment(request, run=run_command) == ()
    assert built.folder is not None
    shutil.rmtree(built.folder / "gems" / "gems" / "toy-1.0.0")
    assert "toy" in world.provider.validate_environment(request, run=run_command)[0]
    world.ensure(request, rebuild=True)
    assert world.provider.validate_environment(request, run=run_command) == ()


def test_an_index_out_of_order_is_asked_again_and_a_gem_that_is_not_there_is_not(world: World, index: Index) -> None:
    index.failures = 1_000

    def mend(line: bytes) -> None:
        world.log.append(line)
        index.failures = 0 if b"trying again" in line else index.failures

    request = world.request(gemfile(index))
    built = world.provider.ensure_environment(request, run=run_command, log=mend)
    assert built.metadata.packages == {"toy": "1.0.0"}
    said = world.said
    assert said.count("The network was at fault: trying again") == 1
    with pytest.raises(BuildFailed, match="toy"):
        world.ensure(world.request(gemfile(index, "9.0")))
    assert world.said.count("trying again") == said.count("trying again")


def test_gems_that_the_pack_brings_need_no_index_and_a_lock_pins_them(world: World) -> None:
    request = world.request('source "http://127.0.0.1:9"\ngem "toy"\n')
    cache = request.pack_dir / "vendor" / "cache"
    for version in ("1.0.0", "2.0.0"):
        build_gem(cache, "toy", version)
    assert run_entry_point(world, world.ensure(request), VERSION) == "2.0.0"
    lock = (
        b"GEM\n  remote: http://127.0.0.1:9/\n  specs:\n    toy (1.0.0)\n\nPLATFORMS\n  ruby\n\n"
        b"DEPENDENCIES\n  toy\n\nBUNDLED WITH\n   99.0.0\n"
    )
    built = world.ensure(world.request('source "http://127.0.0.1:9"\ngem "toy"\n', lock=lock))
    assert run_entry_point(world, built, VERSION) == "1.0.0"


def test_a_gem_that_the_pack_brings_with_other_content_under_its_name_is_installed_anew(world: World) -> None:
    request = world.request('source "http://127.0.0.1:9"\ngem "toy"\n')
    gem = build_gem(request.pack_dir / "vendor" / "cache", "toy", "1.0.0")
    first = world.ensure(request)
    assert not world.provider.needs_update(request)
    gem.write_bytes(build_gem(request.pack_dir / "other", "toy", "1.0.0", says="mended").read_bytes())
    assert world.provider.needs_update(request)
    assert run_entry_point(world, world.ensure(request), VERSION) == "mended"
    assert first.metadata.dependency_hash != world.ensure(request).metadata.dependency_hash


def test_a_gemfile_that_is_no_ruby_is_told_in_rubys_words(world: World) -> None:
    with pytest.raises(BuildFailed, match="Gemfile"):
        world.ensure(world.request("gem 'toy' do do\n"))


def test_a_lock_file_alone_is_refused(world: World) -> None:
    with pytest.raises(BuildFailed, match="needs a Gemfile"):
        world.ensure(world.request(lock=b"GEM\n"))
