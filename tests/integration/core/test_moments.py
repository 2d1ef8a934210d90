"""Moments are read as psycopg reads them, from the first to the last that Python knows."""

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from django.db import DataError, connection

from apps.core.postgresql.moments import MomentLoader

pytestmark = pytest.mark.django_db(transaction=True)


def read(text: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz]", [text, text])
        single, listed = cursor.fetchone()
    assert listed == [single]
    return single


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 22, 10, 37, 0, 123456, UTC),
        datetime(2026, 11, 22, 10, 37, 0, 120000, UTC),
        datetime(2026, 11, 22, 10, 37, 0, 1, UTC),
        datetime(2024, 2, 29, 23, 59, 59, 0, UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    ],
)
def test_a_moment_comes_back_as_it_was_written_in_utc(moment: datetime) -> None:
    found = read(moment.isoformat())
    assert found == moment
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC
    shifted = moment.replace(tzinfo=timezone(timedelta(0)))
    assert read(shifted.isoformat()) == moment


@pytest.mark.parametrize("text", ["infinity", "-infinity", "10000-01-01 00:00:00+00", "0044-03-15 00:00:00+00 BC"])
def test_what_python_has_no_moment_for_is_an_error_of_the_database(text: str) -> None:
    with pytest.raises((DataError, psycopg.DataError)):
        read(text)


def test_connections_read_with_it() -> None:
    connection.ensure_connection()
    oid = psycopg.adapters.types["timestamptz"].oid
    assert connection.connection.adapters.get_loader(oid, psycopg.pq.Format.TEXT) is MomentLoader
