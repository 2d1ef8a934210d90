"""What is installed from where: a folder or archive of this machine is sent, all else is named to the server."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from apps.cli.errors import UsageError
from apps.cli.session import Session

#: What the server leaves out of packs is not sent either.
IGNORED = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules", ".mypy_cache", ".pytest_cache"})


def ask_for_installation(
    session: Session, source: str, *, ref: str, on_server: bool, force: bool, dry_run: bool
) -> dict[str, Any]:
    """The operation that installs it. Raises `UsageError` for a path that is not here."""
    here = None if on_server else _here(source)
    if here is None:
        body = {"source": source, "force": force, "dry_run": dry_run, **({"ref": ref} if ref else {})}
        return dict(session.api.post("packs", "install", body=body))
    if ref:
        raise UsageError("--ref is for git repositories and names in the index.")
    flags = {name: "true" for name, is_set in (("force", force), ("dry_run", dry_run)) if is_set}
    with _archive_of(here) as archive:
        session.printer.say(f"sends {here}")
        return dict(session.api.upload("packs", "upload", file=archive, **flags))


def _here(source: str) -> Path | None:
    """The folder or archive of this machine that is meant, if one is.

    A bare word is a folder only where it holds a pack: else it is a name in the index.
    """
    is_address = "://" in source or ("@" in source and ":" in source)
    path = Path(source).expanduser()
    if is_address:
        return None
    if "/" not in source and not source.startswith("~"):
        is_pack = (path / "pack.yaml").is_file() or (path.is_file() and source.endswith((".tar.gz", ".tgz", ".zip")))
        return path if is_pack else None
    if path.exists():
        return path
    if path.is_absolute() and not source.startswith("~"):
        return None  # on the server, perhaps
    raise UsageError(f"There is nothing at {source} on this machine.")


@contextmanager
def _archive_of(path: Path) -> Iterator[IO[bytes]]:
    try:
        if path.is_dir():
            with tempfile.TemporaryFile() as packed:
                with tarfile.open(fileobj=packed, mode="w:gz") as tar:
                    tar.add(path, arcname=".", filter=_kept)
                packed.seek(0)
                yield packed
        else:
            with path.open("rb") as archive:
                yield archive
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read: {error.strerror}.") from error


def _kept(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without what packs never hold, and without who owns it here."""
    name = info.name.rpartition("/")[2]
    if name in IGNORED or name.endswith(".pyc"):
        return None
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
