"""Seals everything anew with the first key of the keyring, so that the others can be taken out of it.

Only the data keys are wrapped again; values stay as they are. In small transactions, so that
nobody waits for long, and each row says itself whether it is done: after a kill it goes on where it was.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, require
from apps.core.crypto import Keyring, KeyringError, SealBroken, keyring
from apps.core.errors import Conflict
from apps.core.types import JsonObject
from apps.keys.canary import prove_keyring
from apps.keys.models import KeyringCanary
from apps.keys.sealed import SealedTable, tables
from apps.operations.models import Operation
from apps.operations.progress import Progress
from apps.operations.services import request_operation

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

ROTATE = "key.rotate"
#: Rows of one transaction: some milliseconds.
BATCH = 200
#: Processes that still seal with an older key add rows behind the first pass.
_PASSES = 5


class NotRotated(Conflict):
    """Some values are still sealed with another key than the first."""

    code = "not_rotated"


@dataclass
class Rotated:
    """How many values were sealed anew, by table; `broken` could not be opened and are as they were."""

    done: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)

    def as_json(self, ring: Keyring) -> JsonObject:
        return {"key": ring.current_id, "sealed": self.done}


def request_rotation(identity: "Identity") -> Operation:
    """Two at a time do no harm: each row is done once. Raises `Forbidden` for who may not manage all keys."""
    require(identity, Verb.KEY_MANAGE, on=Place())
    operation = request_operation(identity, kind=ROTATE, subject=keyring().current_id, operation_input={})
    operation.refresh_from_db()
    return operation


def run_rotation(operation_input: JsonObject, progress: Progress) -> JsonObject:
    """The handler of the operation."""
    ring, total = keyring(), count_left(keyring())
    progress.step(f"{total} values to seal with {ring.current_id}", percent=0)

    def tell(table: str, done: int) -> None:
        progress.reach(min(99, 100 * done // max(total, 1)))
        progress.log(f"{table}: {done} of {total} in all")

    return rotate(ring, tell=tell).as_json(ring)


def count_left(ring: Keyring) -> int:
    """Values that are not sealed with the first key."""
    return sum(table.sealed_by_others([ring.current_id]).count() for table in tables())


def rotate(ring: Keyring, *, tell: Callable[[str, int], None] = lambda table, done: None) -> Rotated:
    """Seals all with the first key of `ring`. `tell(table, values done so far)` after each batch.

    Raises `NotRotated` when values are left: broken ones, or ones that other processes go on to write.
    """
    _prove(ring)
    for _ in range(_PASSES):
        rotated = Rotated()
        for table in tables():
            _rotate_table(table, ring, rotated, tell)
        left = count_left(ring)
        if left == sum(rotated.broken.values()):
            break
    if left:
        raise NotRotated(_why_left(left, rotated), left=left)
    KeyringCanary.objects.exclude(key_id=ring.current_id).delete()
    return rotated


def _prove(ring: Keyring) -> None:
    """Also plants the canary of a key that is new in front: it outlives those of the others."""
    try:
        prove_keyring(ring)
    except KeyringError as error:
        raise NotRotated(f"The keyring cannot be used: {error}.") from error


def _rotate_table(table: SealedTable, ring: Keyring, rotated: Rotated, tell: Callable[[str, int], None]) -> None:
    last: object = None
    while True:
        with transaction.atomic():
            rows = table.sealed_by_others([ring.current_id]).select_related(*table.related)
            rows = rows.select_for_update(of=("self",))
            batch = list((rows if last is None else rows.filter(pk__gt=last))[:BATCH])
            if not batch:
                return
            for row in batch:
                _rewrap(row, table, ring, rotated)
        last = batch[-1].pk
        tell(table.name, sum(rotated.done.values()))


def _rewrap(row: Any, table: SealedTable, ring: Keyring, rotated: Rotated) -> None:
    try:
        sealed = ring.rewrap(bytes(row.sealed), bound_to=table.bound_to(row))
    except SealBroken as error:
        logger.warning("%s: the value of row %s stays as it is: %s", table.name, row.pk, error)
        rotated.broken[table.name] = rotated.broken.get(table.name, 0) + 1
        return
    table.model._default_manager.filter(pk=row.pk).update(sealed=sealed)
    rotated.done[table.name] = rotated.done.get(table.name, 0) + 1


def _why_left(left: int, rotated: Rotated) -> str:
    if broken := ", ".join(f"{count} of {name}" for name, count in rotated.broken.items()):
        return (
            f"{broken} cannot be opened with this keyring; the log says which. The keys that sealed them stay in use."
        )
    return (
        f"{left} values are still sealed with another key: restart every process with the new keyring, and ask again."
    )
