"""Bodies about roles, who has them, and why somebody may or may not."""

from typing import Any

from rest_framework import serializers

from apps.accounts.grants import MAX_LENGTH
from apps.accounts.permissions import Verb
from apps.accounts.services.granting import MAX_GRANTS
from apps.api.serializers import ShortList, StrictSerializer, Text

_NAME = r"^[a-z0-9][a-z0-9._-]*\Z"
_GRANTS = "each a verb, and after @ where: `execution.run@pack:aws`, `execution.view@own`; without, everywhere"


def grants_field(**kwargs: Any) -> ShortList:
    return ShortList(child=Text(max_length=MAX_LENGTH), max_length=MAX_GRANTS, help_text=_GRANTS, **kwargs)


class NewRoleSerializer(StrictSerializer):
    name = serializers.RegexField(_NAME, max_length=150, help_text="small letters, digits, `.`, `_` and `-`")
    description = Text(max_length=10_000, required=False, default="", allow_blank=True)
    grants = grants_field()


class RoleChangeSerializer(StrictSerializer):
    description = Text(max_length=10_000, required=False, allow_blank=True)
    grants = grants_field(required=False)


class RoleSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    grants = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(help_text="shipped, pack or operator; only the last can be changed")  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    pack = serializers.CharField(allow_null=True)
    updated_at = serializers.DateTimeField()


class RolePageSerializer(serializers.Serializer[Any]):
    results = RoleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewAssignmentSerializer(StrictSerializer):
    role = Text(max_length=255)
    identity = Text(max_length=150, required=False)
    group = Text(max_length=150, required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class AssignmentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    role = serializers.CharField()
    identity = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    assigned_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class AssignmentPageSerializer(serializers.Serializer[Any]):
    results = AssignmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class QuestionSerializer(StrictSerializer):
    identity = Text(max_length=150, required=False, help_text="you, when it is left out")
    verb = serializers.ChoiceField(choices=[verb.value for verb in Verb])
    on = Text(
        max_length=300,
        required=False,
        help_text="`pack:aws`, `action:aws.resize` or `execution:17`; left out: anywhere",
    )


class ReasonSerializer(serializers.Serializer[Any]):
    grant = serializers.CharField()
    role = serializers.CharField(allow_null=True, help_text="null: of being an administrator, or of having an account")
    group = serializers.CharField(allow_null=True, help_text="through which it has the role")
    counts = serializers.BooleanField(help_text="false: it gives the verb, but not there")


class AnswerSerializer(serializers.Serializer[Any]):
    identity = serializers.CharField()
    verb = serializers.CharField()
    on = serializers.CharField(allow_null=True)
    may = serializers.BooleanField()
    text = serializers.CharField()
    reasons = ReasonSerializer(many=True)
