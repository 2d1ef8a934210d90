"""Removes executions that have served their time, with all that belongs to them alone."""

from django.conf import settings
from django.db import connection, transaction

from apps.executions.retention.candidates import Part, lock_due, without
from apps.executions.retention.files import files_are_here, removed_of
from apps.runner.removal import remove_tree


@transaction.atomic(durable=True)
def collect_executions() -> int:
    """Removes executions that ended longer ago than `ATTUNE_RETENTION_EXECUTIONS_DAYS`. Returns how many."""
    kept_for = settings.ATTUNE_RETENTION_EXECUTIONS
    if kept_for is None or not files_are_here():
        return 0
    due = _forgotten_by_reruns(lock_due(Part.EXECUTION, kept_for))
    ids = removed_of(Part.EXECUTION, due, remove_tree)
    _delete(ids)
    return len(ids)


def _forgotten_by_reruns(ids: list[int]) -> list[int]:
    """Their reruns no longer name them; one whose rerun somebody else writes at this moment waits for the next round:
    two processes must not wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE executions_execution SET rerun_of_id = NULL WHERE id IN (
                SELECT id FROM executions_execution WHERE rerun_of_id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED)
            """,
            [ids],
        )
        cursor.execute("SELECT DISTINCT rerun_of_id FROM executions_execution WHERE rerun_of_id = ANY(%s)", [ids])
        return without(ids, [row[0] for row in cursor.fetchall()])


def _delete(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM executions_history WHERE execution_id = ANY(%s)", [ids])
        cursor.execute("DELETE FROM executions_execution WHERE id = ANY(%s) RETURNING secret_parameters_id", [ids])
        secrets = [row[0] for row in cursor.fetchall() if row[0] is not None]
        cursor.execute(
            """
            DELETE FROM executions_secretparameters s WHERE s.id = ANY(%s) AND NOT EXISTS (
                SELECT 1 FROM executions_execution e WHERE e.secret_parameters_id = s.id)
            """,
            [secrets],
        )
