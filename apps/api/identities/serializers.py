"""Bodies about identities and groups."""

from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from rest_framework import serializers

from apps.accounts.models import Identity
from apps.api.serializers import Flag, ShortList, StrictSerializer, Text

#: Most members of a group that one request gives.
MAX_MEMBERS = 10_000
_NAME = UnicodeUsernameValidator()


class NewIdentitySerializer(StrictSerializer):
    name = Text(max_length=150, validators=[_NAME])
    kind = serializers.ChoiceField(choices=Identity.Kind.choices, required=False, default=Identity.Kind.USER)
    email = serializers.EmailField(required=False, default="", allow_blank=True, max_length=254)


class IdentityChangeSerializer(StrictSerializer):
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    is_active = Flag(required=False, help_text="switched off, it is nobody: its sessions end, its tokens do not work")
    is_administrator = Flag(required=False, help_text="may do everything, whatever the roles say")


class ResetSerializer(StrictSerializer):
    end_tokens = Flag(required=False, default=False, help_text="revoke all its tokens, too")


class IdentitySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text="user or service")
    email = serializers.CharField()
    is_active = serializers.BooleanField()
    is_administrator = serializers.BooleanField()
    groups = serializers.ListField(child=serializers.CharField())
    roles = serializers.ListField(child=serializers.CharField(), help_text="its own; those of its groups count too")
    must_change_password = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_login_at = serializers.DateTimeField(allow_null=True)


class NewlyMadeSerializer(IdentitySerializer):
    temporary_password = serializers.CharField(
        allow_null=True, help_text="shown this once; good for a day, and to be changed at the first login"
    )


class IdentityPageSerializer(serializers.Serializer[Any]):
    results = IdentitySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewGroupSerializer(StrictSerializer):
    name = Text(max_length=150, validators=[_NAME])


class MembersSerializer(StrictSerializer):
    members = ShortList(child=Text(max_length=150), max_length=MAX_MEMBERS, help_text="exactly these from now on")


class GroupSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    member_count = serializers.IntegerField()


class WholeGroupSerializer(GroupSerializer):
    members = serializers.ListField(child=serializers.CharField())


class GroupPageSerializer(serializers.Serializer[Any]):
    results = GroupSerializer(many=True)
    next = serializers.CharField(allow_null=True)
