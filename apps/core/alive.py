"""A file whose time says that this process still works: what a container's health check can look at for nothing."""

import logging
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)


def still_alive() -> None:
    """Touches `ATTUNE_ALIVE_FILE`, if there is to be one. A file that cannot be written stops nobody's work."""
    if not settings.ATTUNE_ALIVE_FILE:
        return
    try:
        Path(settings.ATTUNE_ALIVE_FILE).touch()
    except OSError as error:
        logger.warning("ATTUNE_ALIVE_FILE: cannot write %s: %s", settings.ATTUNE_ALIVE_FILE, error.strerror)
