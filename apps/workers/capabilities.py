"""What this host can run, found and proven when a worker starts."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from apps.core.types import JsonObject
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from apps.workers.queues import build_queue, run_queue

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Capabilities:
    """`runtimes` maps a runtime's name to its installations on this host, best first; `missing` says why not."""

    pool: str
    runtimes: Mapping[str, Sequence[Installation]]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def queues(self) -> list[str]:
        names = sorted(self.runtimes)
        return [run_queue(self.pool, name) for name in names] + [build_queue(self.pool, name) for name in names]

    def as_json(self) -> JsonObject:
        return {name: [asdict(item) for item in found] for name, found in self.runtimes.items()}


def find_capabilities(pool: str, definitions: Sequence[RuntimeDefinition]) -> Capabilities:
    """Runs every runtime's detection with this process's PATH."""
    found: dict[str, Sequence[Installation]] = {}
    missing: dict[str, str] = {}
    for definition in definitions:
        detection = detect(definition, search_path=os.environ.get("PATH", os.defpath))
        if detection.installations:
            found[definition.name] = detection.installations
        else:
            missing[definition.name] = detection.reason
            logger.info("runtime %s is not here: %s", definition.name, detection.reason)
    return Capabilities(pool, found, missing)
