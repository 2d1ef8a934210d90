"""Which names and kinds of entries a foreign archive may have. Pure: nothing is written here."""

import unicodedata
from dataclasses import dataclass, field
from enum import Enum

from apps.packs.sources.errors import ArchiveTooLarge, EntryRefused

#: Deepest folder, as for packs that are installed from a folder.
MAX_DEPTH = 64
#: Bytes of one step of a path that file systems take, and of a whole path.
MAX_STEP_BYTES = 255
MAX_PATH_BYTES = 1024
#: Files, and folders, of one pack.
MAX_ENTRIES = 5_000
#: Control characters, invisible formatting (text direction too), halves of pairs, separators of lines.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Kind(Enum):
    """What an archive says an entry is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    DEVICE = "device"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """`name` as the archive has it, decoded."""

    name: str
    kind: Kind
    is_executable: bool = False


@dataclass
class EntryRules:
    """Remembers the entries of one archive, so that no two can mean the same file anywhere."""

    files: int = 0
    entries: int = 0
    _seen: dict[str, tuple[str, Kind]] = field(default_factory=dict)

    def accept(self, entry: Entry) -> tuple[str, ...]:
        """The steps of the entry's path, none for the archive's root. Raises `EntryRefused` and `ArchiveTooLarge`."""
        if entry.kind not in (Kind.FILE, Kind.FOLDER):
            raise EntryRefused(entry.name, entry.kind.value, _REFUSED_KINDS[entry.kind])
        steps = _steps(entry)
        for depth in range(1, len(steps)):
            self._remember(entry, "/".join(steps[:depth]), Kind.FOLDER)
        if steps:
            self._remember(entry, "/".join(steps), entry.kind)
        self.entries += 1
        self.files += entry.kind is Kind.FILE
        if self.files > MAX_ENTRIES or max(self.entries, len(self._seen)) > 2 * MAX_ENTRIES:
            raise ArchiveTooLarge(f"The archive holds more than {MAX_ENTRIES} files or as many folders.")
        return steps

    def _remember(self, entry: Entry, path: str, kind: Kind) -> None:
        folded = unicodedata.normalize("NFC", path).casefold()
        is_new = folded not in self._seen
        known_path, known_kind = self._seen.setdefault(folded, (path, kind))
        if known_path != path:
            raise EntryRefused(entry.name, "case_clash", "it differs from another name only in case or accents")
        if known_kind is not kind or (kind is Kind.FILE and not is_new):
            raise EntryRefused(entry.name, "twice", "this name stands in the archive twice")


_REFUSED_KINDS = {
    Kind.LINK: "a link; packs hold regular files and folders only",
    Kind.DEVICE: "a device or pipe; packs hold regular files and folders only",
    Kind.OTHER: "neither a regular file nor a folder",
}


def _steps(entry: Entry) -> tuple[str, ...]:
    name = entry.name
    if any(unicodedata.category(char) in _INVISIBLE for char in name):
        raise EntryRefused(name, "control_character", "a control or invisible character in its name")
    if "\\" in name:
        raise EntryRefused(name, "backslash", "a backslash in its name")
    if name.startswith("/"):
        raise EntryRefused(name, "absolute", "an absolute path")
    if len(name.encode()) > MAX_PATH_BYTES:
        raise EntryRefused(name, "name_too_long", f"its path has more than {MAX_PATH_BYTES} bytes")
    steps = tuple(step for step in name.split("/") if step not in ("", "."))
    if ".." in steps:
        raise EntryRefused(name, "leaves_folder", "its path leaves the folder")
    if not steps and entry.kind is Kind.FILE:
        raise EntryRefused(name, "no_name", "a file without a name")
    if any(len(step.encode()) > MAX_STEP_BYTES for step in steps):
        raise EntryRefused(name, "name_too_long", f"a name of more than {MAX_STEP_BYTES} bytes")
    if len(steps) > MAX_DEPTH:
        raise EntryRefused(name, "too_deep", f"more than {MAX_DEPTH} folders deep")
    return steps
