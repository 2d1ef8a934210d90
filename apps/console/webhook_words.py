"""Webhooks in words: the line of curl that posts to one, and what the reasons of refusals mean."""

import shlex
from collections.abc import Mapping

from apps.triggers.models import Webhook

#: What a shell has instead of a secret that is not shown.
_VARIABLE = "$ATTUNE_WEBHOOK_SECRET"
#: Of codes in the log of deliveries that do not say enough.
REASONS: Mapping[str, str] = {
    "no_token": "the request carried no token",
    "no_signature": "the request was not signed, or in another form",
    "no_timestamp": "the signature came without the time of signing",
    "wrong_token": "a token of another webhook, or an old one",
    "wrong_signature": "signed with another secret, or changed on the way",
    "old_signature": "more than 300 s away: look at the sender's clock",
    "no_secret": "it has no secret that this could be proof of: rotate it",
    "broken_secret": "its secret was sealed with a key that is gone: rotate it",
    "may_not_send": "the API token's owner has no event.send here",
    "may_not_wait": "the sender wanted the result, which this webhook does not tell",
    "webhook_disabled": "it was disabled",
    "webhook_rate_reached": "more came than its rate",
    "invalid_body": "the body could not be read",
    "invalid_query": "the query could not be read",
    "invalid_delivery": "the name of the delivery is none",
    "invalid_payload": "the payload does not fit the trigger",
    "unreadable_kind": "neither JSON nor a form nor text",
}


def curl_of(webhook: Webhook, address: str, *, secret: str = "", has_secret: bool = True) -> str:
    """Lines for a shell that post something. `secret` is one of our making; without, it stands in a variable.

    Where there is none at all, they prove themselves with an API token.
    """
    shown = secret or _VARIABLE
    names, proof = _PROOFS[webhook.authentication] if has_secret else _API_TOKEN
    headers = "".join(f" \\\n  -H {header.replace(_VARIABLE, shown)}" for header in proof)
    return (
        f"""body='{{"hello": "world"}}'{names}\n"""
        f"curl {shlex.quote(address)} \\\n  -H 'Content-Type: application/json'{headers} \\\n  -d \"$body\""
    )


def _hmac(text: str) -> str:
    return f"""$(printf %s "{text}" | openssl dgst -sha256 -hmac "{_VARIABLE}" -r | cut -c1-64)"""


_API_TOKEN = ("", ('"Authorization: Bearer $ATTUNE_TOKEN"',))
#: What is said before, and the headers.
_PROOFS = {
    "token": ("", (f'"X-Attune-Token: {_VARIABLE}"',)),
    "github": ("", (f'"X-Hub-Signature-256: sha256={_hmac("$body")}"',)),
    "hmac": (
        " now=$(date +%s)",
        ('"X-Attune-Timestamp: $now"', f'"X-Attune-Signature: v1={_hmac("$now.$body")}"'),
    ),
}
