"""Which keys a process is given: exactly those it names, each of the first of its owners that has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q
from django.utils import timezone

from apps.core.types import JsonObject
from apps.keys.models import KeyVersion
from apps.keys.owners import Owner
from apps.keys.services import value_of


@dataclass(frozen=True)
class Resolved:
    """`values` by name. `used` are the refs of the keys read, with their versions; `expired` those that were not given
    out for that reason, by name, with the ref; `missing` are names nobody has a key for."""

    values: JsonObject = field(default_factory=dict)
    masked: JsonObject = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    expired: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def resolve(names: Sequence[str], owners: Sequence[Owner]) -> Resolved:
    """`owners` from the most to the least specific. An expired key hides those behind it: it is absent.

    Raises `SealBroken` when a value cannot be opened: moved, changed, or sealed by another keyring.
    """
    if not names or not owners:
        return Resolved(missing=list(names))
    found, now, resolved = _found(names, owners), timezone.now(), Resolved()
    for name in names:
        version = found.get(name)
        if version is None:
            resolved.missing.append(name)
        elif version.key.is_expired(now):
            resolved.expired[name] = version.key.ref
        else:
            value = value_of(version.key, version)
            resolved.values[name] = value
            resolved.used[version.key.ref] = version.number
            if version.key.is_encrypted:
                resolved.masked[name] = value
    return resolved


def _found(names: Sequence[str], owners: Sequence[Owner]) -> dict[str, KeyVersion]:
    """The version that counts of each name, in one query."""
    wanted = Q()
    for owner in owners:
        wanted |= Q(key__owner_type=owner.type, key__owner_uuid=owner.uuid)
    rank = {(owner.type.value, owner.uuid): place for place, owner in enumerate(owners)}
    rows = KeyVersion.objects.filter(wanted, key__name__in=names, number=F("key__version")).select_related("key")
    ordered = sorted(rows, key=lambda row: rank[row.key.owner_type, row.key.owner_uuid], reverse=True)
    return {row.key.name: row for row in ordered}
