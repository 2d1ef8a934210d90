"""Finds what a crash, a lost message or a race left undone. Correct alone, only slower; any number of processes may
sweep.

Each step stands on its own: one that fails is logged and the others go on.
"""

import logging
import time
from collections.abc import Callable

from django.db import Error
from django.db.models.functions import Now
from psycopg_pool import PoolTimeout

from apps.accounts.services.login import sweep_failures
from apps.core.database import first_line, release_connection, trouble_of
from apps.core.metrics.catalogue import SWEEP_FAILURES, SWEEP_ROWS, SWEEP_RUNS, SWEEP_SECONDS
from apps.core.metrics.counting import count
from apps.core.redis import RedisAway
from apps.executions import hints, outbox, reconcile, rounds
from apps.executions.api_tokens import sweep_api_tokens
from apps.executions.models import Execution
from apps.executions.policies.passes import forget_old_passes
from apps.executions.services.cancel import end_waiting
from apps.executions.services.lost import end_lost
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.slots.rebuild import rebuild_if_stale
from apps.executions.states import IN_LINE
from apps.executions.transitions import StaleTransition
from apps.operations.services import sweep_operations

logger = logging.getLogger(__name__)

_BATCH = 500


def sweep() -> None:
    """One round."""
    for step in (
        end_lost,
        rebuild_if_stale,
        reconcile.enter_missing,
        reconcile.reconcile_lines,
        reconcile.send_limits,
        expire_waiting,
        hints.send_again,
        outbox.announce_all,
        sweep_operations,
        sweep_api_tokens,
        sweep_failures,
        forget_old_passes,
        *rounds.sweeps(),
    ):
        run_step(step)


def run_step(step: Callable[[], int | None], *, name: str = "") -> int:
    """`step` may return how many rows it moved; then so does this, and 0 for one that failed.

    It is counted as `name`, else under its own.
    """
    name = name or step.__name__
    began = time.monotonic()
    is_through = False
    moved = 0
    try:
        moved = step() or 0
        count(SWEEP_ROWS, name, by=moved)
        is_through = True
    except RedisAway:
        logger.info("%s waits: Redis is away", name)
    except StaleEpoch:
        logger.info("%s waits: the lines are being built anew", name)
    except Exception as error:  # noqa: BLE001 - told apart there
        _told(name, error)
    count(SWEEP_RUNS, name)
    count(SWEEP_SECONDS, name, by=time.monotonic() - began)
    if not is_through:
        count(SWEEP_FAILURES, name)
    return moved


def _told(step: str, error: Exception) -> None:
    """The next steps, and the next round, must come whatever one row or one answer of Redis did to this step."""
    if trouble_of(error):
        logger.warning("%s failed: %s", step, first_line(error))
    else:
        logger.error("%s failed by a bug", step, exc_info=error)
    if isinstance(error, Error | PoolTimeout):
        release_connection()


def expire_waiting() -> int:
    """Cancels who has waited at its gates longer than their policies allow. Returns how many."""
    expired = 0
    rows = Execution.objects.filter(status__in=IN_LINE, expires_at__lte=Now()).order_by("expires_at")
    for row in rows[:_BATCH]:
        reason = {"code": "expired", "text": "it waited longer at its gates than their policy allows"}
        try:
            end_waiting(row, reason, expected=IN_LINE)
        except StaleTransition:
            continue  # it was let in, or canceled, meanwhile
        expired += 1
    return expired
