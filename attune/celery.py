"""The Celery application: transport of hints, nothing else. Facts live in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging

from apps.core import broker
from apps.core.alive import still_alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")
# Each process looks itself at what matters to it (`refuse_wrong_start`); these would import all pages and addresses.
os.environ["CELERY_SKIP_CHECKS"] = "yes"

broker.use()
app = Celery("attune", fixups=["apps.core.task_connections:fixup"])
# Threads of the web server and of the worker pool publish too, and Celery's current application is per thread.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="builds")
app.autodiscover_tasks(related_name="upkeep")


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """As Django has set it up; Celery would make the root quieter."""


@heartbeat_sent.connect
def _say_that_it_is_alive(**_: Any) -> None:
    """In a conductor, while its loop turns and Redis is there."""
    still_alive()
