"""What operators set for a pack: written with its secret fields sealed, shown without them, read for its actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.permissions import Verb, require
from apps.core.crypto import keyring
from apps.core.errors import FieldError, Invalid
from apps.core.schema import MASK, ObjectSchema
from apps.core.types import JsonObject
from apps.packs.models import Pack, PackConfig, PackVersion
from apps.core.single import single

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Largest configuration, as JSON.
MAX_CONFIG_BYTES = 256 * 1024


@dataclass(frozen=True)
class ConfigGiven:
    """What actions get as `context.config`, and which part of it must not be seen."""

    values: JsonObject
    secrets: JsonObject


@dataclass(frozen=True)
class ConfigShown:
    """`values` are those that were set, secret ones as `***`; `effective` has the defaults too."""

    schema: ObjectSchema
    values: JsonObject
    row: PackConfig | None

    @property
    def effective(self) -> JsonObject:
        return {**self.schema.defaults, **self.values}


def schema_of(pack: Pack) -> ObjectSchema:
    """What the version that serves declares. `current` must be loaded."""
    return ObjectSchema(pack.current.config_schema if pack.current else {})


def show_config(pack: Pack) -> ConfigShown:
    row, schema = PackConfig.objects.filter(pack=pack).select_related("updated_by").first(), schema_of(pack)
    if row is None:
        return ConfigShown(schema, {}, None)
    secret = {name: MASK for name in row.secrets if name in schema.properties}
    return ConfigShown(schema, {**schema.masked(_declared(schema, row.values)), **secret}, row)


@transaction.atomic
def set_config(pack: Pack, given: JsonObject, *, by: "Identity | None") -> ConfigShown:
    """Replaces what was set. A secret field that is left out, or given as `***`, stays; null takes it away. One that
    was secret in an earlier version of the pack, and is given as `***`, stays a secret.

    `by` None is Attune itself. Raises `Forbidden`, and `Invalid` with a pointer for each field that does not fit the
    schema.
    """
    if by is not None:
        require(by, Verb.PACK_MANAGE, on=pack)
    Pack.objects.select_for_update().get(pk=pack.pk)  # one writer at a time, also where there is no row yet
    row, schema = PackConfig.objects.filter(pack=pack).first(), schema_of(pack)
    secrets = _secrets_after(_secrets_of(pack, row, schema), given, schema)
    values = {name: value for name, value in given.items() if name not in schema.secrets | set(secrets)}
    _check(schema, {**schema.defaults, **values, **secrets})
    sealed = keyring().seal(orjson.dumps(secrets), bound_to=PackConfig.bound_to(pack.uuid)) if secrets else None
    fields = {"values": values, "sealed": sealed, "secrets": sorted(secrets), "updated_by": by, "updated_at": Now()}
    PackConfig.objects.update_or_create(pack=pack, defaults=fields)
    return show_config(pack)


def given_config(pack_ref: str, digest: str) -> ConfigGiven:
    """What an action of this version gets: set values that it declares, over its defaults.

    Raises `SealBroken` when the secret ones cannot be opened.
    """
    schema = _pinned_schema(pack_ref, digest)
    if not schema.properties:
        return ConfigGiven({}, {})
    row = single(PackConfig.objects.select_related("pack").filter(pack__ref=pack_ref, pack__versions__digest=digest))
    if row is None:
        return ConfigGiven(dict(schema.defaults), {})
    secrets = _secrets_of(row.pack, row, schema)
    return ConfigGiven({**schema.defaults, **_declared(schema, row.values), **secrets}, secrets)


@lru_cache(maxsize=1024)
def _pinned_schema(pack_ref: str, digest: str) -> ObjectSchema:
    """A digest names the content, so this never changes; most packs declare nothing, and cost no query."""
    found = PackVersion.objects.filter(pack__ref=pack_ref, digest=digest).values_list("config_schema", flat=True)
    return ObjectSchema(found.first() or {})


def _declared(schema: ObjectSchema, values: Mapping[str, object]) -> JsonObject:
    return {name: value for name, value in values.items() if name in schema.properties}


def _secrets_of(pack: Pack, row: PackConfig | None, schema: ObjectSchema) -> JsonObject:
    """Those that are sealed, and those that were given before a later version of the pack called them secret."""
    if row is None:
        return {}
    unsealed = {name: value for name, value in row.values.items() if name in schema.secrets}
    return {**unsealed, **_declared(schema, _opened(pack, row))}


def _opened(pack: Pack, row: PackConfig) -> JsonObject:
    if row.sealed is None:
        return {}
    opened: JsonObject = orjson.loads(keyring().open(bytes(row.sealed), bound_to=PackConfig.bound_to(pack.uuid)))
    return opened


def _secrets_after(kept: JsonObject, given: JsonObject, schema: ObjectSchema) -> JsonObject:
    secrets = {name: value for name, value in kept.items() if name in schema.secrets or given.get(name) == MASK}
    for name in schema.secrets & set(given):
        if given[name] is None:
            secrets.pop(name, None)
        elif given[name] != MASK:
            secrets[name] = given[name]
    return secrets


def _check(schema: ObjectSchema, values: JsonObject) -> None:
    if errors := schema.errors(values, pointer="/values"):
        raise Invalid("The configuration does not fit the pack's config.schema.yaml.", errors=errors)
    size = len(orjson.dumps(values))
    if size > MAX_CONFIG_BYTES:
        detail = f"{size} bytes; at most {MAX_CONFIG_BYTES} are taken"
        raise Invalid("The configuration is too large.", errors=[FieldError("/values", "too_large", detail)])
