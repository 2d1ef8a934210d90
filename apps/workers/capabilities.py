"""What this host can run, found and proven when a worker starts."""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from apps.core.types import JsonObject
from apps.runner.spec import RunAs
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from apps.runtimes.ranges import minor_of
from apps.workers.queues import build_queue, run_queue

#: Runtimes looked for side by side.
_AT_ONCE = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Capabilities:
    """`runtimes` maps a runtime's name to its installations on this host, best first; `missing` says why not."""

    pool: str
    runtimes: Mapping[str, Sequence[Installation]]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def queues(self) -> list[str]:
        """Of each runtime, of each of its versions (`3.11` and `3.11.7`) for the packs that ask for one, and for
        builds."""
        names = sorted(self.runtimes)
        found = [(name, item.version) for name in names for item in self.runtimes[name]]
        versions = [(name, version) for name, full in found for version in (minor_of(full), full)]
        return [
            *(run_queue(self.pool, name) for name in names),
            *(run_queue(self.pool, name, version) for name, version in dict.fromkeys(versions)),
            *(build_queue(self.pool, name) for name in names),
        ]

    def as_json(self) -> JsonObject:
        return {name: [asdict(item) for item in found] for name, found in self.runtimes.items()}


class RuntimesNotHere(Exception):
    """What the operator wants this worker to serve, it cannot."""


def find_capabilities(
    pool: str, definitions: Sequence[RuntimeDefinition], *, only: Sequence[str] = (), run_as: RunAs | None = None
) -> Capabilities:
    """Runs the detection of every runtime, or of those named in `only`, with this process's PATH.

    Raises `RuntimesNotHere` when one that is named is unknown or not on this host: a worker that silently served less
    than it was told to would leave its queue to nobody.
    """
    wanted = named_in(only, definitions)
    capabilities = _find(pool, wanted, run_as)
    known = {name for item in wanted for name in (item.name, *item.aliases)}
    problems = [f"{name} is no runtime of any pack" for name in only if name not in known]
    if only:
        problems += [f"{name} is not here: {reason}" for name, reason in capabilities.missing.items()]
    if problems:
        raise RuntimesNotHere("; ".join(problems))
    return capabilities


def named_in(only: Sequence[str], definitions: Sequence[RuntimeDefinition]) -> list[RuntimeDefinition]:
    """Those that the operator wants a worker to serve; where nobody is named, all."""
    return [item for item in definitions if not only or {item.name, *item.aliases} & set(only)]


def _find(pool: str, definitions: Sequence[RuntimeDefinition], run_as: RunAs | None) -> Capabilities:
    found: dict[str, Sequence[Installation]] = {}
    missing: dict[str, str] = {}
    search_path = os.environ.get("PATH", os.defpath)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        detections = threads.map(lambda item: detect(item, search_path=search_path, run_as=run_as), definitions)
    for definition, detection in zip(definitions, detections, strict=True):
        if detection.installations:
            found[definition.name] = detection.installations
        else:
            missing[definition.name] = detection.reason
            logger.info("runtime %s is not here: %s", definition.name, detection.reason)
    return Capabilities(pool, found, missing)
