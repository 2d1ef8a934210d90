"""The same request again, under the same key, is the same execution."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from apps.core.errors import Unprocessable
from apps.executions.models import IdempotencyKey

#: Keys that are forgotten in one round.
_FORGOTTEN = 1000


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
        """Made with the secret of this Attune: a body may hold secret parameters, which could be found by trying."""
        return salted_hmac("attune.idempotency", self.body, algorithm="sha256").digest()


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
    _old(mine).delete()
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


def forget_old_keys() -> int:
    """Forgets keys older than `ATTUNE_RETENTION_IDEMPOTENCY_KEYS_DAYS`. Returns how many.

    Any number of processes may do it.
    """
    with transaction.atomic(durable=True):
        old = _old(IdempotencyKey.objects.order_by("created_at")).select_for_update(skip_locked=True)
        return IdempotencyKey.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_FORGOTTEN])).delete()[0]


def _old(keys: "QuerySet[IdempotencyKey]") -> "QuerySet[IdempotencyKey]":
    remembered_for = settings.ATTUNE_RETENTION_IDEMPOTENCY_KEYS
    return keys.none() if remembered_for is None else keys.filter(created_at__lt=Now() - remembered_for)
