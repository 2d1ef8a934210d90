"""Seals secret outputs when an execution ends, and hands them on to executions that refer to them."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import orjson

from apps.actions.parameters import InvalidParameters
from apps.core.crypto import keyring
from apps.core.errors import FieldError
from apps.core.types import JsonObject, JsonValue
from apps.executions.models import Execution, SecretOutputs
from apps.runner.jsonvalue import escape

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: The one key of a value that refers to a secret output: `{"$secret": {"execution": 17, "output": "token"}}`.
REFERENCE = "$secret"


def keep_outputs(execution_id: int, values: JsonObject) -> None:
    """Seals what an execution gave back in secret. Once: an execution ends once."""
    sealed = keyring().seal(orjson.dumps(values), bound_to=SecretOutputs.bound_to(execution_id))
    SecretOutputs.objects.create(execution_id=execution_id, sealed=sealed)


def with_outputs(identity: "Identity", parameters: JsonObject, *, secret: Collection[str], pointer: str) -> JsonObject:
    """`parameters` with each reference to a secret output, given for a secret parameter, replaced by its value.

    Raises `InvalidParameters` for a malformed reference, and for an output that does not exist or belongs to an
    execution which `identity` may not see: nobody learns which.
    """
    referring = [name for name in parameters if name in secret and _is_reference(parameters[name])]
    if not referring:
        return parameters
    found, errors = dict(parameters), []
    for name in referring:
        try:
            found[name] = _output(identity, parameters[name][REFERENCE])
        except LookupError as error:
            errors.append(FieldError(f"{pointer}/{escape(name)}", "unknown_secret_output", str(error)))
    if errors:
        raise InvalidParameters(errors=errors)
    return found


def _is_reference(value: JsonValue) -> bool:
    return isinstance(value, dict) and set(value) == {REFERENCE}


def _output(identity: "Identity", reference: JsonValue) -> JsonValue:
    match reference:
        case {"execution": int(execution_id), "output": str(name), **more} if not more and 0 < execution_id < 2**63:
            row = SecretOutputs.objects.filter(
                execution_id=execution_id, execution__in=Execution.objects.visible_to(identity)
            ).first()
        case _:
            raise LookupError(f'a reference is {{"{REFERENCE}": {{"execution": id, "output": name}}}}')
    values: JsonObject = {}
    if row is not None:
        values = orjson.loads(keyring().open(bytes(row.sealed), bound_to=SecretOutputs.bound_to(row.pk)))
    if name not in values:
        raise LookupError(f"there is no execution {execution_id} with a secret output {name}")
    return values[name]
