"""Removes what has served its time, beside the scheduler's other work: what is due must not wait for it.

Any number of schedulers may do it at once: each row is removed by one of them, a bounded number in each round.
"""

import time

from apps.audit.retention import collect_audit
from apps.core.repeating import Repeating
from apps.executions import rounds
from apps.executions.idempotency import forget_old_keys
from apps.executions.policies.idle import collect_idle_gates, collect_removed_policies
from apps.executions.retention.candidates import BATCH
from apps.executions.retention.files import collect_artifacts, collect_logs
from apps.executions.retention.orphans import OrphanSearch
from apps.executions.retention.packs import collect_pack_versions
from apps.executions.retention.rows import collect_executions
from apps.executions.retention.workers import collect_workers
from apps.executions.sweep import run_step
from apps.operations.retention import collect_operations, collect_task_results
from apps.packs.retention import collect_pack_files

#: Between two rounds, and between two while there is a batch of something left.
EVERY_S = 10.0
_BEHIND_EVERY_S = 0.5
#: Between two walks through folders.
_SELDOM_S = 600.0


class Collector:
    """One per process. Each step is counted among those of the sweep, by its name."""

    def __init__(self) -> None:
        self._walked_at = -_SELDOM_S
        self._search = OrphanSearch()
        self._is_behind = False
        self._thread = Repeating("retention", self.round, every_s=EVERY_S)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def round(self) -> float:
        """One round; in how many seconds the next should come."""
        self._is_behind = False
        for step in (
            collect_logs,
            collect_artifacts,
            collect_executions,
            forget_old_keys,
            collect_operations,
            collect_task_results,
            collect_workers,
            collect_audit,
            collect_idle_gates,
            collect_removed_policies,
            *rounds.collections(),
            self.collect_orphans,
        ):
            self._run(step)
        if time.monotonic() - self._walked_at >= _SELDOM_S:
            self._walked_at = time.monotonic()
            self._run(collect_pack_versions)
            self._run(collect_pack_files)
        return _BEHIND_EVERY_S if self._is_behind else EVERY_S

    def collect_orphans(self) -> int:
        return self._search()

    def _run(self, step: rounds.Step) -> None:
        done = run_step(step)
        self._is_behind |= done >= BATCH
