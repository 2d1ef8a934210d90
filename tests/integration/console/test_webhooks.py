"""Webhooks: made, shown with a line of curl, switched, and the log of what was posted."""

import re
import subprocess
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.triggers.models import Event, TriggerType, Webhook, WebhookDelivery
from apps.triggers.webhooks.proof import TYPE_REF
from apps.triggers.webhooks.secrets import find, opened
from apps.triggers.webhooks.services import create_webhook
from tests.factories import make_action
from tests.factories.rules import make_rule
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People, make_identity

LIST = "/admin/webhooks/"
NEW = f"{LIST}new/"
SECRET = "whs_of-the-tests-0001"
EVIL = "<script>alert(1)</script>"
GOOD = {"url": "github/pushes", "authentication": "github", "rate_per_minute": "60", "headers": "X-Priority\n"}


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    TriggerType.objects.create(ref=TYPE_REF, pack_ref="core", name="webhook", parameters_schema={"type": "object"})
    return visit(people.administrator)


def make_webhook(people: People, url: str = "deploy", **said: Any) -> Webhook:
    given = {"authentication": "hmac", "secret": SECRET, **said}
    return create_webhook(people.administrator, url=url, **given).webhook


def deliver(webhook: Webhook, **said: Any) -> WebhookDelivery:
    given = {"outcome": "accepted", "status": 202, "size": 12, **said}
    return WebhookDelivery.objects.create(webhook=webhook, **given)


def page_of(webhook: Webhook) -> str:
    return f"{LIST}{webhook.pk}/"


def shown_secret(text: str) -> str:
    found = re.search(r">(whs_\w{40})<", text)
    assert found is not None
    return found[1]


def test_webhooks_are_listed_with_their_last_delivery(administrator: Client, people: People) -> None:
    first = make_webhook(people, description=EVIL)
    make_webhook(people, "other", rate_per_minute=None, is_enabled=False)
    before = statements_of(administrator, LIST)
    for url in ("a", "b", "c"):
        deliver(make_webhook(people, url), outcome="refused", reason="no_token", status=401)
    deliver(first)
    text = look(administrator, LIST)
    assert EVIL not in text
    assert "∞" in text
    assert ">disabled<" in text
    assert text.count(">refused</span>") == 3
    assert text.count(">accepted</span>") == 1
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    assert "No webhook has nothing" in look(administrator, f"{LIST}?q=nothing")
    assert "other" not in look(administrator, f"{LIST}?q=deplo")


def test_one_is_made_and_its_secret_shown_once(administrator: Client) -> None:
    assert "Url" in look(administrator, NEW)
    answer = administrator.post(NEW, GOOD)
    text, webhook = answer.content.decode(), Webhook.objects.get()
    secret = shown_secret(text)
    assert living_text(webhook) == [secret]
    assert "no-store" in answer.headers["Cache-Control"]
    assert f'action="{page_of(webhook)}"' in text
    assert (webhook.url, webhook.authentication, webhook.rate_per_minute) == ("github/pushes", "github", 60)
    assert (webhook.headers, webhook.may_wait) == (["X-Priority"], False)
    again = look(administrator, page_of(webhook))
    assert secret not in again
    assert "$ATTUNE_WEBHOOK_SECRET" in again


def test_a_secret_that_the_sender_chose_is_never_shown(administrator: Client) -> None:
    refused = administrator.post(NEW, {**GOOD, "secret": SECRET, "rate_per_minute": "0"})
    assert SECRET not in refused.content.decode()
    made = administrator.post(NEW, {**GOOD, "secret": SECRET}, follow=True)
    assert SECRET not in made.content.decode()
    assert living_text(Webhook.objects.get()) == [SECRET]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": ""}, "This field is required"),
        ({"url": "a//b"}, "segments of letters"),
        ({"url": "../admin"}, "segments of letters"),
        ({"url": "a b"}, "segments of letters"),
        ({"url": "builds/rotate"}, "the last segment cannot be rotate"),
        ({"url": "x" * 201}, "at most 200 characters"),
        ({"url": "x\0"}, "Null characters are not allowed"),
        ({"url": "deploy"}, "There is a webhook at deploy already"),
        ({"authentication": "trust"}, "Select a valid choice"),
        ({"rate_per_minute": "0"}, "greater than or equal to 1"),
        ({"rate_per_minute": "9" * 30}, "less than or equal to"),
        ({"headers": "X-Auth-Token"}, "may hold a secret"),
        ({"headers": "a b"}, "letters, digits and hyphens"),
        ({"headers": "\n".join(f"X-{number}" for number in range(21))}, "At most 20 headers"),
        ({"secret": "short"}, "at least 16 characters"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    administrator: Client, people: People, wrong: dict[str, str], told: str
) -> None:
    make_webhook(people)
    answer = administrator.post(NEW, {**GOOD, **wrong})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert told in text
    assert "a-field-wrong" in text
    assert Webhook.objects.count() == 1


