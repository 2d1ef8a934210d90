"""Makes folders in places that others can write to, such as /tmp, and makes sure that they are ours."""

import os
import stat
from pathlib import Path

from apps.standalone.errors import StandaloneError


def make_private(folder: Path) -> Path:
    """Make the folder, for this user only, unless it is there; return it.

    Raises StandaloneError if what is there is a link, somebody else's, or open to others: anybody may have
    put it in its place.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StandaloneError(f"{folder} is needed, but is not a private folder of yours; remove it.")
    return folder
