"""Sessions in the database, looked for only by keys that can be there."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore


class SessionStore(DatabaseSessionStore):
    """A cookie may hold anything, NUL too, which PostgreSQL does not even look for."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) <= 40 and key.isascii() and key.isalnum() and len(key) >= 8