def test_one_is_changed_and_mistakes_are_told_at_their_fields(administrator: Client, people: People) -> None:
    webhook = make_webhook(people)
    said = {"deed": "change", "authentication": "token", "rate_per_minute": "", "headers": "", "may_wait": "on"}
    assert administrator.post(page_of(webhook), said).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.authentication, webhook.rate_per_minute, webhook.may_wait) == ("token", None, True)
    refused = administrator.post(page_of(webhook), {**said, "headers": "Cookie"})
    assert refused.status_code == 400
    assert "may hold a secret" in refused.content.decode()


def test_one_is_switched_off_on_and_deleted(administrator: Client, people: People) -> None:
    webhook = make_webhook(people)
    deliver(webhook)
    assert "is disabled" in administrator.post(page_of(webhook), {"deed": "disable"}, follow=True).content.decode()
    assert not Webhook.objects.get().is_enabled
    assert "takes deliveries" in administrator.post(page_of(webhook), {"deed": "enable"}, follow=True).content.decode()
    assert Webhook.objects.get().is_enabled
    strange = administrator.post(page_of(webhook), {"deed": "explode"}, follow=True)
    assert "Say what is to be done" in strange.content.decode()
    assert "is deleted" in administrator.post(page_of(webhook), {"deed": "delete"}, follow=True).content.decode()
    assert not Webhook.objects.exists()
    look(administrator, page_of(webhook), status=404)


def test_a_new_secret_is_shown_once_and_the_one_before_ends(administrator: Client, people: People) -> None:
    webhook = make_webhook(people)
    text = administrator.post(page_of(webhook), {"deed": "rotate", "grace_s": "3600"}).content.decode()
    assert living_text(webhook) == [shown_secret(text), SECRET]
    assert "counts until" in look(administrator, page_of(webhook))
    administrator.post(page_of(webhook), {"deed": "rotate", "grace_s": "0", "secret": "chosen-by-the-sender"})
    assert living_text(webhook) == ["chosen-by-the-sender"]
    for grace in ("", "-1", "many", "9" * 20):
        answer = administrator.post(page_of(webhook), {"deed": "rotate", "grace_s": grace})
        assert answer.status_code == 400
        assert "a-field-wrong" in answer.content.decode()
    assert living_text(webhook) == ["chosen-by-the-sender"]


