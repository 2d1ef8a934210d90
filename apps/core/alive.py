"""A file whose time says that this process still works: what a container's health check can look at for nothing."""

import logging
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)


def still_alive() -> None:
    """Touches `ATTUNE_ALIVE_PATH`, if there is to be one. A file that cannot be written stops nobody's work."""
    if not settings.ATTUNE_ALIVE_PATH:
        return
    try:
        Path(settings.ATTUNE_ALIVE_PATH).touch()
    except OSError as error:
        logger.warning("ATTUNE_ALIVE_PATH: cannot write %s: %s", settings.ATTUNE_ALIVE_PATH, error.strerror)
