"""Shapes of requests and answers about webhooks. A secret stands in the answer to whoever had it made, and nowhere
else."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, ShortList, StrictSerializer, Text, Whole
from apps.triggers.models import Webhook
from apps.triggers.webhooks.addresses import MAX_CHARS
from apps.triggers.webhooks.secrets import MAX_CHARS as MAX_SECRET
from apps.triggers.webhooks.secrets import MIN_CHARS as MIN_SECRET
from apps.triggers.webhooks.services import DEFAULT_GRACE, MAX_GRACE, MAX_HEADERS, MAX_RATE_PER_MINUTE

_DESCRIPTION_CHARS = 2000


class WebhookChangeSerializer(StrictSerializer):
    authentication = serializers.ChoiceField(
        choices=Webhook.Authentication.values, required=False, help_text="its secret stays"
    )
    rate_per_minute = Whole(
        required=False, allow_null=True, min_value=1, max_value=MAX_RATE_PER_MINUTE, help_text="null: no limit"
    )
    enabled = Flag(required=False)
    may_wait = Flag(required=False, help_text="whether `?wait=true` may ask for the result of what is started")
    headers = ShortList(
        child=Text(max_length=60),
        required=False,
        max_length=MAX_HEADERS,
        help_text="which an event keeps besides the usual",
    )
    description = Text(max_length=_DESCRIPTION_CHARS, required=False, allow_blank=True)


class _SecretSerializer(StrictSerializer):
    secret = Text(
        min_length=MIN_SECRET,
        max_length=MAX_SECRET,
        required=False,
        trim_whitespace=False,
        help_text="where the sender chose it; else one is made and shown once",
    )


class NewWebhookSerializer(WebhookChangeSerializer, _SecretSerializer):
    url = Text(max_length=MAX_CHARS, help_text="segments with slashes between them: github/pushes")
    authentication = serializers.ChoiceField(
        choices=Webhook.Authentication.values, required=False, default=Webhook.Authentication.TOKEN
    )
    pack = Text(max_length=100, required=False, allow_blank=True, help_text="ref of the pack it belongs to")


class RotationSerializer(_SecretSerializer):
    grace_s = Whole(
        required=False,
        min_value=0,
        max_value=int(MAX_GRACE.total_seconds()),
        default=int(DEFAULT_GRACE.total_seconds()),
        help_text="for so long the secret before counts too",
    )


class SecretShownSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)


class WebhookSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    path = serializers.CharField(help_text="where to post")
    authentication = serializers.CharField()
    enabled = serializers.BooleanField()
    rate_per_minute = serializers.IntegerField(allow_null=True)
    may_wait = serializers.BooleanField()
    headers = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    pack = serializers.CharField(allow_null=True)
    secrets = SecretShownSerializer(many=True, help_text="those that count now, newest first, without their text")
    created_by = serializers.CharField(allow_null=True, help_text="null: made for a rule that listens to it")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SecretedWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(allow_null=True, help_text="shown this once; null where the request had it")


class WebhookPageSerializer(serializers.Serializer[Any]):
    results = WebhookSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class DeliverySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    outcome = serializers.CharField(help_text="accepted, repeated or refused")
    reason = serializers.CharField(allow_null=True, help_text="a code, where it was refused")
    status = serializers.IntegerField(help_text="of the answer")
    event = serializers.IntegerField(allow_null=True)
    delivery = serializers.CharField(allow_null=True, help_text="how the sender calls it")
    address = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes of the body")


class DeliveryPageSerializer(serializers.Serializer[Any]):
    results = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class StartedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    action = serializers.CharField()
    status = serializers.CharField()
    result = serializers.JSONField(allow_null=True)
    error = serializers.JSONField(allow_null=True)


class ReceivedSerializer(serializers.Serializer[Any]):
    event = serializers.IntegerField()
    repeated = serializers.BooleanField(help_text="it was here before, and is the same event")
    execution = StartedSerializer(allow_null=True, help_text="the first it started, where `wait` asked for it")
