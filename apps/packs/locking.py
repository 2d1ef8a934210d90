"""One at a time changes what is installed of a pack."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from apps.core.refs import safe_name

#: First key of the advisory locks.
_LOCK_SPACE = 0x4154_0001


def lock_pack(ref: str) -> None:
    """Until the transaction ends. Packs of the same name on disk have the same lock."""
    number = int.from_bytes(hashlib.sha256(safe_name(ref).encode()).digest()[:4], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, number])


@contextmanager
def locked_pack(ref: str) -> Iterator[None]:
    """A transaction in which nobody else changes the pack. Rows of it are locked after this, never before."""
    with transaction.atomic():
        lock_pack(ref)
        yield
