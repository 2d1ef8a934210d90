"""Seals secret parameters when an execution is requested, and opens them only for the worker that runs it."""

import uuid
from dataclasses import dataclass

import orjson

from apps.core.crypto import keyring
from apps.core.types import JsonObject
from apps.executions.models import SecretParameters


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
