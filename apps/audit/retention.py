"""Lets old records go, as many at a time as nobody notices. The database keeps all that are younger than 30 days."""

from django.conf import settings
from django.db import connection

#: Rows of one call: some milliseconds.
BATCH = 1000


def collect_audit() -> int:
    """How many went: those older than `ATTUNE_RETENTION_AUDIT_DAYS`. Any number of processes may call it."""
    if settings.ATTUNE_RETENTION_AUDIT is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_forget(make_interval(secs => %s), %s)",
            [settings.ATTUNE_RETENTION_AUDIT.total_seconds(), BATCH],
        )
        return int(cursor.fetchone()[0])
