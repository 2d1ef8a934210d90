"""Takes a delivery: proof, rate, content, and then the event with its line in the log, all or nothing."""

import logging

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.core.errors import AttuneError, Forbidden
from apps.core.types import JsonObject
from apps.triggers.models import SignedDelivery, Webhook
from apps.triggers.services.event_rows import Delivery, Recorded
from apps.triggers.services.events import Occurrence, record
from apps.triggers.webhooks import headers, log, rate, secrets
from apps.triggers.webhooks.bodies import read_body, read_query
from apps.triggers.webhooks.proof import TYPE_REF, Call, NotProven, Proof, prove
from apps.triggers.webhooks.signatures import SCHEMES

logger = logging.getLogger(__name__)

#: Parameters of the address that are no part of an event.
OWN_PARAMETERS = frozenset({"token", "wait", "wait_s"})


class WebhookDisabled(Forbidden):
    """This webhook is switched off."""

    code = "webhook_disabled"


class MayNotWait(Forbidden):
    """This webhook does not give results out: post without `wait`."""

    code = "may_not_wait"


class _Replayed(Exception):
    """The signature has been accepted before: what was written is taken back."""


def receive(call: Call, *, is_waiting: bool = False) -> Recorded:
    """The event that this delivery is; an earlier one where it was here before.

    Raises `NotProven`, `WebhookDisabled`, `MayNotWait`, `WebhookRateReached`, `InvalidBody`, `UnreadableKind`,
    `InvalidQuery`, `InvalidDelivery`, `InvalidPayload`; each is in the log with its reason.
    """
    webhook, sealed = secrets.find(call.url, now=timezone.now())
    try:
        proof = prove(webhook, call, sealed)
        assert webhook is not None
        _check_open(webhook, is_waiting=is_waiting)
        delivery_id = headers.delivery_of(call.headers)
        payload = _payload(webhook, call, delivery_id)
        return _record(webhook, call, proof, payload)
    except AttuneError as error:
        _tell(webhook, call, error)
        raise


def _check_open(webhook: Webhook, *, is_waiting: bool) -> None:
    if not webhook.is_enabled:
        raise WebhookDisabled
    if is_waiting and not webhook.may_wait:
        raise MayNotWait
    rate.take(str(webhook.pk), per_minute=webhook.rate_per_minute)


def _payload(webhook: Webhook, call: Call, delivery_id: str) -> JsonObject:
    scheme = SCHEMES.get(webhook.authentication)
    field = scheme.form_field if scheme else None
    return {
        "url": webhook.url,
        "method": "POST",
        "headers": headers.kept(call.headers, more=webhook.headers),
        "query": read_query(call.query, without=OWN_PARAMETERS),
        "body": read_body(call.body, content_type=call.headers.get("Content-Type", ""), form_field=field),
        "delivery": delivery_id or None,
    }


def _record(webhook: Webhook, call: Call, proof: Proof, payload: JsonObject) -> Recorded:
    try:
        return _recorded(webhook, call, proof, payload)
    except (IntegrityError, SignedDelivery.DoesNotExist) as error:
        if Webhook.objects.filter(pk=webhook.pk).exists():
            raise
        raise NotProven("unknown_webhook") from error  # by now


def _recorded(webhook: Webhook, call: Call, proof: Proof, payload: JsonObject) -> Recorded:
    occurrence = _occurrence(webhook, call, proof, payload)
    try:
        recorded = (
            _record_once(webhook, occurrence, proof.fingerprint) if proof.fingerprint else record([occurrence])[0]
        )
    except _Replayed:
        earlier = SignedDelivery.objects.get(webhook=webhook, fingerprint=proof.fingerprint)
        recorded = Recorded(earlier.event_id, is_new=False)
    if not recorded.is_new:
        log.write_repeated(webhook, call, event_id=recorded.event_id, delivery_id=payload["delivery"] or "")
    return recorded


@transaction.atomic
def _record_once(webhook: Webhook, occurrence: Occurrence, fingerprint: bytes) -> Recorded:
    (recorded,) = record([occurrence])
    if not _is_first(webhook, fingerprint, recorded):
        raise _Replayed
    return recorded


def _occurrence(webhook: Webhook, call: Call, proof: Proof, payload: JsonObject) -> Occurrence:
    return Occurrence(
        type_ref=TYPE_REF,
        parameters={"url": webhook.url},
        payload=payload,
        source="webhook",
        source_ref=webhook.url,
        # By the row: one that is made anew under the same url knows no deliveries of the old one.
        dedupe_key=f"{webhook.pk}:{payload['delivery']}" if payload["delivery"] else None,
        sent_by=proof.identity,
        delivery=Delivery(
            webhook_id=webhook.pk,
            delivery_id=payload["delivery"] or "",
            address=call.address,
            size=len(call.body),
        ),
    )


def _is_first(webhook: Webhook, fingerprint: bytes, recorded: Recorded) -> bool:
    """Waits for a request with the same signature that is still being taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO triggers_signeddelivery (webhook_id, fingerprint, event_id) VALUES (%s, %s, %s)"
            " ON CONFLICT (webhook_id, fingerprint) DO NOTHING",
            [webhook.pk, fingerprint, recorded.event_id],
        )
        return cursor.rowcount == 1 or not recorded.is_new


def _tell(webhook: Webhook | None, call: Call, error: AttuneError) -> None:
    reason = error.reason if isinstance(error, NotProven) else error.code
    logger.info("webhook %s: refused from %s: %s", call.url, call.address or "a socket", reason)
    log.write_refusal(webhook, call, error, reason=reason)
