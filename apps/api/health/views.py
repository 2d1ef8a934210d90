"""Is this process alive, and can it serve?"""

from http import HTTPStatus

import orjson
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout

from apps.core.problem import RETRY_AFTER_S
from apps.core.redis import is_reachable
from apps.core.types import JsonObject
from apps.core.version import VERSION
from apps.workers.models import Worker


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return _answer(200, {"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database is there and migrated. Redis away does not make it fail: requests are still accepted."""
    try:
        pending = _pending_migrations()
        workers = Worker.objects.taking().count()
    except (DatabaseError, InterfaceError, PoolTimeout):
        return _answer(503, {"status": "unavailable", "database": "away"})
    facts: JsonObject = {
        "version": VERSION,
        "database": "ok",
        "migrations": "pending" if pending else "ok",
        "redis": "ok" if is_reachable() else "degraded",
        "workers": workers,
    }
    return _answer(503 if pending else 200, {"status": "unavailable" if pending else "ok", **facts})


_is_migrated = False


def _pending_migrations() -> bool:
    """Looked at until it is done once: nothing takes migrations back under a running process."""
    global _is_migrated  # noqa: PLW0603 - one fact about the process
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    else:
        connection.ensure_connection()
    return not _is_migrated


def _answer(status: int, body: JsonObject) -> HttpResponse:
    response = HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response
