"""Environments as generations: one builder at a time, complete or invisible, switched in one step.

The lock of a place guards everything that changes there. Readers need none: a generation does not change
once it has its metadata, and the link is switched atomically.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.runtimes.environments import layout, locks
from apps.runtimes.environments.builder import build
from apps.runtimes.environments.errors import BuildFailed, BuildTimedOut, NoSuchGeneration
from apps.runtimes.environments.fingerprint import content_hash, fingerprint
from apps.runtimes.environments.layout import Generation, Place
from apps.runtimes.environments.provider import Recipe
from apps.runtimes.environments.request import (
    BuildSettings,
    CommandRunner,
    EnvironmentOnDisk,
    EnvironmentRequest,
    Log,
)
from apps.runtimes.environments.validation import problems_of

logger = logging.getLogger(__name__)


class GenerationProvider:
    """The provider of everything that is built into a folder; `recipe` knows how to fill one."""

    def __init__(self, recipe: Recipe, settings: BuildSettings) -> None:
        self._recipe = recipe
        self._settings = settings

    def ensure_environment(
        self, request: EnvironmentRequest, *, run: CommandRunner, log: Log, rebuild: bool = False
    ) -> EnvironmentOnDisk:
        place, wanted = self._place(request), self.fingerprint(request)
        if not rebuild and (current := _serving(place, wanted)):
            return current
        with self._changing(place):
            earlier = None if rebuild else _newest_complete(place, wanted)
            return _switched(place, earlier or self._build(place, wanted, request, run=run, log=log))

    def prepare_environment(self, request: EnvironmentRequest, *, run: CommandRunner, log: Log) -> None:
        """Builds what is requested, if it is not there, and leaves what serves: the next `ensure_environment` for it
        only switches. Raises `BuildFailed`."""
        place, wanted = self._place(request), self.fingerprint(request)
        with self._changing(place):
            if _newest_complete(place, wanted) is None:
                self._build(place, wanted, request, run=run, log=log)

    def get_environment(self, request: EnvironmentRequest) -> EnvironmentOnDisk | None:
        return _linked(self._place(request))

    def get_executable_path(self, request: EnvironmentRequest) -> Path | None:
        found = self.get_environment(request)
        return found.executable if found else None

    def validate_environment(self, request: EnvironmentRequest, *, run: CommandRunner) -> tuple[str, ...]:
        found = self.get_environment(request)
        if found is None or found.folder is None:
            return ("nothing is built, or its metadata is gone",)
        return problems_of(
            found,
            request.runtime,
            installed=self._recipe.packages(found.folder),
            run=run,
            search_path=self._settings.environ.get("PATH", os.defpath),
        )

    def needs_update(self, request: EnvironmentRequest) -> bool:
        return _serving(self._place(request), self.fingerprint(request)) is None

    def remove_environment(self, *, pack_ref: str, runtime: str) -> None:
        place = self._own_place(pack_ref, runtime)
        if not place.folder.is_dir():
            return
        with self._changing(place):
            place.link.unlink(missing_ok=True)
            _discard_unheld(place.generations())
            place.empty_trash()

    def list_environments(self) -> list[EnvironmentOnDisk]:
        found = [_linked(place) for place in layout.places_in(self._settings.envs_dir)]
        return [item for item in found if item and item.metadata.provider == self._recipe.name]

    def cleanup(self, *, keep_recent: int, in_use: Callable[[Path], bool] = lambda _: False) -> list[Path]:
        removed: list[Path] = []
        for place in layout.places_in(self._settings.envs_dir):
            try:
                with self._changing(place, timeout_s=0):
                    removed += self._clean(place, keep_recent=keep_recent, in_use=in_use)
            except BuildTimedOut:
                continue  # somebody builds there; the next cleanup comes
        return removed

    def rollback_environment(self, *, pack_ref: str, runtime: str, generation: int | None = None) -> EnvironmentOnDisk:
        """Lets an earlier generation serve: that of this number, else the newest before what serves now.

        It serves until an environment is requested that differs from it. Raises `NoSuchGeneration`.
        """
        place = self._own_place(pack_ref, runtime)
        if not place.folder.is_dir():
            raise NoSuchGeneration
        with self._changing(place):
            chosen = _earlier(place, generation)
            return _switched(place, chosen)

    def fingerprint(self, request: EnvironmentRequest) -> str:
        """The hash of what is requested, in microseconds. Raises `BuildFailed` for unreadable files."""
        return fingerprint(request, self._recipe.dependencies(request))

    def content_hash(self, request: EnvironmentRequest) -> str:
        """The hash of what is to be in the environment, whichever interpreter it is for."""
        return content_hash(request, self._recipe.dependencies(request))

    def _build(
        self, place: Place, wanted: str, request: EnvironmentRequest, *, run: CommandRunner, log: Log
    ) -> Generation:
        """Under the lock of the place."""
        _remove_leftovers(place)
        return build(place, wanted, request, recipe=self._recipe, settings=self._settings, run=run, log=log)

    def _place(self, request: EnvironmentRequest) -> Place:
        return layout.place_of(
            self._settings.envs_dir,
            pack_ref=request.pack_ref,
            runtime=request.runtime.name,
            needs_environment=request.needs_environment,
        )

    def _own_place(self, pack_ref: str, runtime: str) -> Place:
        return layout.place_of(self._settings.envs_dir, pack_ref=pack_ref, runtime=runtime, needs_environment=True)

    @contextmanager
    def _changing(self, place: Place, *, timeout_s: float | None = None) -> Iterator[None]:
        """Holds the place's lock, for at most as long as a build may take others wait for it."""
        try:
            place.make()
            limit_s = self._settings.timeout_s if timeout_s is None else timeout_s
            with locks.exclusive(
                place.lock_file,
                timeout_s=limit_s,
                on_wait=lambda: logger.info("waiting for another builder at work in %s", place.folder),
            ):
                yield
        except OSError as error:
            raise BuildFailed(f"{place.folder} cannot be changed: {error.strerror}.") from error

    def _clean(self, place: Place, *, keep_recent: int, in_use: Callable[[Path], bool]) -> list[Path]:
        _remove_leftovers(place)
        linked = place.linked()
        found = [(item, item.on_disk()) for item in place.generations()]
        own = [item for item, known in found if known and known.metadata.provider == self._recipe.name]
        # Without a link the environment was removed, and nothing of it is worth keeping.
        old = own[: max(0, len(own) - keep_recent)] if linked else own
        return _discard_unheld(item for item in old if item != linked and not in_use(item.folder))


