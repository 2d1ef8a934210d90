"""An index of packs: JSON in a form of our own, or in that of StackStorm Exchange, from an address or a file.

Our own: `{"packs": [{"name", "version", "source", "sha256"?, "ref"?, "description"?, "author"?, "keywords"?}, …]}`, a
row for each version; `source` is the address of an archive or a git repository. The Exchange's: `{"packs": {name:
{"name", "version", "repo_url", "description", …}}}`, where each version is the tag `v<version>` of its repository.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.core.fetch import FetchPolicy, fetch
from apps.core.types import JsonObject, JsonValue
from apps.packs.semver import NoVersion, SemanticVersion
from apps.packs.sources.address import Kind, Source, check_git, parse_source
from apps.packs.sources.errors import IndexInvalid, NoPackIndex, NotInIndex, SourceInvalid
from apps.runner.jsonvalue import BadValueError, load_json

#: The Exchange's index takes 1 MB.
MAX_BYTES = 16 * 1024 * 1024
_TIMEOUT_S = 20.0
_MAX_TEXT_CHARS = 1000
_MAX_KEYWORDS = 50
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,99}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class IndexedPack:
    """One version of one pack, as the index tells it."""

    name: str
    version: str
    source: Source
    sha256: str = ""
    description: str = ""
    author: str = ""
    keywords: tuple[str, ...] = ()


def read_index(address: str, *, policy: FetchPolicy) -> list[IndexedPack]:
    """All that the index holds and Attune could install, by name, best version first.

    Raises `NoPackIndex`, `IndexInvalid` and what fetching raises.
    """
    if not address:
        raise NoPackIndex
    try:
        document = load_json(_content(address, policy))
    except BadValueError as error:
        raise IndexInvalid(f"The index of packs is no JSON: {error}.") from error
    rows = document.get("packs") if isinstance(document, dict) else None
    if isinstance(rows, dict):
        found = list(_of_exchange(rows))
    elif isinstance(rows, list):
        found = list(_own(rows))
    else:
        raise IndexInvalid("The index of packs has no `packs`.")
    return sorted(sorted(found, key=lambda pack: _order(pack.version), reverse=True), key=lambda pack: pack.name)


def find_in_index(packs: list[IndexedPack], name: str, version: str = "") -> IndexedPack:
    """The version, or the best one. Raises `NotInIndex`."""
    of_name = [pack for pack in packs if pack.name == name]
    if not of_name:
        raise NotInIndex(f"The index has no pack {name}.")
    for pack in of_name:
        if version in ("", pack.version):
            return pack
    newest = of_name[0]
    if newest.source.kind is Kind.GIT and newest.source.ref == f"v{newest.version}":
        return _tagged(newest, version)  # the Exchange tells the newest only; all are tags
    known = ", ".join(pack.version for pack in of_name[:10])
    raise NotInIndex(f"The index has no version {version} of {name}; it has {known}.")


def search(packs: list[IndexedPack], words: str) -> list[IndexedPack]:
    """The best version of each pack that has all of `words` in its name, description or keywords."""
    wanted = words.casefold().split()
    found: dict[str, IndexedPack] = {}
    for pack in packs:
        text = " ".join([pack.name, pack.description, *pack.keywords]).casefold()
        if all(word in text for word in wanted):
            found.setdefault(pack.name, pack)
    return list(found.values())


def _content(address: str, policy: FetchPolicy) -> bytes:
    if address.startswith("/"):
        try:
            with Path(address).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise IndexInvalid(f"The index of packs cannot be read: {error.strerror}.") from error
        if len(content) > MAX_BYTES:
            raise IndexInvalid(f"The index of packs is larger than {MAX_BYTES} bytes.")
        return content
    with tempfile.TemporaryFile() as file:
        fetch(address, file, max_bytes=MAX_BYTES, policy=policy, timeout_s=_TIMEOUT_S)
        file.seek(0)
        return file.read()


def _own(rows: list[JsonValue]) -> Iterator[IndexedPack]:
    for row in rows:
        if not isinstance(row, dict):
            continue
        sha256 = str(row.get("sha256") or "").lower()
        source = _source(str(row.get("source") or ""), str(row.get("ref") or ""))
        if source is None or (sha256 and (not _SHA256.match(sha256) or source.kind is Kind.GIT)):
            continue
        if pack := _pack(row, source, sha256):
            yield pack


def _of_exchange(rows: JsonObject) -> Iterator[IndexedPack]:
    for row in rows.values():
        if not isinstance(row, dict):
            continue
        try:
            source = check_git(str(row.get("repo_url") or ""), f"v{row.get('version')}")
        except SourceInvalid:
            continue
        if not _is_here(source) and (pack := _pack(row, source, "")):
            yield pack


def _source(address: str, ref: str) -> Source | None:
    """None for what an index may not name: paths of this server, names of an index again."""
    try:
        source = parse_source(address, ref=ref)
    except SourceInvalid:
        return None
    return None if source.kind not in (Kind.ARCHIVE, Kind.GIT) or _is_here(source) else source


def _is_here(source: Source) -> bool:
    return source.address.startswith("file:")


def _pack(row: JsonObject, source: Source, sha256: str) -> IndexedPack | None:
    name, version = str(row.get("name") or row.get("ref") or ""), str(row.get("version") or "")
    if not _NAME.match(name) or not _VERSION.match(version):
        return None
    keywords = row.get("keywords")
    return IndexedPack(
        name=name,
        version=version,
        source=source,
        sha256=sha256,
        description=_text(row.get("description")),
        author=_text(row.get("author")),
        keywords=tuple(_text(word) for word in keywords[:_MAX_KEYWORDS]) if isinstance(keywords, list) else (),
    )


def _tagged(pack: IndexedPack, version: str) -> IndexedPack:
    source = check_git(pack.source.address, f"v{version}")
    return IndexedPack(pack.name, version, source, "", pack.description, pack.author, pack.keywords)


def _text(value: JsonValue) -> str:
    """One line, printable: an index may come from anywhere."""
    text = " ".join(value.split())[:_MAX_TEXT_CHARS] if isinstance(value, str) else ""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _order(version: str) -> tuple[bool, bool, SemanticVersion, str]:
    """Releases are better than what comes before one: nobody gets `2.0.0-rc.1` without asking for it."""
    try:
        parsed = SemanticVersion.parse(version)
    except NoVersion:
        return (False, False, SemanticVersion((0, 0, 0)), version)
    return (True, not parsed.before, parsed, version)
