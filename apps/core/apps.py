import logging

from django.apps import AppConfig
from django.conf import settings


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        from apps.core import checks  # noqa: F401 - registers the start-up checks

        if settings.ATTUNE_LOG_FORMAT == "json":
            logging.captureWarnings(True)  # or Python would write them as text
