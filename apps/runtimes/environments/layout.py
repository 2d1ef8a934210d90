"""Where environments are: `{pack}/{runtime}` is a link to `.generations/{runtime}-{hash12}-{n}` beside it.

Nothing here builds or locks; whoever changes anything holds the place's lock (see `locks`).
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.core.refs import safe_name
from apps.runtimes.environments import metadata
from apps.runtimes.environments.errors import PackNameReserved
from apps.runtimes.environments.request import EnvironmentOnDisk

#: Folder of the empty environments that packs without dependencies share.
BASE = "_base"
_GENERATIONS = ".generations"
_TRASH = ".trash-"
_NAME = re.compile(r"-([0-9a-f]{12})-([1-9][0-9]*)\Z")


@dataclass(frozen=True)
class Generation:
    """One folder under `.generations`; complete once it has its metadata."""

    folder: Path
    hash12: str
    number: int

    @classmethod
    def in_folder(cls, folder: Path) -> "Generation":
        """Raises ValueError for a folder whose name has another form."""
        match = _NAME.search(folder.name)
        if match is None:
            raise ValueError(f"{folder} is no generation")
        return cls(folder, match[1], int(match[2]))

    def on_disk(self) -> EnvironmentOnDisk | None:
        """What its metadata says, None while it is not complete."""
        known = metadata.read(self.folder)
        return EnvironmentOnDisk(self.folder, known) if known else None


@dataclass(frozen=True)
class Place:
    """Where one environment lives: `folder` is the pack's or the base's, `link` names what serves."""

    folder: Path
    runtime: str

    @property
    def link(self) -> Path:
        return self.folder / self.runtime

    @property
    def lock_file(self) -> Path:
        return self.folder / _GENERATIONS / f".{self.runtime}.lock"

    def generations(self) -> list[Generation]:
        """All of this runtime, complete or not, oldest first."""
        folders = (self.folder / _GENERATIONS).glob(f"{self.runtime}-*")
        found = (Generation.in_folder(folder) for folder in folders if _NAME.search(folder.name))
        return sorted(found, key=lambda item: item.number)

    def linked(self) -> Generation | None:
        """The one that serves."""
        try:
            return Generation.in_folder(self.folder / self.link.readlink())
        except (OSError, ValueError):  # nothing there, or something that is no link of ours
            return None

    def claim_folder(self, dependency_hash: str) -> Path:
        """The folder of the next generation. No number is given twice, so an installer that has outlived its
        killed builder by a moment cannot write into the work of the next one."""
        number = max([self._last_number(), *(item.number for item in self.generations())]) + 1
        self.lock_file.write_text(str(number), encoding="ascii")
        return self.folder / _GENERATIONS / f"{self.runtime}-{dependency_hash[:12]}-{number}"

    def _last_number(self) -> int:
        # Kept in the lock file, which is there anyway and changed by nobody but the lock's holder.
        try:
            return int(self.lock_file.read_text(encoding="ascii") or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def make(self) -> None:
        """The folders themselves, open to every user: actions may run as another one."""
        for path in (self.folder.parent, self.folder, self.folder / _GENERATIONS):
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            path.chmod(0o755)

    def switch(self, generation: Generation) -> None:
        """Lets `generation` serve, in one step: whoever resolves the link sees the old or the new one."""
        temporary = self.folder / f".{self.runtime}.link"
        temporary.unlink(missing_ok=True)  # of a builder that was killed right here
        temporary.symlink_to(Path(_GENERATIONS) / generation.folder.name)
        temporary.replace(self.link)

    def empty_trash(self) -> None:
        """What could not be removed when it was discarded."""
        for path in (self.folder / _GENERATIONS).glob(f"{_TRASH}{self.runtime}-*"):
            shutil.rmtree(path, ignore_errors=True)


def place_of(envs_dir: Path, *, pack_ref: str, runtime: str, needs_environment: bool) -> Place:
    """Raises `PackNameReserved` for a pack that would share a folder with the base environments."""
    name = safe_name(pack_ref)
    if name == BASE:
        raise PackNameReserved(f"A pack cannot be called {pack_ref}: its environments would be those of all packs.")
    return Place(envs_dir / (name if needs_environment else BASE), runtime)


def places_in(envs_dir: Path) -> Iterator[Place]:
    """Every place of the volume where an environment was ever built."""
    for generations in sorted(envs_dir.glob(f"*/{_GENERATIONS}")):
        names = (lock.name for lock in sorted(generations.glob(".*.lock")))
        yield from (Place(generations.parent, name.removeprefix(".").removesuffix(".lock")) for name in names)


def discard(folder: Path) -> None:
    """Removes a generation. It vanishes in one step and is emptied afterwards: the rest is left to the next
    build where something still writes into it."""
    trash = folder.parent / f"{_TRASH}{folder.name}"
    shutil.rmtree(trash, ignore_errors=True)
    try:
        folder.rename(trash)
    except OSError:
        trash = folder
    shutil.rmtree(trash, ignore_errors=True)
