"""Webhooks of the tests: made over the services, spoken to as a server does."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from apps.triggers.models import TriggerType, Webhook
from apps.triggers.webhooks.proof import TYPE_REF
from apps.triggers.webhooks.services import create_webhook
from tests.asgi import Answer, ask
from tests.people import People

SECRET = "whs_of-the-tests-0001"
JSON = {"content-type": "application/json"}

Make = Callable[..., Webhook]


@pytest.fixture
def core_webhook(fresh: None) -> TriggerType:
    """The type as `packs/core` has it, without its schema of payloads."""
    schema = {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}
    return TriggerType.objects.create(ref=TYPE_REF, pack_ref="core", name="webhook", parameters_schema=schema)


@pytest.fixture
def make(core_webhook: TriggerType, people: People) -> Make:
    def made(url: str = "deploy", *, authentication: str = "hmac", secret: str = SECRET, **said: Any) -> Webhook:
        given = {"authentication": authentication, "secret": secret, **said}
        return create_webhook(people.administrator, url=url, **given).webhook

    return made


def signed(body: bytes, *, secret: str = SECRET, at: str = "") -> dict[str, str]:
    """Headers of a delivery, by what the documents say rather than by our own code."""
    timestamp = at or f"{time.time():.6f}"
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-attune-timestamp": timestamp, "x-attune-signature": f"v1={digest}"}


def post(
    url: str, body: bytes = b"{}", headers: Mapping[str, str] | None = None, *, query: bytes = b"", **named: str
) -> Answer:
    """`X_Attune_Token="…"` is the header `x-attune-token`."""
    given = {**JSON, **(headers or {}), **_headers(named)}
    return ask("POST", f"/api/v1/webhooks/{url}", headers=given, query=query, chunks=[body])


def deliver(url: str, body: bytes = b"{}", **named: str) -> Answer:
    """Signed as it should be."""
    return post(url, body, {**signed(body), **_headers(named)})


def _headers(named: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").lower(): value for name, value in named.items()}
