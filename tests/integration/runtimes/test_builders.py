"""Builders that are killed, and builders at work at the same time."""

import os
import random
import signal
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from apps.runtimes.environments import metadata
from tests.integration.runtimes.builder_process import Point, builder
from tests.integration.runtimes.world import World, toy_version
from tests.waiting import wait_for

POINTS = [point for point in Point if point is not Point.NOWHERE]


@pytest.mark.parametrize("point", POINTS)
def test_a_builder_killed_half_way_leaves_the_old_or_the_new_one_whole(world: World, point: Point) -> None:
    old = world.ensure(world.request("toy==1.0\n"))
    request = world.request("toy==2.0\n")
    with builder(world, request, point) as (process, connection):
        assert connection.recv() == point
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    serving = world.find()
    assert serving is not None
    assert (serving == old.folder) is (point is not Point.AFTER_SWITCH)
    assert metadata.read(serving) is not None

    new = world.ensure(request)
    assert toy_version(new) == "2.0"
    assert world.find() == new.folder
    _assert_no_leftovers(world)


@pytest.mark.parametrize("seed", range(10))
def test_a_builder_killed_at_any_moment_leaves_the_old_or_the_new_one_whole(world: World, seed: int) -> None:
    old = world.ensure(world.request("toy==1.0\n"))
    request = world.request("toy==2.0\n")
    with builder(world, request, Point.NOWHERE) as (process, connection):
        _wait_until_it_builds(world)
        # Waits for its end, but no longer than this.
        connection.poll(random.Random(seed).uniform(0, 0.6))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    serving = world.find()
    assert serving is not None
    assert toy_version(old) == "1.0"
    new = world.ensure(request)
    assert serving in (old.folder, new.folder)
    assert toy_version(new) == "2.0"
    _wait_for_orphans(world)
    assert toy_version(new) == "2.0"
    world.provider.cleanup(keep_recent=5)
    _assert_no_leftovers(world)


def test_builders_at_the_same_time_build_once(world: World) -> None:
    request = world.request("toy==1.0\n")
    with ExitStack() as stack:
        builders = [stack.enter_context(builder(world, request, Point.NOWHERE)) for _ in range(3)]
        said = sorted(connection.recv() for _, connection in builders)
    assert said == ["built", "found", "found"]
    assert len(world.generations()) == 1


def test_builders_of_different_packs_do_not_wait_for_each_other(world: World) -> None:
    slow = world.request("toy==1.0\n", pack_ref="slow")
    with builder(world, slow, Point.BEFORE_INSTALL) as (_, connection):
        assert connection.recv() == Point.BEFORE_INSTALL
        assert toy_version(world.ensure(world.request("toy==2.0\n", pack_ref="quick"))) == "2.0"


def test_what_serves_is_found_while_another_builds(world: World) -> None:
    old = world.ensure(world.request("toy==1.0\n"))
    with builder(world, world.request("toy==2.0\n"), Point.BEFORE_SWITCH) as (_, connection):
        assert connection.recv() == Point.BEFORE_SWITCH
        assert world.find() == old.folder


def test_cleanup_does_not_wait_for_a_builder_nor_take_its_work(world: World) -> None:
    world.ensure(world.request("toy==1.0\n"))
    with builder(world, world.request("toy==2.0\n"), Point.AFTER_INSTALL) as (_, connection):
        assert connection.recv() == Point.AFTER_INSTALL
        assert world.provider.cleanup(keep_recent=0) == []
        assert len(world.generations()) == 2


def test_cleanup_takes_what_a_killed_builder_left(world: World) -> None:
    world.ensure(world.request("toy==1.0\n"))
    with builder(world, world.request("toy==2.0\n"), Point.AFTER_INSTALL) as (_, connection):
        assert connection.recv() == Point.AFTER_INSTALL
    assert len(world.generations()) == 2
    world.provider.cleanup(keep_recent=5)
    _assert_no_leftovers(world)


def _wait_until_it_builds(world: World) -> None:
    wait_for(lambda: len(world.generations()) >= 2, what="the builder to begin", every_s=0.001)


def _wait_for_orphans(world: World) -> None:
    """What the killed builder had started. (A worker's warden kills it; a test's command runner cannot.)"""

    def none_is_left() -> bool:
        running = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
        return not any(str(world.envs_dir) in line for line in running)

    wait_for(none_is_left, what="those that write to the volume to end")


def _assert_no_leftovers(world: World) -> None:
    folder = world.envs_dir / "acme_web" / ".generations"
    assert all((path / metadata.FILE_NAME).is_file() for path in folder.iterdir() if path.is_dir())
    names = {path.name for path in Path(folder.parent).iterdir()}
    assert names == {".generations", "python"}
