"""The one place where requests become audit records: the REST API and the console call it after every deed.

A deed that was done is not undone because it could not be recorded; then the log has what the audit lacks.
"""

import logging
from typing import TYPE_CHECKING

from apps.accounts.permissions import Verb
from apps.audit.models import AuditRecord
from apps.audit.services import record
from apps.core.database import Trouble, again_if_given_up, trouble_of
from apps.core.types import JsonObject

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

#: Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Each of these has a row of its own that says who asked; when the server falls over, these records may lack its last
#: half second, and no request waits for the disk twice.
_KEPT_ELSEWHERE = frozenset({Verb.EXECUTION_RUN})
#: Nothing was done, and the same database would have to take the record.
_AWAY = frozenset(trouble.value for trouble in Trouble)


def record_request(verb: Verb, *, by: "Identity", on: str, status: int, facts: JsonObject) -> None:
    """`status` is the answer's, as HTTP has it; `facts` are where it was sent and what it was refused for."""
    if facts.get("code") in _AWAY:
        return
    outcome, is_durable = _outcome_of(status), verb not in _KEPT_ELSEWHERE
    told = {**facts, "status": status}
    try:
        again_if_given_up(
            lambda: record(verb.value, by=by, on=on, outcome=outcome, facts=told, is_durable=is_durable),
            is_idempotent=True,  # twice is better than not at all
        )
    except Exception as error:
        if trouble_of(error) is None:
            raise
        logger.warning("not in the audit: %s %s on %s: %s", by.get_username(), verb.value, on, outcome)


def _outcome_of(status: int) -> str:
    if status < 400:
        return AuditRecord.Outcome.DONE.value
    return AuditRecord.Outcome.REFUSED.value if status in (401, 403) else AuditRecord.Outcome.FAILED.value
