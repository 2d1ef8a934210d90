"""The shapes of rules and enforcements."""

from typing import Any

from rest_framework import serializers

from apps.api.serializers import Flag, JsonObjectField, LabelsField, StrictSerializer, Text, Whole
from apps.core.types import JsonValue
from apps.executions import limits
from apps.rules.models import Enforcement, Rule
from apps.triggers.services.events import MAX_PAYLOAD_BYTES

#: Largest criteria and templates, as JSON.
_MOST_BYTES = 64 * 1024


class CriteriaField(serializers.JSONField):
    """What it says is looked at when it is compiled."""

    def to_internal_value(self, data: Any) -> JsonValue:
        if not isinstance(data, dict | list):
            raise serializers.ValidationError("an object or a list is expected", code="wrong_type")
        return super().to_internal_value(data)


class RuleTriggerSerializer(StrictSerializer):
    type = Text(max_length=255, help_text="ref of the trigger")
    parameters = JsonObjectField(max_bytes=_MOST_BYTES, required=False)


class RuleActionSerializer(StrictSerializer):
    ref = Text(max_length=255, help_text="ref of the action")
    parameters = JsonObjectField(
        max_bytes=limits.MAX_PARAMETERS_BYTES, required=False, help_text="templates: `{{ trigger.body.host }}`"
    )


class RuleChangeSerializer(StrictSerializer):
    """What is left out stays as it is."""

    description = Text(max_length=10_000, required=False, allow_blank=True)
    enabled = Flag(required=False)
    trigger = RuleTriggerSerializer(required=False)
    criteria = CriteriaField(required=False, help_text="`path: {type, pattern}`, groups all, any, not; {} holds always")
    action = RuleActionSerializer(required=False)
    kind = serializers.ChoiceField(choices=Rule.Kind.choices, required=False)
    overlap = serializers.ChoiceField(choices=Rule.Overlap.choices, required=False)
    labels = LabelsField(required=False, help_text="of the executions it starts, and to find it by")
    owner = Text(max_length=150, required=False, help_text="who it acts as; left out: who writes it")


class NewRuleSerializer(RuleChangeSerializer):
    name = Text(max_length=150)
    pack = Text(max_length=100, required=False, help_text="its ref is then `pack.name`, and scopes of grants fit it")
    trigger = RuleTriggerSerializer()
    action = RuleActionSerializer()


class RuleSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    pack = serializers.CharField(allow_null=True)
    description = serializers.CharField()
    enabled = serializers.BooleanField()
    pack_enabled = serializers.BooleanField(help_text="it acts only while its pack is enabled too")
    trigger = serializers.JSONField(help_text="{type, parameters}")
    criteria = serializers.JSONField()
    action = serializers.JSONField(help_text="{ref, parameters}: templates")
    kind = serializers.CharField(help_text="standard, or backstop: it runs when no other rule matched")
    overlap = serializers.CharField(help_text="allow, skip, queue or cancel_running")
    labels = serializers.JSONField()
    owner = serializers.CharField(help_text="who it acts as")
    version = serializers.IntegerField()
    source = serializers.CharField(help_text="pack: of a file there; made: by hand")  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    dialect = serializers.CharField(help_text="attune or stackstorm")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    links = serializers.JSONField()


class RulePageSerializer(serializers.Serializer[Any]):
    results = RuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RuleVersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    body = serializers.JSONField(help_text="what the rule said")
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True, help_text="null: a pack's file")


class RuleVersionsSerializer(serializers.Serializer[Any]):
    results = RuleVersionSerializer(many=True)


class RuleTestSerializer(StrictSerializer):
    """Either a payload or an event; criteria and parameters in the place of the rule's own."""

    payload = JsonObjectField(max_bytes=MAX_PAYLOAD_BYTES, required=False)
    event = Whole(required=False, min_value=1, max_value=2**63 - 1, help_text="id of an event whose payload is taken")
    criteria = CriteriaField(required=False)
    parameters = JsonObjectField(max_bytes=_MOST_BYTES, required=False)


class SaidSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField(help_text="matched, criteria, error")
    text = serializers.CharField()
    criterion = serializers.JSONField(allow_null=True, help_text="the first that said no, with both values")
    findings = serializers.JSONField(help_text="every criterion by itself")
    parameters = serializers.JSONField(allow_null=True, help_text="that the action would get")
    errors = serializers.JSONField(help_text="of templates that cannot be filled in")  # type: ignore[assignment]  # see above


class EnforcementSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    event = serializers.IntegerField()
    trigger = serializers.CharField()
    rule = serializers.CharField()
    rule_version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Enforcement.Status.choices)
    reason = serializers.JSONField(allow_null=True, help_text="{code, text, …}: why there is no execution")
    parameters = serializers.JSONField(help_text="that the action got, secret ones as ***")
    execution = serializers.IntegerField(allow_null=True)
    trace_id = serializers.CharField()
    at = serializers.DateTimeField()
    links = serializers.JSONField()


class EnforcementPageSerializer(serializers.Serializer[Any]):
    results = EnforcementSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    event = serializers.IntegerField()
    text = serializers.CharField(help_text="the answer in one sentence")
    then = serializers.JSONField(allow_null=True, help_text="{version, outcome, criterion}; null: they did not meet")
    enforcement = EnforcementSerializer(allow_null=True)
    now = serializers.JSONField(help_text="what the rule as it is now says of the payload")
