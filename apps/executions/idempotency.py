"""The same request again, under the same key, is the same execution."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from apps.core.errors import Unprocessable
from apps.executions.models import IdempotencyKey

#: How long a key is remembered.
KEPT = timedelta(hours=24)


class IdempotencyKeyReused(Unprocessable):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Idempotency:
    """`key` as the client gave it, `body` as it came."""

    key: str
    body: bytes

    @property
    def body_sha256(self) -> bytes:
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True)
class Reserved:
    """`earlier` holds the executions made under the key before; empty when it is new."""

    row: IdempotencyKey
    earlier: Sequence[int]


def reserve(identity_id: int, idempotency: Idempotency) -> Reserved:
    """Inside the request's transaction: waits for a request under the same key that is still being accepted.

    Raises `IdempotencyKeyReused` when the key belongs to another request.
    """
    mine = IdempotencyKey.objects.filter(identity_id=identity_id, key=idempotency.key)
    mine.filter(created_at__lt=timezone.now() - KEPT).delete()
    row, is_new = IdempotencyKey.objects.get_or_create(
        identity_id=identity_id, key=idempotency.key, defaults={"body_sha256": idempotency.body_sha256}
    )
    if is_new:
        return Reserved(row, ())
    if bytes(row.body_sha256) != idempotency.body_sha256:
        raise IdempotencyKeyReused
    return Reserved(row, row.execution_ids)


def remember(reserved: Reserved, execution_ids: Sequence[int]) -> None:
    IdempotencyKey.objects.filter(pk=reserved.row.pk).update(execution_ids=list(execution_ids))


def forget_old() -> None:
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
