"""The database connection of the current thread."""

from django.db import connection


def release_connection() -> None:
    """Gives the connection back to the pool before a long wait; the next query takes one again."""
    if not connection.in_atomic_block:
        connection.close()
