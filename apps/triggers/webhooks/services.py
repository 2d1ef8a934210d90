"""Makes, changes and removes webhooks, and replaces their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict, FieldError, Invalid, NotFound
from apps.triggers.models import Webhook
from apps.triggers.webhooks import addresses, headers, secrets

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Deliveries a minute of a webhook that was made without saying how many.
DEFAULT_RATE_PER_MINUTE = 6000
MAX_RATE_PER_MINUTE = 1_000_000
#: For how long the secret before the newest one counts.
DEFAULT_GRACE = timedelta(hours=24)
MAX_GRACE = timedelta(days=30)
#: Headers that one webhook keeps besides those every one does.
MAX_HEADERS = 20


class UnknownWebhook(NotFound):
    """There is no such webhook."""

    code = "unknown_webhook"


class WebhookTaken(Conflict):
    """There is a webhook at this url already."""

    code = "webhook_taken"


@dataclass(frozen=True)
class Secreted:
    """`secret` is shown once, to whoever asked for it; empty where it was theirs."""

    webhook: Webhook
    secret: str


def get_webhook(identity: "Identity", url: str, *, to: Verb = Verb.WEBHOOK_VIEW) -> Webhook:
    """One that `identity` may see, and do `to` with. Raises `UnknownWebhook`, `Forbidden`."""
    rows = Webhook.objects.visible_to(identity).select_related("created_by").prefetch_related("secrets")
    webhook = rows.filter(url=url).first()
    if webhook is None:
        raise UnknownWebhook(f"There is no webhook {url}.")
    require(identity, to, on=webhook)
    return webhook


def create_webhook(
    identity: "Identity", *, url: str, authentication: str, secret: str | None = None, pack_ref: str = "", **said: Any
) -> Secreted:
    """A webhook with a secret, its own or `secret`. Raises `Forbidden`, `Invalid`, `WebhookTaken`."""
    require(identity, Verb.WEBHOOK_MANAGE, on=Place(pack=pack_ref or None, ref=url))
    errors = _mistakes(said) + (
        [FieldError("/url", "invalid_url", text)] if (text := addresses.mistake_of(url)) else []
    )
    if errors:
        raise Invalid(errors=errors)
    said.setdefault("rate_per_minute", DEFAULT_RATE_PER_MINUTE)
    row = Webhook(url=url, authentication=authentication, pack_ref=pack_ref, created_by=identity, **said)
    text_of = secret or secrets.fresh()
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise WebhookTaken(f"There is a webhook at {url} already.") from error
        secrets.add(row, text_of, grace=timedelta(0), now=timezone.now())
    return Secreted(get_webhook(identity, url), "" if secret else text_of)


def change_webhook(webhook: Webhook, *, by: "Identity", **changes: Any) -> None:
    """In force from the next delivery on. Raises `Forbidden`, `Invalid`, `UnknownWebhook`."""
    require(by, Verb.WEBHOOK_MANAGE, on=webhook)
    if errors := _mistakes(changes):
        raise Invalid(errors=errors)
    if not Webhook.objects.filter(pk=webhook.pk).update(**changes, updated_at=Now()):
        raise UnknownWebhook(f"There is no webhook {webhook.url}.")


def delete_webhook(webhook: Webhook, *, by: "Identity") -> None:
    """With its secrets and its log; its events stay. Raises `Forbidden`, `UnknownWebhook`."""
    require(by, Verb.WEBHOOK_MANAGE, on=webhook)
    deleted, _ = Webhook.objects.filter(pk=webhook.pk).delete()
    if not deleted:
        raise UnknownWebhook(f"There is no webhook {webhook.url}.")


@transaction.atomic
def rotate_secret(
    webhook: Webhook, *, by: "Identity", secret: str | None = None, grace: timedelta = DEFAULT_GRACE
) -> Secreted:
    """A new secret; the one before counts for `grace` more, those before that no longer. Raises `Forbidden`,
    `UnknownWebhook`."""
    require(by, Verb.WEBHOOK_MANAGE, on=webhook)
    row = Webhook.objects.select_for_update(no_key=True).filter(pk=webhook.pk).first()
    if row is None:
        raise UnknownWebhook(f"There is no webhook {webhook.url}.")
    text = secret or secrets.fresh()
    secrets.add(row, text, grace=grace, now=timezone.now())
    Webhook.objects.filter(pk=row.pk).update(updated_at=Now())
    return Secreted(get_webhook(by, row.url), "" if secret else text)


def ensure_webhooks(urls: Sequence[str]) -> None:
    """Rules listen there: where there is no webhook, one is made that takes API tokens, until it is given a secret."""
    rows = [
        Webhook(
            url=url,
            authentication=Webhook.Authentication.TOKEN,
            rate_per_minute=DEFAULT_RATE_PER_MINUTE,
            description="made for a rule that listens to it",
        )
        for url in urls
        if addresses.mistake_of(url) is None
    ]
    Webhook.objects.bulk_create(rows, ignore_conflicts=True)


def _mistakes(said: Mapping[str, Any]) -> list[FieldError]:
    names = said.get("headers", ())
    return [
        FieldError(f"/headers/{index}", "invalid_header", text)
        for index, name in enumerate(names)
        if (text := headers.mistake_of_name(name))
    ]
