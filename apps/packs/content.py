"""What kinds of things a pack may hold. Each room registers the kinds it owns; the loader knows none of them.

A kind reads its files (pure, collects errors) and writes them (inside the transaction of the installation).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from apps.core.errors import ErrorCollector
from apps.packs.documents import PackFile
from apps.packs.manifest import PackManifest

if TYPE_CHECKING:
    from apps.packs.models import Pack, PackVersion


@dataclass
class ReadContext:
    """What a kind may look at while it reads: the pack's folder, its manifest, and the kinds read before it."""

    folder: Path
    manifest: PackManifest
    errors: ErrorCollector
    #: Read so far, by kind; a kind sees its own things grow.
    content: dict[str, list[Any]] = field(default_factory=dict)
    #: What a kind looked up once for all of its files, or was handed where there is no database.
    memo: dict[str, Any] = field(default_factory=dict)

    def has_file(self, path: str) -> bool:
        """Whether the pack holds a file at `path`; a path that no file can have is not an error here."""
        try:
            return (self.folder / path).is_file()
        except OSError:  # a name longer than file systems take
            return False


class ContentKind(Protocol):
    """One folder of a pack; `folder` is its name (`actions`)."""

    folder: str

    def read(self, file: PackFile, context: ReadContext) -> Any | None:
        """The thing in `file`, or None with what is wrong in `context.errors`."""

    def write(self, version: "PackVersion", items: Sequence[Any]) -> None:
        """Makes `items` the pack's things of this kind: adds, changes, and removes what is gone."""


#: Called with the new current version at the end of the same transaction; or, when its pack is removed, with the one
#: that served, whose `pack.current` is None then.
Follower = Callable[["PackVersion"], None]

#: Called with a pack that was switched on or off, in the same transaction.
SwitchFollower = Callable[["Pack"], None]

_kinds: list[ContentKind] = []
_followers: list[Follower] = []
_switch_followers: list[SwitchFollower] = []


def register(kind: ContentKind) -> None:
    """Kinds are read and written in the order in which they are registered (lower rooms first)."""
    if all(existing.folder != kind.folder for existing in _kinds):
        _kinds.append(kind)


def register_follower(follower: Follower) -> None:
    if follower not in _followers:
        _followers.append(follower)


def register_switch_follower(follower: SwitchFollower) -> None:
    if follower not in _switch_followers:
        _switch_followers.append(follower)


def kinds() -> Sequence[ContentKind]:
    return tuple(_kinds)


def followers() -> Sequence[Follower]:
    return tuple(_followers)


def switch_followers() -> Sequence[SwitchFollower]:
    return tuple(_switch_followers)
