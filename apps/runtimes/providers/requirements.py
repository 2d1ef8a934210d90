"""requirements.txt as pip understands it, with included files put in: their content counts too.

The pack's folder is read-only and elsewhere after each upgrade, so the flat lists are what is installed from.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest

#: Deepest chain of files that include one another.
_MAX_DEPTH = 10
_CONTINUED = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDE = re.compile(r"(-r|-c|--requirement|--constraint)[\s=]*(\S.*)")
_OPTIONS = re.compile(r"\s(?=--[a-z])")
#: A path in the pack: what it installs may change with the pack's version though the line stays.
_LOCAL = re.compile(r"(-e\s|--editable[\s=])|\.{0,2}/|file:|.*@\s*file:|(?!\S*://)[^\s;@]+\.(whl|zip|tar\.gz)($|\s)")


@dataclass(frozen=True)
class Requirements:
    """Lines for the installer: what to install, and limits on versions of what is installed anyway."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...] = ()

    def normalised(self, pack_dir: Path) -> list[str]:
        """Every wish in one way of writing, for the hash."""
        found = [_normalised(line) for line in self.lines] + [f"-c {_normalised(line)}" for line in self.constraints]
        return [*found, f"in {pack_dir}"] if any(map(_LOCAL.match, self.lines)) else found


def requirements_of(request: EnvironmentRequest) -> Requirements:
    """What to install: the lock file alone if there is one, else manifest and further dependencies.

    Raises `BuildFailed` for an included file that is missing, unreadable or outside the pack.
    """
    environment, pack_dir = request.runtime.environment, request.pack_dir
    if request.lock is not None:
        sources = [(request.lock, environment.lock)]
    else:
        own = "\n".join(request.dependencies).encode()
        sources = [(request.manifest or b"", environment.manifest), (own, "pack.yaml")]
    found = [
        entry for content, name in sources for entry in _entries(content, pack_dir / (name or "pack.yaml"), pack_dir)
    ]
    return Requirements(
        lines=tuple(dict.fromkeys(line for line, is_constraint in found if not is_constraint)),
        constraints=tuple(dict.fromkeys(line for line, is_constraint in found if is_constraint)),
    )


def _entries(content: bytes, file: Path, pack_dir: Path, *, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """(line, is it a constraint) for each line of `file` and of what it includes."""
    if depth > _MAX_DEPTH:
        raise BuildFailed(f"{file.name} includes itself, or files are included more than {_MAX_DEPTH} deep.")
    for line in _logical_lines(content, file):
        include = _INCLUDE.match(line)
        if include is None or "://" in include[2]:
            yield line, False
            continue
        target = (file.parent / include[2].strip()).resolve()
        is_constraint = include[1] in ("-c", "--constraint")
        for inner, was_constraint in _entries(_included(target, file, pack_dir), target, pack_dir, depth=depth + 1):
            yield inner, is_constraint or was_constraint


def _included(target: Path, file: Path, pack_dir: Path) -> bytes:
    if not target.is_relative_to(pack_dir.resolve()):
        raise BuildFailed(f"{file.name} includes {target}, which is outside the pack.")
    try:
        return target.read_bytes()
    except OSError as error:
        raise BuildFailed(f"{file.name} includes {target.name}, which cannot be read: {error.strerror}.") from error


def _logical_lines(content: bytes, file: Path) -> list[str]:
    """Without comments and empty lines, continued lines joined."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BuildFailed(f"{file.name} is not UTF-8 at byte {error.start}.") from error
    lines = (_COMMENT.sub("", line).strip() for line in _CONTINUED.sub(" ", text).splitlines())
    return [line for line in lines if line]


@lru_cache(maxsize=4096)
def _normalised(line: str) -> str:
    """`Foo_Bar >= 1.0` → `foo-bar>=1.0`; what is no requirement only loses superfluous spaces."""
    wish, *options = _OPTIONS.split(line)
    try:
        parsed = Requirement(wish)
    except InvalidRequirement:
        return " ".join(line.split())
    parsed.name = canonicalize_name(parsed.name)
    return " ".join([str(parsed), *(option.strip() for option in options)])
