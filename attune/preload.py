"""What the roles of one machine import, imported once: `script/up` forks them from a process that has done so.

Opens no connection and starts no thread, or nothing could be forked (see `apps.standalone.forks`).
"""

import importlib

import django
from django.urls import get_resolver

django.setup(set_prefix=False)

for _name in (
    "apps.core.http_protocol",
    "apps.executions.management.commands.run_conductor",
    "apps.executions.management.commands.run_scheduler",
    "apps.executions.management.commands.run_worker",
    "apps.triggers.management.commands.run_sensors",
    "attune.asgi",
    "attune.management.commands.prepare",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.heartbeat",
    "celery.worker.loops",
    "celery.worker.strategy",
    "django_celery_results.backends.database",
    "encodings.ascii",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.main",
):
    importlib.import_module(_name)

from attune.celery import app  # noqa: E402 - settings must be ready first

app.loader.import_default_modules()
app.finalize()
_ = get_resolver().url_patterns
