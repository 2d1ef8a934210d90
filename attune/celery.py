"""The Celery application: transport of hints, nothing else. Facts live in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, heartbeat_sent, setup_logging, worker_process_init, worker_process_shutdown

from apps.core import broker
from apps.core.alive import still_alive
from apps.core.database import limit_waits
from apps.core.metrics import publishing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

broker.use()
app = Celery("attune")
# Threads of the web server and of the worker pool publish too, and Celery's current application is per thread.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="builds")
app.autodiscover_tasks(related_name="upkeep")


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """As Django has set it up; Celery would make the root quieter."""


@celeryd_init.connect
def _refuse_wrong_start(**_: Any) -> None:
    from apps.keys.starting import refuse_wrong_start  # only now are Django's applications ready

    refuse_wrong_start()


@worker_process_init.connect
def _begin_to_count(**_: Any) -> None:
    """In each child of a conductor."""
    limit_waits()
    publisher = publishing.start()
    worker_process_shutdown.connect(lambda **_: publisher.stop(), weak=False)


@heartbeat_sent.connect
def _say_that_it_is_alive(**_: Any) -> None:
    """In the conductor itself, while its loop turns and Redis is there."""
    still_alive()
