"""What every test may use. The services are started by `tests.services` before Django is."""

import os
from collections.abc import Iterator
from functools import cache

import pytest
import redis
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from apps.core.redis import RedisAway, breaker, client, connect
from apps.executions import lines
from apps.executions.models import SlotsEpoch
from apps.executions.slots.protocol import Snapshot, StaleEpoch
from tests.databases import copy_template
from tests.people import People, make_people
from tests.waiting import wait_for


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Where several processes need a database each."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        with django_db_blocker.unblock():
            copy_template()


@pytest.fixture
def fresh(transactional_db: None) -> Iterator[None]:
    """A database that really commits, and a Redis without anything of earlier tests."""
    if not SlotsEpoch.objects.exists():
        SlotsEpoch.objects.create(pk=1, number=1)
    forget_redis()
    wait_for(_has_lines, what="Redis, on a busy machine")
    yield
    connection.close()  # a test may have broken it
    forget_redis()


@pytest.fixture
def people(fresh: None) -> People:
    return make_people()


def forget_redis() -> None:
    breaker.reset()
    _patient().flushdb()


def _has_lines() -> bool:
    """Those of an empty database, without asking it. Not where Redis took longer than a call may take; it may do then
    what it was asked for while it is asked again."""
    try:
        lines.slots().rebuild(lines.epoch.read_anew(), Snapshot())
    except (RedisAway, StaleEpoch):
        breaker.reset()
        return False
    return True


@cache
def _patient() -> "redis.Redis":
    """What tidies up may wait on a busy machine; what is tested has its second."""
    return connect(settings.REDIS_URL, timeout_s=30)


def messages_in(queue: str) -> int:
    """Hints waiting in a queue."""
    return int(client().llen(queue))