def _serving(place: Place, wanted: str) -> EnvironmentOnDisk | None:
    """What serves, if it is what is wanted and can be started."""
    found = _linked(place)
    return found if found and _fits(found, wanted) else None


def _newest_complete(place: Place, wanted: str) -> Generation | None:
    for generation in reversed(place.generations()):
        if generation.hash12 == wanted[:12] and (found := generation.on_disk()) and _fits(found, wanted):
            return generation
    return None


def _fits(found: EnvironmentOnDisk, wanted: str) -> bool:
    return found.metadata.dependency_hash == wanted and os.access(found.executable, os.X_OK)


def _earlier(place: Place, number: int | None) -> Generation:
    linked = place.linked()
    complete = [item for item in place.generations() if item.on_disk()]
    if number is None:
        chosen = [item for item in complete if linked and item.number < linked.number][-1:]
    else:
        chosen = [item for item in complete if item.number == number]
    if not chosen:
        known = ", ".join(str(item.number) for item in complete) or "none"
        raise NoSuchGeneration(f"There is no such generation to go back to; complete on this volume: {known}.")
    return chosen[0]


def _switched(place: Place, generation: Generation) -> EnvironmentOnDisk:
    found = generation.on_disk()
    if found is None:
        raise NoSuchGeneration(f"{generation.folder} has lost its metadata.")
    place.switch(generation)
    return found


def _linked(place: Place) -> EnvironmentOnDisk | None:
    linked = place.linked()
    return linked.on_disk() if linked else None


def _remove_leftovers(place: Place) -> None:
    """What killed builders left: folders without metadata. We hold the lock, so nobody works there."""
    linked = place.linked()
    _discard_unheld(item for item in place.generations() if item != linked and item.on_disk() is None)
    place.empty_trash()


def _discard_unheld(generations: Iterable[Generation]) -> list[Path]:
    """Removes those in which nothing runs; tells which."""
    removed = []
    for generation in generations:
        with locks.unheld(generation.folder) as is_free:
            if is_free:
                layout.discard(generation.folder)
                removed.append(generation.folder)
    return removed
