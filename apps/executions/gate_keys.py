"""Whose key a gate is for: the text for who sees every execution, a digest for everybody else.

A key is made from the parameters of whoever waits there, and gates are seen by all. Who sees an execution sees its own
keys with it (`waiting`).
"""

from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from apps.accounts.permissions import Verb
from apps.accounts.rights import rights_of
from apps.core.types import JsonObject
from apps.executions.models import Gate

if TYPE_CHECKING:
    from apps.accounts.models import Identity

_DIGITS = 8


def key_facts(gate: Gate, reader: "Identity") -> JsonObject:
    """`{key, key_digest}`; both null where the policy has no key.

    The digest tells gates apart; made with the secret of this Attune, it cannot be found by trying values.
    """
    if not gate.key_text:
        return {"key": None, "key_digest": None}
    return {"key": gate.key_text if may_see_keys(reader) else None, "key_digest": _digest(gate)}


def shown_key(gate: Gate, reader: "Identity") -> str:
    """In one word; empty where the policy has no key."""
    facts = key_facts(gate, reader)
    return str(facts["key"] or (f"#{facts['key_digest']}" if facts["key_digest"] else ""))


def may_see_keys(reader: "Identity") -> bool:
    """Who sees every execution, parameters included, would find the key there, too."""
    return rights_of(reader).everywhere(Verb.EXECUTION_VIEW)


def _digest(gate: Gate) -> str:
    return salted_hmac("attune.gate.key", gate.key_hash, algorithm="sha256").hexdigest()[:_DIGITS]
