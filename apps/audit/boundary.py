"""The one place where requests become audit records: the REST API and the console call it after every deed.

A deed that was done is not undone because it could not be recorded; then the log has what the audit lacks.
"""

import logging
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

from apps.accounts.permissions import Verb
from apps.audit.models import AuditRecord
from apps.audit.services import record
from apps.core.types import JsonObject

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

#: Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Each of these has a row of its own that says who asked; when the server falls over, these records may lack its last
#: half second, and no request waits for the disk twice.
_KEPT_ELSEWHERE = frozenset({Verb.EXECUTION_RUN})


def record_request(verb: Verb, *, by: "Identity", on: str, status: int, facts: JsonObject) -> None:
    """`status` is the answer's, as HTTP has it; `facts` are where it was sent and what it was refused for."""
    outcome = _outcome_of(status)
    try:
        record(
            verb.value,
            by=by,
            on=on,
            outcome=outcome,
            facts={**facts, "status": status},
            is_durable=verb not in _KEPT_ELSEWHERE,
        )
    except (OperationalError, InterfaceError, PoolTimeout):
        logger.warning("not in the audit: %s %s on %s: %s", by.get_username(), verb.value, on, outcome)


def _outcome_of(status: int) -> str:
    if status < 400:
        return AuditRecord.Outcome.DONE.value
    return AuditRecord.Outcome.REFUSED.value if status in (401, 403) else AuditRecord.Outcome.FAILED.value
