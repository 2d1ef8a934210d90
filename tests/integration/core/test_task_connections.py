"""What becomes of a process's database connections between two tasks."""

import pytest
from celery.fixups.django import DjangoFixup
from django.db import connection

from attune.celery import app


@pytest.mark.django_db(transaction=True)
def test_a_task_gives_its_connection_back_to_a_pool_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's own close the pool where it forks its children, and each task would begin with a new backend."""
    [fixup] = [each for each in app._fixups if isinstance(each, DjangoFixup)]  # type: ignore[attr-defined]
    monkeypatch.setattr(fixup.worker_fixup, "_is_prefork", lambda: True)
    connection.ensure_connection()
    pool = connection.pool  # type: ignore[attr-defined]  # PostgreSQL's alone
    fixup.worker_fixup.on_task_postrun(sender=_Task())
    assert connection.connection is None
    fixup.worker_fixup.on_task_prerun(sender=_Task())
    assert (connection.pool, pool.closed) == (pool, False)  # type: ignore[attr-defined]


class _Request:
    is_eager = False


class _Task:
    request = _Request
