"""What a policy may say, by its kind: the same over REST, in a form, and in a pack's file. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from apps.actions.definition import RetryRule
from apps.actions.files import RETRY, key_mistakes, never_full
from apps.core.errors import FieldError
from apps.core.schema import value_errors
from apps.core.types import JsonObject
from apps.executions.models.policy import MOST_IN_WINDOW, Policy

_OF_GATES = ("key", "when_full", "max_waiting", "expires_s")
#: Of each kind: what it cannot do without, and what it may say besides.
FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Policy.Kind.CONCURRENCY: (("limit",), _OF_GATES),
    Policy.Kind.RATE: (("limit", "window_s"), _OF_GATES),
    Policy.Kind.RETRY: (("retry",), ()),
    Policy.Kind.TIMEOUT: (("timeout_s",), ()),
}


def said_by(policy: Policy) -> JsonObject:
    """What a policy says, without what another kind would."""
    needed, allowed = FIELDS[policy.kind]
    return {name: getattr(policy, name) for name in (*needed, *allowed)}


def mistakes(
    kind: str, said: Mapping[str, Any], *, parameters: Mapping[str, JsonObject] | None = None
) -> list[FieldError]:
    """Everything that contradicts the kind or itself; ranges and types are checked before.

    `parameters` are those a key may name; None where nobody knows.
    """
    given = {name: value for name, value in said.items() if value is not None}
    needed, allowed = FIELDS[kind]
    errors = [_at(name, "required", f"a {kind} policy needs {name}") for name in needed if name not in given]
    for name in given:
        if name not in (*needed, *allowed):
            errors.append(_at(name, "contradiction", f"a {kind} policy has no {name}"))
    if kind == Policy.Kind.RATE and given.get("limit", 0) > MOST_IN_WINDOW:
        errors.append(_at("limit", "max_value", f"at most {MOST_IN_WINDOW:,} in a window are remembered"))
    if "retry" in given and kind == Policy.Kind.RETRY:
        errors += _retry_mistakes(given["retry"])
    if problem := never_full(given):
        errors.append(_at("max_waiting", "contradiction", problem))
    if "key" in given and "key" in allowed:
        errors += [_at("key", "bad_key", detail) for detail, _ in key_mistakes(given["key"], parameters)]
    return errors


def _retry_mistakes(rule: JsonObject) -> list[FieldError]:
    found = [FieldError(f"/retry{error.pointer}", error.code, error.detail) for error in value_errors(RETRY, rule)]
    if not found and rule.get("delay_s", RetryRule.delay_s) > rule.get("max_delay_s", RetryRule.max_delay_s):
        found.append(_at("retry/delay_s", "contradiction", "the delay is longer than the longest one, max_delay_s"))
    return found


def declared_by(actions: Iterable[Mapping[str, JsonObject]]) -> Mapping[str, JsonObject]:
    """The parameters of several actions together; one that is secret in some of them is secret."""
    together: dict[str, JsonObject] = {}
    for parameters in actions:
        for name, schema in parameters.items():
            if name not in together or schema.get("secret"):
                together[name] = schema
    return together


def completed(values: JsonObject) -> JsonObject:
    """Columns of a policy: a retry rule with every default filled in, so that later defaults change nothing."""
    if values.get("retry") is None:
        return values
    rule = asdict(RetryRule.from_json(values["retry"]))
    return {**values, "retry": {**rule, "on": list(rule["on"])}}


def _at(name: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/{name}", code, detail)
