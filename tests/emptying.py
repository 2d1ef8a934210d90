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
    _make_function()
    with connection.cursor() as cursor:
        cursor.execute("SELECT attune_tests_emptied()")


@cache
def _make_function() -> None:
    """One of the server's, which keeps its plans: to plan anew to look at fifty tables takes longer than to look.

    In any order: who refers to whom is looked at when all of it has gone.
    """
    names = sorted(set(connection.introspection.table_names()) - _KEPT)
    steps = "".join(f'IF EXISTS (SELECT 1 FROM "{name}") THEN {_emptying(name)}; END IF; ' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION attune_tests_emptied() RETURNS void LANGUAGE plpgsql AS $$BEGIN {steps}END$$"
        )


def _emptying(name: str) -> str:
    return f'TRUNCATE "{name}"' if name in _ONLY_ADDED_TO else f'DELETE FROM "{name}"'
