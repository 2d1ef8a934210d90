"""Empties the tables a test has filled.

Django's own flush truncates every table, whether there is anything in it or not, and makes content types and
permissions anew: a fifth of a second for each of two thousand tests.
"""

from collections.abc import Iterator
from functools import cache
from unittest import mock

import pytest
from django.db import connection
from django.test import TransactionTestCase

#: The database lets nobody delete of it.
_ONLY_ADDED_TO = {"audit_auditrecord"}
#: What migrations write once, and no test leaves changed.
_KEPT = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "executions_slotsepoch",
    "workers_schemaversion",
}


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_by_us() -> Iterator[None]:
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", _emptied):
        yield


def _emptied(_: TransactionTestCase) -> None:
    """In any order: who refers to whom is looked at when all of it has gone."""
    with connection.cursor() as cursor:
        cursor.execute(_filled())
        if filled := [name for (name,) in cursor.fetchall()]:
            cursor.execute("; ".join(["BEGIN", *map(_emptying, filled), "COMMIT"]))
    # A test that kills the database may set its sequences back: then a trigger has the number of an earlier test's.
    from apps.rules import judges  # not above: there Django is not set up yet

    judges._kept.clear()


def _emptying(name: str) -> str:
    return f'TRUNCATE "{name}"' if name in _ONLY_ADDED_TO else f'DELETE FROM "{name}"'


@cache
def _filled() -> str:
    names = sorted(set(connection.introspection.table_names()) - _KEPT)
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
