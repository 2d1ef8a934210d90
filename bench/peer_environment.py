"""Peers and what they need, in an environment apart: never part of Attune's requirements. Kept for the next time."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.install import scratch_folder
from bench.broken import Broken

#: The newest that can be had. Prefect before 3.9 does not say that it breaks with later versions of FastAPI.
_NEEDED = ("prefect>=3.8,<4", "fastapi<0.151", "procrastinate>=3,<4", "psycopg[binary]>=3.2")
_PROGRAMS = Path(__file__).with_name("peer_programs")


@dataclass(frozen=True)
class PeerEnvironment:
    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def command(self, program: str, *arguments: object) -> list[str]:
        """Of one of `peer_programs`."""
        return [str(self.bin / "python"), str(_PROGRAMS / program), *map(str, arguments)]

    def version(self, package: str) -> str:
        code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
        return _run(str(self.bin / "python"), "-I", "-c", code, package).strip()


def peer_environment() -> PeerEnvironment:
    """Made and filled where it is not there yet. Raises `Broken` where that is not possible."""
    digest = hashlib.sha256(" ".join(_NEEDED).encode()).hexdigest()[:8]
    found = PeerEnvironment(scratch_folder() / f"bench-peers-{digest}")
    complete = found.folder / "complete"
    if not complete.exists():
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(found.folder))
            _run(str(found.bin / "python"), "-m", "pip", "install", "--quiet", *_NEEDED)
        except Broken as error:
            raise Broken(
                f"The peers could not be installed in {found.folder}; the rest needs no peers. {error}"
            ) from error
        complete.touch()
    return found


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
