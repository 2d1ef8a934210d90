"""Sessions in the database, looked for only by keys that can be there; they end by age and when nobody uses them."""

import time
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

_BEGAN, _SEEN = "began_at", "seen_at"
#: Seconds; how exactly it is known when a session was used last. Reading must not turn into writing.
_SEEN_EVERY_S = 60


class SessionStore(DatabaseSessionStore):
    """A cookie may hold anything, NUL too, which PostgreSQL does not even look for."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) <= 40 and key.isascii() and key.isalnum() and len(key) >= 8

    def load(self) -> dict[str, Any]:
        """Nothing of a session that is too old, or that nobody has used for too long."""
        found = super().load()
        if not found:
            return found
        now = time.time()
        if now - found.get(_BEGAN, now) >= settings.SESSION_COOKIE_AGE:
            return self._ended()
        if now - found.get(_SEEN, now) >= settings.ATTUNE_SESSION_IDLE_S:
            return self._ended()
        found.setdefault(_BEGAN, now)
        if now - found.get(_SEEN, 0) >= _SEEN_EVERY_S:
            found[_SEEN] = now
            self.modified = True
        return found

    def begin(self) -> None:
        """From a login on its age is counted."""
        self[_BEGAN] = self[_SEEN] = time.time()

    def _ended(self) -> dict[str, Any]:
        self.delete(self.session_key)
        self._session_key = None
        return {}
