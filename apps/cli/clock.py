"""The moment that ages are told from; a test sets it."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
