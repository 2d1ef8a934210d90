"""Who may post to a webhook: asked of every request, before anything of its body is looked at.

Whoever proves nothing hears one sentence, whatever is wrong; the true reason is for the log.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, may
from apps.accounts.services.tokens import prove_token
from apps.core.crypto import SealBroken
from apps.core.errors import Unproven
from apps.triggers.models import Webhook, WebhookSecret
from apps.triggers.webhooks.secrets import opened
from apps.triggers.webhooks.signatures import SCHEMES, fingerprint, is_one_of, mistake, sign

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

TYPE_REF = "core.webhook"
TOKEN_HEADER = "X-Attune-Token"  # noqa: S105 - the name of a header
#: Whoever may send events of this type by hand may post to every webhook.
_EVERYWHERE = Place(pack="core", ref=TYPE_REF)
_DECOY = b"whs_of-no-webhook"


class NotProven(Unproven):
    """There is no such webhook, or the request does not prove that it may post to it."""

    code = "not_proven"

    def __init__(self, reason: str) -> None:
        """`reason` is a code for the log; it stands in no answer."""
        self.reason = reason
        super().__init__()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. `headers` are found in any case; `token` is that of the query."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    query: bytes = b""
    token: str = ""
    address: str = ""


@dataclass(frozen=True)
class Proof:
    """`fingerprint` tells a signed delivery from every other; `identity` is whose API token was shown."""

    fingerprint: bytes | None = None
    identity: "Identity | None" = None


def prove(webhook: Webhook | None, call: Call, sealed: Sequence[WebhookSecret]) -> Proof:
    """Holds the call against the webhook's secrets. Raises `NotProven`; for a webhook that there is not, it works as
    long as for one that there is."""
    if webhook is None:
        sign(SCHEMES["hmac"], _DECOY, call.body, timestamp="0")
        raise NotProven("unknown_webhook")
    secrets = _opened(webhook, sealed)
    scheme = SCHEMES.get(webhook.authentication)
    if scheme is None:
        return _by_token(webhook, call, secrets)
    if not secrets:
        sign(scheme, _DECOY, call.body, timestamp="0")
        raise NotProven("no_secret")
    wrong = mistake(scheme, secrets, headers=call.headers, body=call.body, now=time.time())
    if wrong is not None:
        raise NotProven(wrong)
    return Proof(fingerprint(scheme, call.headers))


def _opened(webhook: Webhook, sealed: Sequence[WebhookSecret]) -> Sequence[bytes]:
    try:
        return opened(sealed)
    except SealBroken as error:
        logger.warning("webhook %s: its secret does not open; rotate it: %s", webhook.url, error)
        raise NotProven("broken_secret") from error


def _by_token(webhook: Webhook, call: Call, secrets: Sequence[bytes]) -> Proof:
    """A token of the webhook, in a header or the query; or an API token of somebody who may send events."""
    if own := call.headers.get(TOKEN_HEADER) or call.token:
        if not is_one_of(own, secrets):
            raise NotProven("wrong_token" if secrets else "no_secret")
        return Proof()
    scheme, _, text = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotProven("no_token")
    token = prove_token(text.strip())
    if token is None:
        raise NotProven("wrong_token")
    if not any(may(token.identity, Verb.EVENT_SEND, on=place) for place in (webhook.where, _EVERYWHERE)):
        raise NotProven("may_not_send")
    return Proof(identity=token.identity)
