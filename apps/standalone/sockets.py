"""Gives Unix sockets a private folder whose path is short enough for the kernel."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from apps.standalone.errors import StandaloneError
from apps.standalone.private_folder import make_private

#: unix(7): sun_path has 108 bytes, the last of which is NUL.
SOCKET_PATH_BYTES = 107


class SocketFolder:
    """The folder for a socket called `name`: the preferred one, else a stand-in with a short, plain path.

    The stand-in lies under the system's temporary folder and is named after the user and the preferred
    folder: the same on every start, so that a URL once written down stays true.
    """

    def __init__(self, preferred: Path, *, name: str) -> None:
        self._preferred = preferred.absolute()
        self.path = self._first_that_fits(name)
        self._socket = self.path / name

    def make(self) -> None:
        """Make the folder, for this user only. Raises StandaloneError if a stand-in is in other hands."""
        if self.path == self._preferred:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            make_private(self.path)

    def remove(self) -> None:
        """Remove our socket, should a killed server have left it, and a stand-in that is empty then."""
        for leftover in (self._socket, self._socket.with_name(f"{self._socket.name}.lock")):
            leftover.unlink(missing_ok=True)
        if self.path != self._preferred:
            with contextlib.suppress(OSError):  # never made, or another server still uses it
                self.path.rmdir()

    def _first_that_fits(self, name: str) -> Path:
        digest = hashlib.sha256(os.fsencode(self._preferred)).hexdigest()[:12]
        stand_in = f"attune-{os.geteuid()}-{digest}"
        roots = (tempfile.gettempdir(), "/tmp")  # noqa: S108  what is made in it is checked to be private
        for folder in (self._preferred, *(Path(root, stand_in) for root in roots)):
            # A comma parts two hosts in a PostgreSQL URL, quoted or not.
            if len(os.fsencode(folder / name)) <= SOCKET_PATH_BYTES and "," not in str(folder):
                return folder
        raise StandaloneError(f"No path under {SOCKET_PATH_BYTES} bytes for the socket {name}: set TMPDIR.")
