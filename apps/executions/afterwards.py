"""What follows a commit: the lines and those who wait are told.

Nothing of it is needed for the promise. Whatever fails is found by the sweep, and nobody else hears of it: least of all
who was about to be told that the request is accepted.
"""

import logging
from collections.abc import Callable

from apps.core.database import again_if_given_up, first_line, release_connection, trouble_of
from apps.core.redis import RedisAway
from apps.executions.slots.protocol import StaleEpoch

logger = logging.getLogger(__name__)


def afterwards(deed: Callable[[], object], *, what: str, execution_id: int | None = None) -> None:
    """Does an idempotent deed now if that is possible; `what` says in the log what is left to the sweep otherwise."""
    try:
        again_if_given_up(deed, is_idempotent=True)
    except (RedisAway, StaleEpoch) as error:
        said = repr(error)
    except Exception as error:
        if trouble_of(error) is None:
            raise
        release_connection()  # it may be broken, and the caller goes on
        said = first_line(error)
    else:
        return
    facts = {"execution_id": execution_id} if execution_id is not None else None
    logger.warning("the sweep will %s: %s", what, said, extra=facts)
