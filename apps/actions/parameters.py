"""Turns the parameters somebody gave into those an action gets, secret ones apart."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.core.errors import FieldError, Invalid
from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import escape


class InvalidParameters(Invalid):
    """The parameters do not fit the action."""

    code = "invalid_parameters"


@dataclass(frozen=True)
class Prepared:
    """`public` may be shown to whoever sees the execution; `secret` is encrypted before it is stored."""

    public: JsonObject
    secret: JsonObject


def prepare(
    schema: ObjectSchema,
    given: Mapping[str, JsonValue],
    *,
    pointer: str = "/parameters",
    kept: Collection[str] = (),
) -> Prepared:
    """Defaults filled in, everything checked. Raises `InvalidParameters` with a JSON pointer for each mistake.

    `kept` are secret parameters that are there already, sealed: they are not missing, and no default takes their place.
    """
    kept = (schema.secrets & set(kept)) - schema.immutable
    errors = [
        FieldError(f"{pointer}/{escape(name)}", "immutable", f"{name} is fixed by the action and cannot be given")
        for name in given
        if name in schema.immutable
    ]
    defaults = {name: value for name, value in schema.defaults.items() if name not in kept}
    filled = {**defaults, **{name: value for name, value in given.items() if name not in schema.immutable}}
    present = {f"{pointer}/{escape(name)}" for name in kept}
    errors += [
        error
        for error in schema.errors(filled, pointer=pointer)
        if not (error.code == "required" and error.pointer in present)
    ]
    if errors:
        raise InvalidParameters(errors=errors)
    secret = {name: value for name, value in filled.items() if name in schema.secrets}
    return Prepared({name: value for name, value in filled.items() if name not in secret}, secret)
