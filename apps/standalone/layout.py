"""Where `script/up` keeps what it makes: everything under one folder, `var/` unless told otherwise."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from apps.standalone.errors import StandaloneError

#: The clone: where manage.py and script/ are.
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """The paths of one Attune on this machine; two with different folders know nothing of each other."""

    var: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Return the folder of `ATTUNE_VAR_DIR`, which may be relative, else `var/` of the clone."""
        return cls(Path(environ.get("ATTUNE_VAR_DIR") or ROOT / "var").expanduser().absolute())

    @property
    def run(self) -> Path:
        """Sockets, the lock, and records of the processes: nothing that outlives them."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def supervisor_log(self) -> Path:
        return self.log / "supervisor.log"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def env(self) -> Path:
        """What was chosen at the last start, for shells and tools."""
        return self.var / "env"

    @property
    def cli_profile(self) -> Path:
        return self.var / "cli.toml"

    def make(self) -> None:
        """Make the folders, for this user only. Permissions of a folder that is there already stay."""
        try:
            for folder in (self.var, self.run, self.log, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.run / ".writable").touch()
            (self.run / ".writable").unlink()
        except OSError as error:
            raise StandaloneError(
                f"{self.var} cannot be used ({error.strerror}: {error.filename}). "
                "Start as the user it belongs to, or name another folder in ATTUNE_VAR_DIR."
            ) from error