@pytest.mark.parametrize("authentication", Webhook.Authentication.values)
def test_the_line_of_curl_is_one_a_shell_understands(
    administrator: Client, people: People, authentication: str
) -> None:
    webhook = make_webhook(people, authentication=authentication)
    text = look(administrator, page_of(webhook))
    found = re.search(r'<pre class="a-code" id="curl"[^>]*>(.*?)</pre>', text, re.DOTALL)
    assert found is not None
    line = found[1].replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")
    said = subprocess.run(
        ["bash", "-euc", f'curl() {{ printf "%s\\n" "$@"; }}\n{line}'],
        env={"PATH": "/usr/bin:/bin", "ATTUNE_WEBHOOK_SECRET": SECRET}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = said.stdout.splitlines()
    assert words[0].endswith("/api/v1/webhooks/deploy")
    assert words[-1] == '{"hello": "world"}'
    proof = {"token": "X-Attune-Token: ", "hmac": "X-Attune-Signature: v1=", "github": "X-Hub-Signature-256: sha256="}
    assert any(word.startswith(proof[authentication]) for word in words)


def test_the_log_says_why_and_leads_to_events(administrator: Client, people: People) -> None:
    webhook = make_webhook(people)
    event = Event.objects.create(type_ref=TYPE_REF, pack_ref="core", digest="0" * 64, source="webhook")
    before = statements_of(administrator, page_of(webhook))
    deliver(webhook, event_id=event.pk, delivery_id=EVIL)
    for _ in range(60):
        deliver(webhook, outcome="refused", reason="old_signature", status=401, address="203.0.113.9")
    text = look(administrator, page_of(webhook))
    assert "old_signature" in text
    assert "look at the sender&#x27;s clock" in text
    assert "203.0.113.9" in text
    assert EVIL not in text
    assert 'rel="next"' in text
    assert f"#{event.pk}" in look(administrator, f"{page_of(webhook)}?outcome=accepted")
    assert "old_signature" not in look(administrator, f"{page_of(webhook)}?outcome=accepted")
    assert "None was repeated" in look(administrator, f"{page_of(webhook)}?outcome=repeated")
    look(administrator, f"{page_of(webhook)}?outcome=%00&cursor=x")
    assert statements_of(administrator, page_of(webhook)) == before <= MOST_STATEMENTS


def test_rules_that_listen_are_named(administrator: Client, people: People) -> None:
    make_action()
    make_rule(people.administrator, "on_deploy", trigger=TYPE_REF, trigger_parameters={"url": "deploy"})
    make_rule(people.administrator, "on_other", trigger=TYPE_REF, trigger_parameters={"url": "other"})
    text = look(administrator, page_of(Webhook.objects.get(url="deploy")))
    assert "on_deploy" in text
    assert "on_other" not in text
    assert "a rule that listens to it" in text
    assert "none: it takes API tokens" in text
    assert "Authorization: Bearer $ATTUNE_TOKEN" in text
    assert "ATTUNE_WEBHOOK_SECRET" not in text


def test_one_that_nobody_can_sign_for_says_so(administrator: Client, people: People) -> None:
    make_action()
    make_rule(people.administrator, "on_deploy", trigger=TYPE_REF, trigger_parameters={"url": "deploy"})
    Webhook.objects.update(authentication="hmac")
    text = look(administrator, page_of(Webhook.objects.get()))
    assert "nobody can sign anything" in text
    assert 'id="curl"' not in text


def test_only_those_who_may_see_and_change_webhooks(administrator: Client, people: People, visit: Visit) -> None:
    mine, other = make_webhook(people, "mine"), make_webhook(people, "other")
    viewer = visit(make_identity("viewer", role="looks", grants=("webhook.view",)))
    own = visit(make_identity("own", role="own", grants=("webhook.*@ref:mine",)))
    text = look(viewer, page_of(mine))
    assert 'name="deed"' not in text
    assert NEW not in look(viewer, LIST)
    for deed in ("disable", "delete", "rotate", "change"):
        viewer.post(page_of(mine), {"deed": deed, "grace_s": "0", "authentication": "token"})
        assert Client().post(page_of(mine), {"deed": deed}).headers["Location"].startswith("/admin/login/")
    look(viewer, NEW, status=403)
    look(own, page_of(other), status=404)
    own.post(page_of(other), {"deed": "delete"})
    assert "other" not in look(own, LIST).partition('id="rows"')[2]
    assert own.post(NEW, GOOD).status_code == 400
    assert Webhook.objects.filter(is_enabled=True, authentication="hmac").count() == 2
    own.post(page_of(mine), {"deed": "disable"})
    assert not Webhook.objects.get(url="mine").is_enabled
    look(visit(make_identity("nobody", role="bare", grants=("pack.view",))), LIST, status=403)
    look(administrator, f"{LIST}{'9' * 30}/", status=404)


def living_text(webhook: Webhook) -> list[str]:
    _, sealed = find(webhook.url, now=timezone.now())
    return [secret.decode() for secret in opened(sealed)]
