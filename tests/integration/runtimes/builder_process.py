"""A builder in a process of its own, which can be killed at a chosen point of a build."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from apps.runtimes.environments import metadata
from apps.runtimes.environments.layout import Place
from apps.runtimes.environments.request import EnvironmentRequest
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.world import World

_SPAWN = multiprocessing.get_context("spawn")


class Point(StrEnum):
    """Where a builder stops and waits for its end."""

    BEFORE_VIRTUALENV = "before virtualenv"
    BEFORE_INSTALL = "before install"
    AFTER_INSTALL = "after install"
    BEFORE_METADATA = "before metadata"
    BEFORE_SWITCH = "before switch"
    AFTER_SWITCH = "after switch"
    NOWHERE = "nowhere"


@contextmanager
def builder(world: World, request: EnvironmentRequest, point: Point) -> Iterator[tuple[BaseProcess, Connection]]:
    """The process, and a connection over which it tells `point` when it is there, and `built` at its end."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_build, args=(world, request, point, theirs))
    process.start()
    theirs.close()
    try:
        with ours:
            yield process, ours
    finally:
        process.kill()
        process.join()
        process.close()


def _build(world: World, request: EnvironmentRequest, point: Point, connection: Connection) -> None:
    def reached(where: Point) -> None:
        if where is point:
            connection.send(where)
            signal.pause()

    def run(argv: Sequence[str], **options: Any) -> int:
        installs = "install" in argv
        reached(Point.BEFORE_INSTALL if installs else Point.BEFORE_VIRTUALENV)
        exit_code = run_command(argv, **options)
        if installs:
            reached(Point.AFTER_INSTALL)
        return exit_code

    metadata.write = _stopping(metadata.write, before=lambda: reached(Point.BEFORE_METADATA))
    Place.switch = _stopping(  # type: ignore[method-assign]  # this process exists for nothing else
        Place.switch,
        before=lambda: reached(Point.BEFORE_SWITCH),
        after=lambda: reached(Point.AFTER_SWITCH),
    )
    world.provider.ensure_environment(request, run=run, log=world.log.append)
    connection.send("built" if world.log else "found")


def _stopping(
    function: Callable[..., None], *, before: Callable[[], None], after: Callable[[], None] = lambda: None
) -> Callable[..., None]:
    def stopping(*arguments: Path, **named: object) -> None:
        before()
        function(*arguments, **named)
        after()

    return stopping
