"""Webhooks over REST: made, changed, looked into. What is posted to them is taken in `receiving`."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.etags import unchanged, versioned
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.views import ListView, View
from apps.api.webhooks import serializers
from apps.api.webhooks.receiving import ReceivingView
from apps.api.webhooks.represent import represent, represent_delivery
from apps.core.types import JsonObject
from apps.triggers.models import Webhook, WebhookDelivery
from apps.triggers.webhooks.services import (
    Secreted,
    change_webhook,
    create_webhook,
    delete_webhook,
    get_webhook,
    rotate_secret,
)


class WebhooksView(ListView):
    verbs = {"GET": Verb.WEBHOOK_VIEW, "POST": Verb.WEBHOOK_MANAGE}
    shape = serializers.WebhookSerializer
    order = Order("url", descending=False)
    filters = (
        Filter("q", "part of the url", lambda rows, value: rows.filter(url__icontains=value)),
        Filter("pack", "ref of the pack it belongs to", lambda rows, value: rows.filter(pack_ref=value)),
        Filter(
            "enabled", "true or false", lambda rows, value: rows.filter(is_enabled=value), filtering.truth
        ),
        Filter(
            "authentication",
            "token, hmac or github",
            lambda rows, value: rows.filter(authentication__in=value),
            filtering.one_of(*Webhook.Authentication.values),
        ),
    )  # fmt: skip

    def queryset_for(self, request: Request) -> Any:
        rows = Webhook.objects.visible_to(self.identity(request))
        return rows.select_related("created_by").prefetch_related("secrets")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent(row) for row in rows]

    @extend_schema(responses=serializers.WebhookPageSerializer, operation_id="webhooks_list")
    def get(self, request: Request) -> Response:
        """Webhooks by url."""
        return self.page(request)

    @extend_schema(
        request=serializers.NewWebhookSerializer,
        responses={201: serializers.SecretedWebhookSerializer},
        operation_id="webhooks_create",
    )
    def post(self, request: Request) -> Response:
        """A new webhook. Its secret is in this answer, and shown never again."""
        self.only_parameters(request)
        values = _fields(self.read_body(request, serializers.NewWebhookSerializer))
        self.acted_on = values["url"]
        made = create_webhook(self.identity(request), pack_ref=values.pop("pack", ""), **values)
        return _shown_once(made, status=201)


class WebhookView(ReceivingView):
    is_versioned = True
    verbs = {"GET": Verb.WEBHOOK_VIEW, "PATCH": Verb.WEBHOOK_MANAGE, "DELETE": Verb.WEBHOOK_MANAGE}

    @extend_schema(responses=serializers.WebhookSerializer, operation_id="webhooks_retrieve")
    def get(self, request: Request, url: str) -> Response:
        """One webhook, without its secrets."""
        self.only_parameters(request, "fields")
        return versioned(request, represent(get_webhook(self.identity(request), url)))

    @extend_schema(
        request=serializers.WebhookChangeSerializer,
        responses=serializers.WebhookSerializer,
        operation_id="webhooks_update",
    )
    def patch(self, request: Request, url: str) -> Response:
        """Changes a webhook, from its next delivery on."""
        self.only_parameters(request)
        identity = self.identity(request)
        webhook = get_webhook(identity, url, to=Verb.WEBHOOK_MANAGE)
        values = _fields(self.read_body(request, serializers.WebhookChangeSerializer))

        def read() -> JsonObject:
            return represent(get_webhook(identity, url))

        with unchanged(request, Webhook.objects.filter(pk=webhook.pk), read):
            change_webhook(webhook, by=identity, **values)
        return versioned(request, read())

    @extend_schema(responses={204: None}, operation_id="webhooks_delete")
    def delete(self, request: Request, url: str) -> Response:
        """Deletes a webhook with its secrets and the log of its deliveries. Its events stay."""
        self.only_parameters(request)
        identity = self.identity(request)
        delete_webhook(get_webhook(identity, url, to=Verb.WEBHOOK_MANAGE), by=identity)
        return Response(status=204)


class RotateView(View):
    verbs = {"POST": Verb.WEBHOOK_MANAGE}

    @extend_schema(
        request=serializers.RotationSerializer,
        responses=serializers.SecretedWebhookSerializer,
        operation_id="webhooks_rotate",
    )
    def post(self, request: Request, url: str) -> Response:
        """Replaces the secret; the one before counts for a while. The new one is shown in this answer alone."""
        self.only_parameters(request)
        identity = self.identity(request)
        webhook = get_webhook(identity, url, to=Verb.WEBHOOK_MANAGE)
        values = self.read_body(request, serializers.RotationSerializer)
        grace = timedelta(seconds=values["grace_s"])
        return _shown_once(rotate_secret(webhook, by=identity, secret=values.get("secret"), grace=grace))


class DeliveriesView(ListView):
    verbs = {"GET": Verb.WEBHOOK_VIEW}
    shape = serializers.DeliverySerializer
    filters = (
        Filter(
            "outcome",
            "accepted, repeated or refused",
            lambda rows, value: rows.filter(outcome__in=value),
            filtering.one_of(*WebhookDelivery.Outcome.values),
        ),
        Filter("reason", "a code", lambda rows, value: rows.filter(reason=value)),
        Filter("delivery", "how the sender calls it", lambda rows, value: rows.filter(delivery_id=value)),
        Filter("event", "id of an event", lambda rows, value: rows.filter(event_id=value), filtering.number),
    )

    def queryset_for(self, request: Request) -> Any:
        get_webhook(self.identity(request), self.kwargs["url"])  # says that there is none
        webhooks = Webhook.objects.visible_to(self.identity(request))
        return WebhookDelivery.objects.filter(webhook__in=webhooks.filter(url=self.kwargs["url"]))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_delivery(row) for row in rows]

    @extend_schema(responses=serializers.DeliveryPageSerializer, operation_id="webhooks_deliveries")
    def get(self, request: Request, url: str) -> Response:
        """What came of each delivery, newest first: accepted, repeated, or refused and why. The newest 1,000 are
        kept."""
        return self.page(request)


def _fields(values: JsonObject) -> JsonObject:
    """By the names of the columns."""
    fields = {name: value for name, value in values.items() if name != "enabled"}
    return fields | ({"is_enabled": values["enabled"]} if "enabled" in values else {})


def _shown_once(made: Secreted, *, status: int = 200) -> Response:
    response = Response({**represent(made.webhook), "secret": made.secret or None}, status=status)
    response["Cache-Control"] = "no-store"
    return response
