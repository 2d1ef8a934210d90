"""Before a version takes over from one that serves, what it needs is built where it will be used. Rooms above, which
know workers, say how; where there is no worker that could, nothing is proven."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from apps.core.types import JsonObject
from apps.operations.progress import Progress
from apps.packs.loader import LoadedPack
from apps.packs.models import PackVersion


@dataclass(frozen=True)
class Candidate:
    """A version whose files are kept, and the one that serves (`seen`: its digest, `serving`: its version) until this
    one is proven. `runtimes` are those whose environments are to be built, with ranges of versions."""

    ref: str
    version: str
    digest: str
    runtimes: Mapping[str, str]
    seen: str
    serving: str

    def as_json(self) -> JsonObject:
        return asdict(self)


class Prover(Protocol):
    def runtimes(self, loaded: LoadedPack, folder: Path, *, serving: PackVersion) -> dict[str, str]:
        """Whose environments this version wants otherwise than the one that serves, and a worker could build now."""

    def queue_of(self, runtimes: Mapping[str, str]) -> str | None:
        """Of a worker that can build them; None: nobody can now."""

    def prove(self, candidate: Candidate, progress: Progress) -> bool:
        """On a worker: builds them, and lets none of them serve yet. False: this process is no worker. Raises
        `BuildFailed`."""


_provers: list[Prover] = []


def register(prover: Prover) -> None:
    if prover not in _provers:
        _provers.append(prover)


def candidate_of(loaded: LoadedPack, digest: str, folder: Path, *, serving: PackVersion | None) -> Candidate | None:
    """What is to be proven; None where nothing is: nothing serves, or all that is needed is there, or nobody could."""
    if serving is None or serving.digest == digest:
        return None
    manifest = loaded.manifest
    for prover in _provers:
        if runtimes := prover.runtimes(loaded, folder, serving=serving):
            return Candidate(manifest.ref, manifest.version, digest, runtimes, serving.digest, serving.version)
    return None


def queue_of(candidate: Candidate) -> str | None:
    return next((queue for prover in _provers if (queue := prover.queue_of(candidate.runtimes))), None)


def prove(candidate: Candidate, progress: Progress) -> bool:
    return any(prover.prove(candidate, progress) for prover in _provers)
