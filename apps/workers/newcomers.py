"""Runtimes that packs bring, change or take away while this worker runs: looks for them and serves what it finds."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace

from django.conf import settings

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import Capabilities, find_capabilities, named_in
from apps.workers.host import Host
from apps.workers.services import tell_capabilities

logger = logging.getLogger(__name__)

#: What decides whether a host has a runtime; the rest of its file is read before each run anyway.
_Detection = tuple[Sequence[Sequence[str]], Sequence[str]]


class Newcomers:
    """`look` again and again, in a thread of its own: interpreters take their time to answer."""

    def __init__(self, host: Host) -> None:
        self._host = host
        looked_for = {*host.capabilities.runtimes, *host.capabilities.missing}
        self._seen = {item.name: _detection(item) for item in _wanted() if item.name in looked_for}

    def look(self) -> None:
        """Interpreters that were installed meanwhile for a runtime that is known are found at the next start."""
        known = {item.name: item for item in _wanted()}
        now = {name: _detection(item) for name, item in known.items()}
        if now == self._seen:
            return
        changed = [known[name] for name in now if self._seen.get(name) != now[name]]
        found = find_capabilities(self._host.capabilities.pool, changed, run_as=self._host.run_as)
        self._serve(_joined(self._host.capabilities, found, names=known.keys()))
        self._seen = now

    def _serve(self, capabilities: Capabilities) -> None:
        self._host.capabilities = capabilities
        self._host.intake.serve(capabilities.queues)
        tell_capabilities(self._host.worker_id, capabilities)
        logger.info("the runtimes have changed: %s", ", ".join(sorted(capabilities.runtimes)) or "there are none")


def _wanted() -> list[RuntimeDefinition]:
    return named_in(settings.ATTUNE_WORKER_RUNTIMES, known_runtimes())


def _detection(definition: RuntimeDefinition) -> _Detection:
    return definition.detect, definition.validate


def _joined(old: Capabilities, found: Capabilities, *, names: Collection[str]) -> Capabilities:
    """What was found anew wins; of `old` only what there still is."""
    stays = {name for name in names if name not in found.runtimes and name not in found.missing}
    return replace(
        old,
        runtimes={**{name: item for name, item in old.runtimes.items() if name in stays}, **found.runtimes},
        missing={**{name: why for name, why in old.missing.items() if name in stays}, **found.missing},
    )
