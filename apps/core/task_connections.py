"""Celery's ties to Django, but for one: a task gives its database connection back to the pool of its process.

Celery's own close the whole pool before and after each task of a forked child. Each task of a conductor would begin
with a new pool and a new backend of PostgreSQL, whose caches are empty: two fifths of an event's way to its start.
"""

from contextlib import suppress
from functools import cached_property

from celery import Celery
from celery.fixups import django as celery_django
from django.db import InterfaceError, OperationalError, connections


def fixup(app: Celery) -> celery_django.DjangoFixup:
    """Named where the application is made; Celery calls it."""
    django = _Fixup(app)
    django.install()
    return django


class _WorkerFixup(celery_django.DjangoWorkerFixup):  # type: ignore[name-defined, misc]  # not in Celery's stubs
    """A child that has just been forked still closes what it inherited (`_close_database`)."""

    def close_database(self, **_: object) -> None:
        for connection in connections.all(initialized_only=True):
            with suppress(InterfaceError, OperationalError):  # a dead one; the pool makes another
                connection.close()


class _Fixup(celery_django.DjangoFixup):
    @cached_property
    def worker_fixup(self) -> _WorkerFixup:
        """When it is asked for: it reads the application's settings, which are not there yet."""
        return _WorkerFixup(self.app)
