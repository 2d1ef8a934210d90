"""Gemfile, as far as it can be understood without running it: it is a Ruby program."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest

_COMMENT = re.compile(r"(^|\s)#.*$")
#: Lines of which each stands for itself, wherever it is.
_PLAIN = re.compile(r"""(gem|source|ruby)[\s(]+["'][^"']+["'][^{]*""")
_BLOCK = re.compile(r"\bdo\b")
#: The version of Bundler that wrote a lock file. Bundler would try to become it.
_BUNDLED_WITH = re.compile(r"\nBUNDLED WITH\n[^\n]*\n?")
_VENDORED = Path("vendor", "cache")


def wishes_of(request: EnvironmentRequest) -> list[str]:
    """Every wish in one way of writing, for the hash; a Gemfile with blocks in it is one wish as a whole."""
    name = request.runtime.environment.manifest or "Gemfile"
    if request.manifest is None:
        if request.lock is not None:
            raise BuildFailed(f"{request.runtime.environment.lock} needs a {name} beside it.")
        return []
    try:
        text = request.manifest.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BuildFailed(f"{name} is not UTF-8 at byte {error.start}.") from error
    lines = [" ".join(_COMMENT.sub("", line).replace('"', "'").split()) for line in text.splitlines()]
    said = [line for line in lines if line]
    is_plain = all(_PLAIN.fullmatch(line) and not _BLOCK.search(line) for line in said)
    gems = [_with_digest(path) for path in vendored_gems(request)]
    return [*(said if is_plain else ["\n".join(said)]), *gems] if said else []


def lock_for_bundler(lock: bytes) -> bytes:
    """The lock file for whichever Bundler is installed."""
    return _BUNDLED_WITH.sub("\n", lock.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def vendored_gems(request: EnvironmentRequest) -> list[Path]:
    """The archives of gems that the pack brings along, in vendor/cache."""
    return sorted((request.pack_dir / _VENDORED).glob("*.gem"))


def _with_digest(gem: Path) -> str:
    """The same name may hold another gem in the pack's next version."""
    with gem.open("rb") as file:
        return f"{gem.name} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


def installed_gems(home: Path) -> Iterator[tuple[str, str]]:
    """(name, version) of each gem whose files are there. `name-1.0-x86_64-linux` is of that platform."""
    for file in (home / "specifications").glob("*.gemspec"):
        match = re.fullmatch(r"(.+?)-(\d[^-]*)(-.+)?", file.stem)
        if match and (home / "gems" / file.stem).is_dir():
            yield match[1], match[2]
