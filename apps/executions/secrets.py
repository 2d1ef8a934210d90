"""Seals secret parameters when an execution is requested, and opens them only for the worker that runs it.

What that worker hands to the process besides them is read here too, at claim time: the keys the action names and its
pack's configuration.
"""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from apps.actions.definition import Definition
from apps.audit.services import Deed, record_many
from apps.core.crypto import keyring
from apps.core.types import JsonObject
from apps.executions.document import Handed
from apps.executions.models import SecretParameters
from apps.executions.transitions import Claimed
from apps.keys.owners import SYSTEM, Owner, action_owner, pack_owner
from apps.keys.resolve import Resolved, resolve
from apps.packs.models import Pack
from apps.packs.services.config import given_config

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptSecrets:
    """The secret parameters of an earlier execution, which a rerun takes over without anybody typing them again."""

    row: SecretParameters
    names: frozenset[str]


def kept_secrets(row: SecretParameters) -> KeptSecrets:
    return KeptSecrets(row, frozenset(unseal(row.pk, bytes(row.sealed))))


def seal_over(kept: KeptSecrets, changed: JsonObject, *, wanted: frozenset[str]) -> SecretParameters:
    """The row itself when nothing changed, else a new one, not saved yet, with `changed` over what was kept."""
    if not changed and kept.names <= wanted:
        return kept.row
    values = {name: value for name, value in unseal(kept.row.pk, bytes(kept.row.sealed)).items() if name in wanted}
    return seal({**values, **changed})


def seal(values: JsonObject) -> SecretParameters:
    """A row for `values`, not saved yet; the ciphertext opens only with this row's id."""
    secret_id = uuid.uuid4()
    sealed = keyring().seal(orjson.dumps(values), bound_to=SecretParameters.bound_to(secret_id))
    return SecretParameters(id=secret_id, sealed=sealed)


def unseal(secret_id: uuid.UUID, sealed: bytes) -> JsonObject:
    """Raises `SealBroken` for a value of another row or another keyring."""
    values: JsonObject = orjson.loads(keyring().open(sealed, bound_to=SecretParameters.bound_to(secret_id)))
    return values


def handed(claimed: Claimed, definition: Definition) -> Handed:
    """Reads all of it, and records which keys were read, before the process can have them.

    Raises `SealBroken` when something of it cannot be opened.
    """
    parameters = _secret_parameters(claimed)
    keys = resolve(definition.secrets, _owners(claimed)) if definition.secrets else Resolved()
    config = given_config(claimed.pack_ref, claimed.pack_digest)
    _record(claimed, keys)
    lacking = tuple(_lacking(keys))
    for text in lacking:
        logger.warning("%s", text, extra={"execution_id": claimed.id, "attempt": claimed.attempt})
    masked = (*parameters.values(), *keys.masked.values(), *config.secrets.values())
    return Handed(parameters, keys.values, config.values, masked, lacking)


def _secret_parameters(claimed: Claimed) -> JsonObject:
    if claimed.secret_parameters_id is None or claimed.sealed is None:
        return {}
    return unseal(claimed.secret_parameters_id, claimed.sealed)


def _owners(claimed: Claimed) -> list[Owner]:
    """Whose keys it may have. Nobody's where its pack is gone: one installed later under the same ref is another."""
    rows = Pack.objects.filter(ref=claimed.pack_ref, versions__digest=claimed.pack_digest)
    pack_uuid = rows.values_list("uuid", flat=True).first()
    if pack_uuid is None:
        return []
    action = action_owner(claimed.action_ref, pack_uuid, pack=claimed.pack_ref)
    return [action, pack_owner(claimed.pack_ref, pack_uuid), SYSTEM]


def _record(claimed: Claimed, keys: Resolved) -> None:
    facts: JsonObject = {"action": claimed.action_ref, "attempt": claimed.attempt}
    record_many(
        Deed(deed="key.read", who=f"execution {claimed.id}", on=ref, facts={**facts, "version": version})
        for ref, version in keys.used.items()
    )


def _lacking(keys: Resolved) -> Iterator[str]:
    for name, ref in keys.expired.items():
        yield f"the key {ref} has expired, so the action got no secret {name}"
    for name in keys.missing:
        yield f"there is no key {name} for this action, its pack or the system, so the action got no such secret"
