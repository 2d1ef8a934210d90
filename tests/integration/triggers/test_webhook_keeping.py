"""What becomes of webhooks beside their deliveries: keys rotate, logs stay short, rules find theirs."""

import base64
import os
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from apps.core.crypto import Keyring, key_id_of, keyring
from apps.keys.rotation import rotate
from apps.triggers.listening import InvalidTriggerParameters, set_listened, trigger_for
from apps.triggers.models import SignedDelivery, TriggerType, Webhook, WebhookDelivery, WebhookSecret
from apps.triggers.webhooks import retention
from apps.triggers.webhooks.signatures import SCHEMES
from tests.integration.triggers.conftest import SECRET, Make, deliver, post, signed


def test_secrets_are_sealed_anew_when_the_keyring_changes(make: Make, settings: Settings) -> None:
    webhook = make()
    new = Keyring({"new": os.urandom(32), **keyring().keys})
    settings.ATTUNE_ENCRYPTION_KEYS = "\n".join(f"{k}:{base64.b64encode(v).decode()}" for k, v in new.keys.items())
    assert rotate(new).done["secrets of webhooks"] == 1
    assert key_id_of(bytes(WebhookSecret.objects.get(webhook=webhook).sealed)) == "new"
    assert deliver("deploy").status == 202


def test_a_secret_moved_to_another_webhook_does_not_open(make: Make) -> None:
    first, second = make(), make("other", secret="whs_of-the-other-one")
    moved = WebhookSecret.objects.get(webhook=second)
    moved.sealed = WebhookSecret.objects.get(webhook=first).sealed
    moved.save()
    assert post("other", headers=signed(b"{}", secret=SECRET)).status == 401
    assert WebhookDelivery.objects.get().reason == "broken_secret"
    assert deliver("deploy").status == 202


def test_the_newest_deliveries_of_each_webhook_are_kept(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "KEPT", 3)
    for webhook, count in ((make(), 5), (make("other"), 2)):
        rows = [WebhookDelivery(webhook=webhook, outcome="accepted", status=202, size=n) for n in range(count)]
        WebhookDelivery.objects.bulk_create(rows)
    assert retention.collect_deliveries() == 2
    assert list(WebhookDelivery.objects.order_by("id").values_list("webhook__url", "size")) == [
        ("deploy", 2), ("deploy", 3), ("deploy", 4), ("other", 0), ("other", 1),
    ]  # fmt: skip
    assert retention.collect_deliveries() == 0


def test_old_deliveries_and_signatures_go(make: Make, settings: Settings) -> None:
    webhook = make()
    old = timezone.now() - timedelta(days=31)
    WebhookDelivery.objects.create(webhook=webhook, outcome="accepted", status=202, size=0, at=old)
    SignedDelivery.objects.create(webhook=webhook, fingerprint=b"0" * 32, event_id=1, at=old)
    assert deliver("deploy").status == 202
    settings.ATTUNE_RETENTION_DELIVERIES = None
    assert retention.collect_deliveries() == 0
    settings.ATTUNE_RETENTION_DELIVERIES = timedelta(days=30)
    assert (retention.collect_deliveries(), retention.collect_signatures()) == (1, 1)
    assert (WebhookDelivery.objects.count(), SignedDelivery.objects.count()) == (1, 1)


def test_a_signature_is_remembered_for_longer_than_it_is_good() -> None:
    from apps.triggers.webhooks.signatures import TOLERANCE_S

    assert timedelta(seconds=2 * TOLERANCE_S) < retention._SIGNATURE_LIFE


def test_a_rule_that_listens_finds_a_webhook_there(core_webhook: TriggerType, make: Make) -> None:
    make("there")
    triggers = [trigger_for("core.webhook", {"url": url}) for url in ("there", "new/one")]
    with transaction.atomic():
        set_listened({trigger.pk: True for trigger in triggers})
    made = Webhook.objects.get(url="new/one")
    assert (made.authentication, made.created_by, made.secrets.count()) == ("token", None, 0)
    assert Webhook.objects.get(url="there").authentication == "hmac"
    with transaction.atomic():
        set_listened({trigger.pk: False for trigger in triggers})
    assert Webhook.objects.count() == 2


def test_nobody_listens_to_a_url_that_cannot_be(core_webhook: TriggerType) -> None:
    with pytest.raises(InvalidTriggerParameters) as caught:
        trigger_for("core.webhook", {"url": "/deploy"}, pointer="/trigger/parameters")
    assert [error.as_json()["pointer"] for error in caught.value.errors] == ["/trigger/parameters/url"]


def test_a_webhook_may_be_proven_by_a_token_or_a_scheme_of_the_table() -> None:
    assert set(Webhook.Authentication.values) == {"token", *SCHEMES}
