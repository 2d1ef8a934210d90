"""The Celery application: transport of hints, nothing else. Facts live in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

app = Celery("attune")
# Threads of the web server and of the worker pool publish too, and Celery's current application is per thread.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="builds")
