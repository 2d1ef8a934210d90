"""What somebody may name as the source of a pack, by allow-lists; nothing is looked at or fetched here.

| written | means |
|---|---|
| `/srv/packs/acme`, `/srv/acme.tar.gz` | a folder or archive on the server |
| `https://host/acme-1.0.tar.gz` (`.tgz`, `.zip`) | an archive |
| `https://host/acme.git`, `ssh://git@host/acme`, `git@host:acme.git`, each with `#ref` | a git repository |
| `acme`, `acme@1.2.0` | a name in the index |
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from apps.core.errors import FieldError
from apps.packs.sources.errors import SourceInvalid

MAX_CHARS = 4096
#: Of git: a branch, a tag or a commit. What git itself refuses besides is looked for below.
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}\Z")
_REF_REFUSED = re.compile(r"\.\.|//|/\.|\.lock(/|\Z)|[./]\Z")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_PORT = r"(?::[0-9]{1,5})?"
_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63}@)?"
_PATH = r"[A-Za-z0-9._~/][A-Za-z0-9._~/+-]{0,1023}"
_GIT_HTTPS = re.compile(rf"https://{_HOST}{_PORT}/{_PATH}\Z")
_GIT_SSH = re.compile(rf"ssh://{_USER}{_HOST}{_PORT}/{_PATH}\Z")
_GIT_SCP = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,63}}@{_HOST}:{_PATH}\Z")
_GIT_FILE = re.compile(rf"file:///{_PATH}\Z")
#: The fetch guard looks at the rest (`core.fetch`).
_ARCHIVE = re.compile(r"https?://[^\s#?@]+\.(?:tar\.gz|tgz|zip)\Z", re.IGNORECASE)
_NAME = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:@(?P<version>[A-Za-z0-9][A-Za-z0-9.+-]{0,99}))?\Z")
_UPLOAD = re.compile(r"upload:[0-9a-f]{32}\Z")


class Kind(StrEnum):
    """Where a pack comes from."""

    PATH = "path"
    ARCHIVE = "archive"
    GIT = "git"
    INDEX = "index"
    UPLOAD = "upload"


@dataclass(frozen=True)
class Source:
    """`ref` is a branch, tag or commit of git, the version asked of an index, or empty."""

    kind: Kind
    address: str
    ref: str = ""

    def __str__(self) -> str:
        mark = {Kind.GIT: "#", Kind.INDEX: "@"}.get(self.kind)
        return f"{self.address}{mark}{self.ref}" if mark and self.ref else self.address


def parse_source(text: str, *, ref: str = "") -> Source:
    """What is meant. `ref` is another way to say `#ref` or `@version`. Raises `SourceInvalid` for anything else."""
    if len(text) > MAX_CHARS or not text.isprintable():
        raise _invalid("/source", f"at most {MAX_CHARS} printable characters")
    if text.startswith("/"):
        return _without_ref(Kind.PATH, text, ref)
    if _ARCHIVE.match(text):
        return _without_ref(Kind.ARCHIVE, text, ref)
    if "://" in text or _GIT_SCP.match(text.partition("#")[0]):
        return _git(text, ref)
    if match := _NAME.match(text):
        return Source(Kind.INDEX, match["name"], _one_ref(match["version"] or "", ref, _NAME_VERSION))
    raise _invalid("/source", _KNOWN)


def uploaded(upload_id: str) -> Source:
    """Not to be named by anybody: whoever uploads is given no address."""
    source = Source(Kind.UPLOAD, f"upload:{upload_id}")
    assert _UPLOAD.match(source.address)
    return source


def check_git(address: str, ref: str) -> Source:
    """A repository named by an index. Raises `SourceInvalid`."""
    return _git(address, ref)


_NAME_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,99}\Z")
_KNOWN = (
    "none of: an absolute path on the server, an https:// address of a .tar.gz, .tgz or .zip file, a git repository "
    "(https://, ssh://, git@host:path; no password, no query), a name in the index"
)


def _git(text: str, ref: str) -> Source:
    address, _, own_ref = text.partition("#")
    if not any(form.match(address) for form in (_GIT_HTTPS, _GIT_SSH, _GIT_SCP, _GIT_FILE)):
        raise _invalid("/source", _KNOWN)
    if "/-" in address or "/../" in f"{address}/":
        raise _invalid("/source", "a part of the path begins with a dash or leaves it")
    return Source(Kind.GIT, address, _one_ref(own_ref, ref, _REF))


def _one_ref(own: str, given: str, form: "re.Pattern[str]") -> str:
    if own and given and own != given:
        raise _invalid("/ref", "another one than in the source")
    ref = own or given
    if ref and (not form.match(ref) or _REF_REFUSED.search(ref)):
        raise _invalid("/ref", "no name of a branch, tag, commit or version")
    return ref


def _without_ref(kind: Kind, text: str, ref: str) -> Source:
    if ref:
        raise _invalid("/ref", "only git repositories and names in the index have one")
    return Source(kind, text)


def _invalid(pointer: str, detail: str) -> SourceInvalid:
    code = SourceInvalid.code if pointer == "/source" else "ref_invalid"
    return SourceInvalid(f"The {pointer[1:]} is not valid: {detail}.", errors=[FieldError(pointer, code, detail)])
